using System.Buffers.Text;
using System.Text;
using System.Text.Json.Nodes;
using Registry.Manifests;

namespace Registry.Tests.Manifests.Schema1;

/// <summary>Every field of a signature that can be wrong, and what is said of it.</summary>
public sealed class SignatureTests
{
    private static readonly byte[] payload = Schema1Samples.Small;
    private static readonly string end = Text("\n}");

    /// <summary>What is done to the one signature of a manifest, and why it is refused then.</summary>
    private static readonly Dictionary<string, (Action<JsonObject> Edit, string Reason)> alterations = new(StringComparer.Ordinal)
    {
        ["no header"] = (s => s.Remove("header"), "'header' is missing"),
        ["a header that is text"] = (s => s["header"] = "ES256", "'header' is missing"),
        ["no algorithm"] = (s => Header(s).Remove("alg"), "the algorithm is ''"),
        ["the algorithm none"] = (s => Header(s)["alg"] = "none", "the algorithm is 'none'"),
        ["a shared key's algorithm"] = (s => Header(s)["alg"] = "HS256", "the algorithm is 'HS256'"),
        ["another key's algorithm"] = (s => Header(s)["alg"] = "RS256", "the algorithm is 'RS256'"),
        ["another curve's algorithm"] = (s => Header(s)["alg"] = "ES384", "the algorithm is 'ES384'"),
        ["an algorithm in another case"] = (s => Header(s)["alg"] = "es256", "the algorithm is 'es256'"),
        ["an algorithm that is a number"] = (s => Header(s)["alg"] = 256, "the algorithm is ''"),
        ["no key"] = (s => Header(s).Remove("jwk"), "'jwk' is missing"),
        ["a key that is text"] = (s => Header(s)["jwk"] = "key", "'jwk' is missing"),
        ["a certificate"] = (s => Header(s)["x5c"] = new JsonArray("MIIB"), "signed by a certificate"),
        ["a certificate in place of the key"] = (s => { Header(s).Remove("jwk"); Header(s)["x5c"] = new JsonArray("MIIB"); }, "signed by a certificate"),
        ["a critical extension"] = (s => Header(s)["crit"] = new JsonArray("b64"), "critical extensions"),
        ["a name that the protected header has too"] = (s => Header(s)["formatLength"] = 1, "a member of one name"),
        ["a key of no type"] = (s => Jwk(s).Remove("kty"), "of no kind that is accepted"),
        ["a shared key"] = (s => Jwk(s)["kty"] = "oct", "of no kind that is accepted"),
        ["a key of another type"] = (s => Jwk(s)["kty"] = "RSA", "n is not base64url"),
        ["a curve that is not accepted"] = (s => Jwk(s)["crv"] = "P-521", "of no kind that is accepted"),
        ["another curve"] = (s => Jwk(s)["crv"] = "P-384", "of no kind that is accepted"),
        ["a coordinate that is missing"] = (s => Jwk(s).Remove("y"), "y is not base64url"),
        ["a coordinate that is short"] = (s => Jwk(s)["x"] = Base64Url.EncodeToString(new byte[31]), "of no kind that is accepted"),
        ["a coordinate that is long"] = (s => Jwk(s)["x"] = Base64Url.EncodeToString(new byte[33]), "of no kind that is accepted"),
        ["a coordinate with padding"] = (s => Jwk(s)["x"] += "=", "x is not base64url"),
        ["a point that is not on the curve"] = (s => Jwk(s)["x"] = Altered(Jwk(s)["x"]), "the key is none"),
        ["the point at zero"] = (s => (Jwk(s)["x"], Jwk(s)["y"]) = (Base64Url.EncodeToString(new byte[32]), Base64Url.EncodeToString(new byte[32])), "the key is none"),
        ["a private key"] = (s => Jwk(s)["d"] = "AAAA", "private"),
        ["another key's id"] = (s => Jwk(s)["kid"] = "PYYO:TEWU:V7JH:26JV:AQTZ:LJC3:SXVJ:XGHA:34F2:2LAQ:ZRMK:Z7Q6", "'kid' is not the key's id"),
        ["a key's id in small letters"] = (s => Jwk(s)["kid"] = Jwk(s)["kid"]!.GetValue<string>().ToLowerInvariant(), "'kid' is not the key's id"),
        ["a key's id that is a number"] = (s => Jwk(s)["kid"] = 1, "'kid' is not the key's id"),
        ["another key"] = (s => s["header"] = One("ES384")["header"]!.DeepClone(), "is wrong"),
        ["no signature"] = (s => s.Remove("signature"), "'signature' is not base64url"),
        ["an empty signature"] = (s => s["signature"] = "", "is wrong"),
        ["a signature that is cut"] = (s => s["signature"] = s["signature"]!.GetValue<string>()[..40], "is wrong"),
        ["a signature that is too long"] = (s => s["signature"] += "AAAA", "is wrong"),
        ["a signature of zeros"] = (s => s["signature"] = Base64Url.EncodeToString(new byte[64]), "is wrong"),
        ["a signature with one bit flipped"] = (s => s["signature"] = Altered(s["signature"]), "is wrong"),
        ["a signature in standard base64"] = (s => s["signature"] = "++//", "'signature' is not base64url"),
        ["a signature with a line break"] = (s => s["signature"] = "\n" + s["signature"], "'signature' is not base64url"),
        ["a signature that is an object"] = (s => s["signature"] = new JsonObject(), "'signature' is not base64url"),
        ["another payload's signature"] = (s => s["signature"] = Schema1Samples.Signatures(Schema1Samples.Sign(Schema1Samples.Payload("a", "b", Schema1Samples.SumOf("c")), "ES256"))[0]!["signature"]!.DeepClone(), "is wrong"),
        ["no protected header"] = (s => s.Remove("protected"), "'protected' is missing"),
        ["an empty protected header"] = (s => s["protected"] = "", "'protected' is no JSON"),
        ["a protected header that is no JSON"] = (s => s["protected"] = "AAAA", "'protected' is no JSON"),
        ["a protected header that is a list"] = (s => s["protected"] = Text("[]"), "'protected' is no JSON object"),
        ["a protected header that is altered"] = (s => s["protected"] = Text($$"""{"formatLength":{{Length}},"formatTail":"{{end}}","time":"2027-01-01T00:00:00Z"}"""), "is wrong"),
        ["a protected header with a length twice"] = (s => s["protected"] = Text($$"""{"formatLength":1,"formatLength":{{Length}},"formatTail":"{{end}}"}"""), "'protected' is no JSON"),
        ["a protected header that is deep"] = (s => s["protected"] = Text($"{{\"a\":{new string('[', 1000)}{new string(']', 1000)}}}"), "'protected' is no JSON"),
    };

    /// <summary>Protected headers that are rightly signed, and say something else than they should.</summary>
    private static readonly Dictionary<string, (string Protected, string Reason)> headers = new(StringComparer.Ordinal)
    {
        ["no length"] = ($$"""{"formatTail":"{{end}}"}""", "'formatLength' is no number"),
        ["a length that is text"] = ($$"""{"formatLength":"{{Length}}","formatTail":"{{end}}"}""", "'formatLength' is no number"),
        ["a length that is no integer"] = ($$"""{"formatLength":{{Length}}.5,"formatTail":"{{end}}"}""", "'formatLength' is no number"),
        ["a length beyond all numbers"] = ($$"""{"formatLength":99999999999999999999,"formatTail":"{{end}}"}""", "'formatLength' is no number"),
        ["a negative length"] = ($$"""{"formatLength":-1,"formatTail":"{{end}}"}""", "not those of this manifest"),
        ["no byte"] = ($$"""{"formatLength":0,"formatTail":"{{end}}"}""", "not those of this manifest"),
        ["a byte less"] = ($$"""{"formatLength":{{Length - 1}},"formatTail":"{{end}}"}""", "not those of this manifest"),
        ["a byte more"] = ($$"""{"formatLength":{{Length + 1}},"formatTail":"{{end}}"}""", "not those of this manifest"),
        ["more than there is"] = ($$"""{"formatLength":{{int.MaxValue}},"formatTail":"{{end}}"}""", "not those of this manifest"),
        ["no tail"] = ($$"""{"formatLength":{{Length}}}""", "'formatTail' is not base64url"),
        ["a tail that is no base64url"] = ($$"""{"formatLength":{{Length}},"formatTail":"?"}""", "'formatTail' is not base64url"),
        ["an empty tail"] = ($$"""{"formatLength":{{Length}},"formatTail":""}""", "not those of this manifest"),
        ["a tail without a brace"] = ($$"""{"formatLength":{{Length}},"formatTail":"{{Text("\n")}}"}""", "not those of this manifest"),
        ["a tail with two braces"] = ($$"""{"formatLength":{{Length}},"formatTail":"{{Text("}}")}}"}""", "not those of this manifest"),
        ["a tail with a member"] = ($$"""{"formatLength":{{Length}},"formatTail":"{{Text(",\"tag\":\"evil\"}")}}"}""", "not those of this manifest"),
        ["all of another payload in the tail"] = ($$"""{"formatLength":1,"formatTail":"{{Text("\"schemaVersion\":1}")}}"}""", "not those of this manifest"),
        ["a critical extension"] = ($$"""{"crit":["x"],"formatLength":{{Length}},"formatTail":"{{end}}"}""", "critical extensions"),
        ["the algorithm once more"] = ($$"""{"alg":"none","formatLength":{{Length}},"formatTail":"{{end}}"}""", "a member of one name"),
    };

    public static TheoryData<string> Alterations => [.. alterations.Keys];

    public static TheoryData<string> Headers => [.. headers.Keys];

    /// <summary>What is in place of the list of signatures, and why it is refused.</summary>
    public static TheoryData<string, string> Lists { get; } = new()
    {
        { "[]", "not a list of 1 to 64" },
        { "{}", "not a list of 1 to 64" },
        { "null", "not a list of 1 to 64" },
        { "\"text\"", "not a list of 1 to 64" },
        { $"[{string.Join(',', Enumerable.Repeat("{}", 65))}]", "not a list of 1 to 64" },
        { "[null]", "signatures[0]: 'header' is missing" },
        { "[[]]", "signatures[0]: 'header' is missing" },
        { "[{}]", "signatures[0]: 'header' is missing" },
        { $"[{new string('[', 60)}{new string(']', 60)}]", "'signatures' is no JSON" },
        { "[{\"header\":{\"alg\":\"none\",\"alg\":\"ES256\"}}]", "'signatures' is no JSON" },
    };

    private static int Length => Schema1Samples.Formatted(payload).Length;

    [Theory]
    [MemberData(nameof(Alterations))]
    public void A_signature_that_is_altered_is_refused(string how)
    {
        var signature = One("ES256");
        alterations[how].Edit(signature);

        RefusedWith(alterations[how].Reason, new JsonArray(signature));
    }

    /// <summary>A signature that is right does not help one that is not.</summary>
    [Theory]
    [MemberData(nameof(Alterations))]
    public void A_signature_that_is_altered_is_refused_beside_one_that_is_right(string how)
    {
        foreach (var first in (bool[])[true, false])
        {
            var signature = One("ES256");
            alterations[how].Edit(signature);

            RefusedWith(alterations[how].Reason, first ? new JsonArray(signature, One("RS256")) : new JsonArray(One("RS256"), signature));
        }
    }

    [Theory]
    [MemberData(nameof(Headers))]
    public void A_payload_that_can_not_be_rebuilt_is_refused_however_well_it_is_signed(string how) =>
        RefusedWith(headers[how].Reason, new JsonArray(Schema1Samples.SignatureOf(payload, headers[how].Protected)));

    [Theory]
    [MemberData(nameof(Lists))]
    public void A_list_of_signatures_that_is_none_is_refused(string list, string reason) =>
        Assert.Contains(reason, Assert.Single(Schema1Samples.Refusals(Schema1Samples.Assemble(payload, list))), StringComparison.Ordinal);

    /// <summary>The document's members would be others than those that were signed.</summary>
    [Fact]
    public void What_the_payload_has_not_can_not_stand_beside_it()
    {
        var signed = Encoding.UTF8.GetString(Schema1Samples.Sign(payload, "ES256"));
        string[] altered =
        [
            signed[..^2] + ",\n   \"tag\": \"evil\"\n}",
            signed[..Length] + ",\n   \"tag\": \"evil\"" + signed[Length..],
            signed[..^2] + ",\n   \"signatures\": []\n}",
            signed[..Length] + ",\n   \"signatures\": []" + signed[Length..],
            signed[..^2] + "\n}\n{}",
        ];

        Assert.All(altered, a => Assert.NotEmpty(Schema1Samples.Refusals(Encoding.UTF8.GetBytes(a))));
    }

    [Fact]
    public void All_signatures_sign_one_payload()
    {
        byte[] other = [.. payload, (byte)'\n'];
        var two = new JsonArray(One("ES256"), Schema1Samples.SignatureOf(other, Schema1Samples.ProtectedHeader(other), "RS256"));

        RefusedWith("signatures[1]: it signs another payload", two);
        Assert.Empty(Schema1Samples.Refusals(Schema1Samples.Assemble(other, new JsonArray(Schema1Samples.SignatureOf(other, Schema1Samples.ProtectedHeader(other), "RS256")).ToJsonString())));
    }

    [Fact]
    public void Each_signature_that_is_wrong_is_told()
    {
        var signatures = new JsonArray(One("ES256"), One("ES384"), One("RS256"), new JsonObject());
        signatures[1]!["signature"] = Altered(signatures[1]!["signature"]);
        signatures[2]!["signature"] = "";

        var refusals = Schema1Samples.Refusals(Schema1Samples.Assemble(payload, signatures.ToJsonString()));

        Assert.Equal(["signatures[1]", "signatures[2]", "signatures[3]"], refusals.Select(r => r["MANIFEST_UNVERIFIED: ".Length..].Split(':')[0]).Order());
    }

    /// <summary>What is odd, and signed all the same.</summary>
    [Fact]
    public void What_clients_and_registries_of_the_time_wrote_is_accepted()
    {
        var withoutId = One("ES256");
        Jwk(withoutId).Remove("kid");
        var withMore = One("ES384");
        (withMore["note"], Header(withMore)["typ"], Jwk(withMore)["use"]) = ("more", "JWS", "sig");
        var later = Schema1Samples.SignatureOf(payload, Schema1Samples.ProtectedHeader(payload).Replace("}", ",\"time\":\"2027-01-01T00:00:00Z\"}", StringComparison.Ordinal));

        foreach (var signatures in (JsonArray[])[new(withoutId), new(withMore), new(later, One("ES256")), new(One("ES256"), One("ES256")), [.. Enumerable.Range(0, 64).Select(_ => One("ES256"))]])
            Assert.Empty(Schema1Samples.Refusals(Schema1Samples.Assemble(payload, signatures.ToJsonString())));
    }

    [Fact]
    public void RSA_keys_that_are_too_small_or_too_large_are_refused()
    {
        foreach (var bytes in (int[])[128, 255, 1025])
        {
            var signature = One("RS256");
            Jwk(signature).Remove("kid");
            Jwk(signature)["n"] = Base64Url.EncodeToString([0x80, .. new byte[bytes - 2], 1]);
            RefusedWith("of no kind that is accepted", new JsonArray(signature));
        }
    }

    /// <summary>A manifest of the signed type is signed; of the other it may be.</summary>
    [Fact]
    public void The_type_promises_signatures()
    {
        Assert.Equal(["MANIFEST_UNVERIFIED: the manifest has no signatures"], Schema1Samples.Refusals(payload, MediaTypes.Schema1Signed));
        Assert.Empty(Schema1Samples.Refusals(payload, MediaTypes.Schema1));
        Assert.Empty(Schema1Samples.Refusals(Schema1Samples.Sign(payload, "ES256"), MediaTypes.Schema1));
        var wrong = One("ES256");
        wrong["signature"] = Altered(wrong["signature"]);
        foreach (var type in (string?[])[null, "application/json", MediaTypes.Schema1, MediaTypes.Schema1Signed])
            Assert.Contains("is wrong", Assert.Single(Schema1Samples.Refusals(Schema1Samples.Assemble(payload, new JsonArray(wrong.DeepClone()).ToJsonString()), type)), StringComparison.Ordinal);
    }

    private static void RefusedWith(string reason, JsonArray signatures)
    {
        var refusals = Schema1Samples.Refusals(Schema1Samples.Assemble(payload, signatures.ToJsonString()));
        Assert.Contains(refusals, r => r.StartsWith("MANIFEST_UNVERIFIED: ", StringComparison.Ordinal) && r.Contains(reason, StringComparison.Ordinal));
    }

    private static JsonObject One(string algorithm) => Schema1Samples.Signatures(Schema1Samples.Sign(payload, algorithm))[0]!.DeepClone().AsObject();

    private static JsonObject Header(JsonObject signature) => signature["header"]!.AsObject();

    private static JsonObject Jwk(JsonObject signature) => Header(signature)["jwk"]!.AsObject();

    private static string Text(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));

    private static string Altered(JsonNode? number)
    {
        var bytes = Base64Url.DecodeFromChars(number!.GetValue<string>());
        bytes[^1] ^= 1;
        return Base64Url.EncodeToString(bytes);
    }
}
