using System.Text.Json;
using Registry.Manifests;
using Registry.Tests.Support;

namespace Registry.Tests.Api;

/// <summary>end-12a and end-12b.</summary>
public sealed class ReferrersTests(Stands stands) : ApiTests(stands)
{
    private const string Signature = "application/vnd.example.signature+json";
    private const string Sbom = "application/vnd.example.sbom";

    private static readonly TestImage subject = SmallImages.Image("subject", "base");
    private static readonly TestImage signature = SmallImages.Artifact("signature", Signature, subject).WithAnnotation("org.example.by", "somebody \"else\"");
    private static readonly TestImage sbom = SmallImages.Artifact("sbom", Sbom, subject);

    // The spec: without an artifactType an image has its config's type, and an index has none.
    private static readonly TestImage image = SmallImages.Image("derived").WithSubject(subject);
    private static readonly TestImage index = SmallImages.Index().WithSubject(subject);

    private static readonly string[] listed = [$"Content-Type: {MediaTypes.OciIndex}", "!Link"];

    public static readonly Row[] Table =
    [
        new("all of them", "GET {referrers}/{subject}", 200) { Headers = [.. listed, "!OCI-Filters-Applied"], Body = "{signature} {sbom} {image} {index}" },
        new("of one type", $"GET {{referrers}}/{{subject}}?artifactType={Sbom}", 200) { Headers = [.. listed, "OCI-Filters-Applied: artifactType"], Body = "{sbom}" },
        new("of one type, escaped", $"GET {{referrers}}/{{subject}}?artifactType={Uri.EscapeDataString(Signature)}", 200) { Headers = listed, Body = "{signature}" },
        new("of a config's type", $"GET {{referrers}}/{{subject}}?artifactType={Uri.EscapeDataString(SmallImages.Config)}", 200) { Headers = listed, Body = "{image}" },
        new("of no type that there is", "GET {referrers}/{subject}?artifactType=x/y", 200) { Headers = [.. listed, "OCI-Filters-Applied: artifactType"], Body = "" },
        new("of a subject that nothing refers to", "GET {referrers}/{signature}", 200) { Headers = listed, Body = "" },
        new("of a subject that is not there", $"GET {{referrers}}/{Absent}", 200) { Headers = listed, Body = "" },
        new("in an unknown repository", "GET /v2/{repo}/other/referrers/{subject}", 200) { Headers = listed, Body = "" },
        new("a digest that is none", "GET {referrers}/sha256:abc", 400, "DIGEST_INVALID"),
        new("a tag", "GET {referrers}/v1", 400, "DIGEST_INVALID"),
        new("an unknown algorithm", "GET {referrers}/md5:d41d8cd98f00b204e9800998ecf8427e", 400, "DIGEST_INVALID"),
        new("a page after what is no digest", "GET {referrers}/{subject}?last=x", 400, "DIGEST_INVALID"),
        new("an invalid name", "GET /v2/UPPER/referrers/{subject}", 400, "NAME_INVALID"),
        new("HEAD is not allowed", "HEAD {referrers}/{subject}", 405, "UNSUPPORTED") { Headers = ["Allow: GET"] },
    ];

    [Theory, EveryStandTimes(nameof(Table))]
    public async Task Listing_referrers(string stand, Row row)
    {
        var api = await Open(stand);
        var repository = Repository();
        TestImage[] all = [signature, sbom, image, index];
        foreach (var referrer in all)
            await api.Push(repository, referrer);

        var answer = await Check(
            api, row with { Body = null }, ("repo", repository), ("referrers", $"/v2/{repository}/referrers"), ("subject", subject.Digest.ToString()), ("signature", signature.Digest.ToString()));

        if (row.Status == 200)
        {
            var names = new[] { "{signature}", "{sbom}", "{image}", "{index}" };
            var expected = all.Where((_, i) => row.Body!.Contains(names[i], StringComparison.Ordinal)).Select(r => r.Digest.ToString());
            Assert.Equal(expected.Order(StringComparer.Ordinal), answer.Digests);
            Assert.Equal(2, answer.Json.GetProperty("schemaVersion").GetInt32());
            Assert.Equal(MediaTypes.OciIndex, answer.Json.GetProperty("mediaType").GetString());
        }
    }

    [Theory, EveryStand]
    public async Task A_descriptor_tells_type_size_artifact_type_and_annotations(string stand)
    {
        var api = await Open(stand);
        var repository = Repository();
        foreach (var referrer in (TestImage[])[signature, image, index])
            await api.Push(repository, referrer);

        var descriptors = (await api.Send($"GET /v2/{repository}/referrers/{subject.Digest}")).Is(200).Json.GetProperty("manifests").EnumerateArray().ToDictionary(d => d.GetProperty("digest").GetString()!);

        Same($$"""{"mediaType":"{{MediaTypes.OciManifest}}","size":{{signature.Manifest.Length}},"digest":"{{signature.Digest}}","annotations":{"org.example.by":"somebody \"else\""},"artifactType":"{{Signature}}"}""", descriptors[$"{signature.Digest}"]);
        Same($$"""{"mediaType":"{{MediaTypes.OciManifest}}","size":{{image.Manifest.Length}},"digest":"{{image.Digest}}","artifactType":"{{SmallImages.Config}}"}""", descriptors[$"{image.Digest}"]);
        Same($$"""{"mediaType":"{{MediaTypes.OciIndex}}","size":{{index.Manifest.Length}},"digest":"{{index.Digest}}"}""", descriptors[$"{index.Digest}"]);

        static void Same(string expected, JsonElement actual) => Assert.True(JsonElement.DeepEquals(JsonDocument.Parse(expected).RootElement, actual), $"{expected}\n{actual}");
    }

    [Theory, EveryStand]
    public async Task A_referrer_is_gone_with_its_manifest_and_stays_without_its_subject(string stand)
    {
        var api = await Open(stand);
        var repository = Repository();
        foreach (var pushed in (TestImage[])[subject, signature, sbom])
            await api.Push(repository, pushed);

        (await api.Send($"DELETE /v2/{repository}/manifests/{sbom.Digest}")).Is(202);
        (await api.Send($"DELETE /v2/{repository}/manifests/{subject.Digest}")).Is(202);

        Assert.Equal([$"{signature.Digest}"], (await api.Send($"GET /v2/{repository}/referrers/{subject.Digest}")).Is(200).Digests);
    }

    [Theory, EveryStand]
    public async Task What_was_pushed_under_the_fallback_tag_is_listed_once(string stand)
    {
        var api = await Open(stand);
        var repository = Repository();
        await api.Push(repository, signature);

        // A client that knows no referrers API keeps an index of its own ("Referrers Tag Schema").
        await api.Push(repository, SmallImages.Index(signature), FallbackTag());

        Assert.Equal([$"{signature.Digest}"], (await api.Send($"GET /v2/{repository}/referrers/{subject.Digest}")).Is(200).Digests);
        (await api.Send($"GET /v2/{repository}/manifests/{FallbackTag()}")).Is(200);
    }

    [Theory, EveryStand]
    public async Task Garbage_under_the_fallback_tag_is_no_referrer_and_no_error(string stand)
    {
        var api = await Open(stand);
        var repository = Repository();

        // An image, an index of what has no such subject, and what is no index at all.
        foreach (var garbage in (TestImage[])[SmallImages.Image("garbage"), SmallImages.Index(SmallImages.Image("no subject")), new("application/vnd.example+json", "{\"manifests\":[]}"u8.ToArray(), [], [])])
        {
            await api.Push(repository, garbage, FallbackTag());
            Assert.Empty((await api.Send($"GET /v2/{repository}/referrers/{subject.Digest}")).Is(200).Digests);
        }
    }

    private static string FallbackTag() => subject.Digest.ToString().Replace(':', '-');
}
