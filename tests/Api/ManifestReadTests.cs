using Registry.Digests;
using Registry.Tests.Support;

namespace Registry.Tests.Api;

/// <summary>end-3.</summary>
public sealed class ManifestReadTests(Stands stands) : ApiTests(stands)
{
    private static readonly TestImage image = SmallImages.Image("app", "base", "top");

    private static readonly string[] described =
        ["Docker-Content-Digest: {digest}", "ETag: \"{digest}\"", "Content-Type: application/vnd.oci.image.manifest.v1+json", $"Content-Length: {image.Manifest.Length}", "Accept-Ranges: bytes"];

    public static readonly Row[] Table =
    [
        new("by tag", "GET {manifests}/v1", 200) { Headers = [.. described, "Cache-Control: no-cache"], Body = "{manifest}" },
        new("by digest", "GET {manifests}/{digest}", 200) { Headers = [.. described, "Cache-Control: max-age=31536000, immutable"], Body = "{manifest}" },
        new("HEAD by tag", "HEAD {manifests}/v1", 200) { Headers = described, Body = "" },
        new("HEAD by digest", "HEAD {manifests}/{digest}", 200) { Headers = described, Body = "" },
        new("by a client that wants another type", "GET {manifests}/v1", 200) { Send = ["Accept: application/vnd.docker.distribution.manifest.v1+json"], Headers = described, Body = "{manifest}" },
        new("by a client that wants many", "GET {manifests}/v1", 200) { Send = ["Accept: application/vnd.oci.image.index.v1+json", "Accept: application/vnd.oci.image.manifest.v1+json"], Headers = described },
        new("by a client that takes gzip", "GET {manifests}/v1", 200) { Send = ["Accept-Encoding: gzip"], Headers = [.. described, "!Content-Encoding"], Body = "{manifest}" },
        new("whole by range, as containerd asks", "GET {manifests}/v1", 206) { Send = ["Range: bytes=0-"], Headers = described, Body = "{manifest}" },
        new("a range", "GET {manifests}/{digest}", 206) { Send = ["Range: bytes=1-15"], Headers = ["Content-Length: 15", $"Content-Range: bytes 1-15/{image.Manifest.Length}"], Body = "\"schemaVersion\"" },
        new("a suffix", "GET {manifests}/v1", 206) { Send = ["Range: bytes=-2"], Body = "]}" },
        new("a range beyond the end", "GET {manifests}/v1", 416, "RANGE_INVALID") { Send = ["Range: bytes=100000-"], Headers = [$"Content-Range: bytes */{image.Manifest.Length}", "!ETag"] },
        new("known to the client, by tag", "GET {manifests}/v1", 304) { Send = ["If-None-Match: \"{digest}\""], Headers = ["ETag: \"{digest}\""], Body = "" },
        new("known to the client, by digest", "HEAD {manifests}/{digest}", 304) { Send = ["If-None-Match: \"{digest}\""] },
        new("the client knows another", "GET {manifests}/v1", 200) { Send = ["If-None-Match: \"sha256:0\""], Body = "{manifest}" },

        new("an unknown tag", "GET {manifests}/v2", 404, "MANIFEST_UNKNOWN"),
        new("an unknown tag by HEAD", "HEAD {manifests}/v2", 404) { Body = "" },
        new("an unknown digest", $"GET {{manifests}}/{Absent}", 404, "MANIFEST_UNKNOWN"),
        new("a tag in another case", "GET {manifests}/V1", 404, "MANIFEST_UNKNOWN"),
        new("a known digest in another repository", "GET /v2/{repo}/other/manifests/{digest}", 404, "MANIFEST_UNKNOWN"),
        new("a blob's digest", "GET {manifests}/{blob}", 404, "MANIFEST_UNKNOWN"),
        new("a manifest's digest as a blob", "GET /v2/{repo}/blobs/{digest}", 404, "BLOB_UNKNOWN"),
        new("a digest that is none", "GET {manifests}/sha256:baddigeststring", 400, "DIGEST_INVALID"),
        new("a tag that is none", "GET {manifests}/.hidden", 400, "TAG_INVALID"),
        new("POST is not allowed", "POST {manifests}/v1", 405, "UNSUPPORTED") { Headers = ["Allow: GET, HEAD, PUT, DELETE"] },
        new("PATCH is not allowed", "PATCH {manifests}/{digest}", 405, "UNSUPPORTED") { Headers = ["Allow: GET, HEAD, PUT, DELETE"] },
    ];

    [Theory, EveryStandTimes(nameof(Table))]
    public async Task Reading_a_manifest(string stand, Row row)
    {
        var api = await Open(stand);
        var repository = Repository();
        await api.Push(repository, image, "v1");
        await Check(
            api,
            row,
            ("repo", repository),
            ("manifests", $"/v2/{repository}/manifests"),
            ("digest", image.Digest.ToString()),
            ("blob", Digest.Compute(DigestAlgorithm.Sha256, image.Blobs[0]).ToString()),
            ("manifest", System.Text.Encoding.UTF8.GetString(image.Manifest)));
    }

    [Theory, EveryStand]
    public async Task A_tag_remembers_the_digest_that_the_manifest_was_pushed_with(string stand)
    {
        var api = await Open(stand);
        var repository = Repository();
        var sha512 = image.DigestIn(DigestAlgorithm.Sha512);
        await api.Push(repository, image);
        (await api.Put(repository, image, $"{sha512}?tag=v1")).Is(201).Has("Docker-Content-Digest", sha512.ToString()).Has("Location", $"/v2/{repository}/manifests/{sha512}");

        foreach (var reference in (string[])["v1", sha512.ToString()])
            (await api.Send($"GET /v2/{repository}/manifests/{reference}")).Is(200).Has("Docker-Content-Digest", sha512.ToString()).HasBody(image.Manifest);
        (await api.Send($"HEAD /v2/{repository}/manifests/{image.Digest}")).Is(200).Has("Docker-Content-Digest", image.Digest.ToString());
    }

    [Theory, EveryStand]
    public async Task A_tag_that_moves_is_seen_at_once(string stand)
    {
        var api = await Open(stand);
        var repository = Repository();
        var next = SmallImages.Image("app", "base", "newer top");
        await api.Push(repository, image, "latest");
        (await api.Send($"GET /v2/{repository}/manifests/latest")).HasBody(image.Manifest);

        await api.Push(repository, next, "latest");

        (await api.Send($"GET /v2/{repository}/manifests/latest", [$"If-None-Match: \"{image.Digest}\""])).Is(200).HasBody(next.Manifest);
        (await api.Send($"GET /v2/{repository}/manifests/{image.Digest}")).Is(200).HasBody(image.Manifest);
    }
}
