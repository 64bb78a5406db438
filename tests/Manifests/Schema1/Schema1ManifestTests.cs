using System.Text;
using System.Text.Json.Nodes;
using Registry.Manifests;
using Registry.Manifests.Schema1;

namespace Registry.Tests.Manifests.Schema1;

/// <summary>The fields of a schema 1 manifest, signed and plain alike.</summary>
public sealed class Schema1ManifestTests
{
    private static readonly byte[] good = Schema1Samples.Payload("team/app", "v1", Schema1Samples.SumOf("top"), Schema1Samples.SumOf("base"), Schema1Samples.SumOf("base"));

    /// <summary>What is done to a manifest, and all that is said of it then.</summary>
    private static readonly Dictionary<string, (Func<string, string> Edit, string[] Refusals)> alterations = new(StringComparer.Ordinal)
    {
        ["nothing"] = (m => m, []),
        ["no architecture"] = (Without("architecture"), []),
        ["a member that nobody knows"] = (With("x", new JsonObject()), []),
        ["no version"] = (Without("schemaVersion"), ["MANIFEST_INVALID: 'schemaVersion' is not 1"]),
        ["another version"] = (With("schemaVersion", 2), ["MANIFEST_INVALID: 'schemaVersion' is not 1"]),
        ["a version that is text"] = (With("schemaVersion", "1"), ["MANIFEST_INVALID: 'schemaVersion' is not 1"]),
        ["a version that is no integer"] = (With("schemaVersion", 1.5), ["MANIFEST_INVALID: 'schemaVersion' is not 1"]),
        ["no name"] = (Without("name"), ["MANIFEST_INVALID: 'name' is not a string"]),
        ["a name that is null"] = (With("name", null), ["MANIFEST_INVALID: 'name' is not a string"]),
        ["no tag"] = (Without("tag"), ["MANIFEST_INVALID: 'tag' is not a string"]),
        ["a tag that is a number"] = (With("tag", 1), ["MANIFEST_INVALID: 'tag' is not a string"]),
        ["a tag that is none"] = (With("tag", ".hidden"), ["TAG_INVALID: invalid tag"]),
        ["an architecture that is a number"] = (With("architecture", 64), ["MANIFEST_INVALID: 'architecture' is not a string"]),
        ["no layers"] = (Without("fsLayers"), ["MANIFEST_INVALID: 'fsLayers' is not a list"]),
        ["layers that are an object"] = (With("fsLayers", new JsonObject()), ["MANIFEST_INVALID: 'fsLayers' is not a list"]),
        ["an empty list of layers"] = (With("fsLayers", new JsonArray()), ["MANIFEST_INVALID: 'fsLayers' has 0 entries, and must have 1 to 10000"]),
        ["no history"] = (Without("history"), ["MANIFEST_INVALID: 'history' is not a list"]),
        ["a layer less"] = (m => Edit(m, j => j["fsLayers"]!.AsArray().RemoveAt(0)), ["MANIFEST_INVALID: there are 2 entries in 'fsLayers' and 3 in 'history'"]),
        ["a history more"] = (m => Edit(m, j => j["history"]!.AsArray().Add((JsonNode)new JsonObject { ["v1Compatibility"] = "{}" })), ["MANIFEST_INVALID: there are 3 entries in 'fsLayers' and 4 in 'history'"]),
        ["a layer that is no object"] = (m => Edit(m, j => j["fsLayers"]![1] = "x"), ["MANIFEST_INVALID: 'fsLayers[1]' has no blobSum"]),
        ["a layer without a sum"] = (m => Edit(m, j => j["fsLayers"]![1] = new JsonObject()), ["MANIFEST_INVALID: 'fsLayers[1]' has no blobSum"]),
        ["a sum that is no digest"] = (m => Edit(m, j => j["fsLayers"]![1]!["blobSum"] = "base"), ["DIGEST_INVALID: fsLayers[1]: invalid digest format: a digest is algorithm:hex"]),
        ["a sum of another algorithm"] = (m => Edit(m, j => j["fsLayers"]![1]!["blobSum"] = "md5:00"), ["DIGEST_INVALID: fsLayers[1]: unsupported digest algorithm"]),
        ["a history that is no object"] = (m => Edit(m, j => j["history"]![2] = 1), ["MANIFEST_INVALID: 'history[2]' has no v1Compatibility"]),
        ["a history whose text is an object"] = (m => Edit(m, j => j["history"]![2]!["v1Compatibility"] = new JsonObject()), ["MANIFEST_INVALID: 'history[2]' has no v1Compatibility"]),
        ["another name in another case"] = (With("Name", "evil"), ["MANIFEST_INVALID: 'Name' is 'name' in another case"]),
        ["other layers in another case"] = (With("FSLAYERS", new JsonArray()), ["MANIFEST_INVALID: 'FSLAYERS' is 'fsLayers' in another case"]),
        ["other layers with a long s"] = (With("fsLayer\u017f", new JsonArray()), ["MANIFEST_INVALID: 'fsLayer\u017f' is 'fsLayers' in another case"]),
        ["another sum in another case"] = (m => Edit(m, j => j["fsLayers"]![0]!["BlobSum"] = "evil"), ["MANIFEST_INVALID: fsLayers[0]: 'BlobSum' is 'blobSum' in another case"]),
        ["everything at once"] =
        (
            m => Edit(m, j => (j["schemaVersion"], j["tag"], j["fsLayers"]![0]!["blobSum"], j["history"]) = (3, "-", "x:y", new JsonArray())),
            ["MANIFEST_INVALID: 'schemaVersion' is not 1", "TAG_INVALID: invalid tag", "DIGEST_INVALID: fsLayers[0]: unsupported", "MANIFEST_INVALID: 'history' has 0 entries"]),
        ["a member twice"] = (m => m.Replace("\"tag\": \"v1\",", "\"tag\": \"v1\", \"tag\": \"v2\",", StringComparison.Ordinal), ["MANIFEST_INVALID: the manifest has a member twice"]),
        ["layers twice"] = (m => m.Replace("\"tag\": \"v1\",", "\"tag\": \"v1\", \"fsLayers\": [],", StringComparison.Ordinal), ["MANIFEST_INVALID: the manifest has a member twice"]),
        ["a sum twice"] = (m => m.Replace("\"blobSum\":", "\"blobSum\": \"x\", \"blobSum\":", StringComparison.Ordinal), ["MANIFEST_INVALID: the manifest has a member twice"]),
        ["a depth beyond measure"] = (m => m.Replace("\"amd64\"", new string('[', 100) + new string(']', 100), StringComparison.Ordinal), ["MANIFEST_INVALID: the manifest is not JSON"]),
        ["half a surrogate pair"] = (m => m.Replace("amd64", "\\ud800", StringComparison.Ordinal).Replace("\"v1\"", "\"\\ud800\"", StringComparison.Ordinal), ["MANIFEST_INVALID: the manifest has a string that is not Unicode"]),
    };

    public static TheoryData<string> Alterations => [.. alterations.Keys];

    [Theory]
    [MemberData(nameof(Alterations))]
    public void A_manifest_that_is_altered_before_it_is_signed_is_refused_for_what_it_is(string how)
    {
        var (edit, expected) = alterations[how];
        var payload = Encoding.UTF8.GetBytes(edit(Encoding.UTF8.GetString(good)));

        var signed = Schema1Samples.Assemble(payload, new JsonArray(Schema1Samples.SignatureOf(payload, Schema1Samples.ProtectedHeader(payload))).ToJsonString());

        IsRefused(expected, Schema1Samples.Refusals(payload, MediaTypes.Schema1));
        IsRefused(expected, Schema1Samples.Refusals(signed, MediaTypes.Schema1Signed));
    }

    /// <summary>Problems of the signatures come first, and do not hide those of the fields.</summary>
    [Fact]
    public void What_is_wrong_with_signatures_and_fields_is_told_together()
    {
        var payload = Encoding.UTF8.GetBytes(With("schemaVersion", 2)(Encoding.UTF8.GetString(good)));
        var signatures = Schema1Samples.Signatures(Schema1Samples.Sign(payload, "ES256"));
        signatures[0]!["signature"] = "AAAA";

        IsRefused(["MANIFEST_UNVERIFIED: signatures[0]", "MANIFEST_INVALID: 'schemaVersion'"], Schema1Samples.Refusals(Schema1Samples.Assemble(payload, signatures.ToJsonString())));
    }

    [Fact]
    public void Ten_thousand_layers_are_read_and_one_more_is_not()
    {
        Assert.Empty(Schema1Samples.Refusals(Schema1Samples.Payload("a", "b", Enumerable.Repeat(Schema1Samples.SumOf("base"), 10_000)), MediaTypes.Schema1));
        Assert.Equal(2, Schema1Samples.Refusals(Schema1Samples.Payload("a", "b", Enumerable.Repeat(Schema1Samples.SumOf("base"), 10_001)), MediaTypes.Schema1).Count);
    }

    [Fact]
    public void A_hundred_problems_are_told_and_that_there_are_more()
    {
        var refusals = Schema1Samples.Refusals(Schema1Samples.Payload("a", "b", Enumerable.Repeat("x:y", 101)), MediaTypes.Schema1);

        Assert.Equal(101, refusals.Count);
        Assert.Equal("MANIFEST_INVALID: and more: the first 100 are told", refusals[100]);
    }

    [Fact]
    public void Each_layer_is_there_once_and_in_order()
    {
        var document = ManifestDocument.Parse(good, null, new ManifestOptions());

        Assert.Equal([Schema1Samples.SumOf("top"), Schema1Samples.SumOf("base")], document.References.Select(r => r.Digest.ToString()));
        Assert.All(document.References, r => Assert.Equal(ReferenceKind.Blob, r.Kind));
        Assert.Equal(("team/app", "v1"), (document.Schema1!.Name, document.Schema1.Tag));
        Assert.Null(document.Subject);
    }

    /// <summary>What docker 1.6 to 1.9 sent had no type, and what has another version is of another kind.</summary>
    [Theory]
    [InlineData(null, "{\"schemaVersion\":1}", true)]
    [InlineData("", "{\"schemaVersion\":1}", true)]
    [InlineData("application/json", "{\"schemaVersion\":1}", true)]
    [InlineData("application/json; charset=utf-8", "{\"schemaVersion\":1}", true)]
    [InlineData(MediaTypes.Schema1, "{\"schemaVersion\":2}", true)]
    [InlineData(MediaTypes.Schema1Signed + ";q=1", "{}", true)]
    [InlineData(null, "{\"schemaVersion\":1,\"mediaType\":\"application/vnd.docker.distribution.manifest.v1+json\"}", true)]
    [InlineData(null, "{\"schemaVersion\":1,\"mediaType\":\"a/b\"}", false)]
    [InlineData("a/b", "{\"schemaVersion\":1}", false)]
    [InlineData("application/json", "{\"schemaVersion\":2}", false)]
    [InlineData("application/json", "{\"schemaVersion\":\"1\"}", false)]
    public void Schema_1_is_known_by_its_type_and_without_one_by_its_version(string? contentType, string content, bool expected) =>
        Assert.Equal(expected, ManifestDocument.Parse(Encoding.UTF8.GetBytes(content), contentType, new ManifestOptions()).Schema1 is not null);

    [Fact]
    public void The_type_is_the_pushed_one_and_without_one_what_the_manifest_is()
    {
        var signed = Schema1Samples.Sign(good, "ES256");

        Assert.Equal(MediaTypes.Schema1Signed, TypeOf(signed, null));
        Assert.Equal(MediaTypes.Schema1Signed, TypeOf(signed, "application/json"));
        Assert.Equal(MediaTypes.Schema1Signed, TypeOf(signed, MediaTypes.Schema1Signed));
        Assert.Equal(MediaTypes.Schema1, TypeOf(signed, MediaTypes.Schema1));
        Assert.Equal(MediaTypes.Schema1, TypeOf(good, null));

        static string TypeOf(byte[] content, string? contentType) => ManifestDocument.Parse(content, contentType, new ManifestOptions()).MediaType;
    }

    [Fact]
    public void A_mediaType_that_is_not_the_types_is_refused() => IsRefused(
        ["MANIFEST_INVALID: Content-Type is"],
        Schema1Samples.Refusals(Encoding.UTF8.GetBytes(With("mediaType", MediaTypes.DockerManifest)(Encoding.UTF8.GetString(good))), MediaTypes.Schema1));

    private static void IsRefused(string[] expected, IReadOnlyList<string> actual) =>
        Assert.True(expected.Length == actual.Count && expected.Zip(actual).All(p => p.Second.StartsWith(p.First, StringComparison.Ordinal)), string.Join("\n", actual));

    private static Func<string, string> Without(string member) => m => Edit(m, j => j.Remove(member));

    private static Func<string, string> With(string member, JsonNode? value) => m => Edit(m, j => j[member] = value?.DeepClone());

    private static string Edit(string manifest, Action<JsonObject> edit)
    {
        var json = JsonNode.Parse(manifest)!.AsObject();
        edit(json);
        return json.ToJsonString(new System.Text.Json.JsonSerializerOptions { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
    }
}
