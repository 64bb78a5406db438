using Registry.Digests;
using Registry.Tests.Support;

namespace Registry.Tests.Api;

/// <summary>What settings change on the wire.</summary>
public sealed class SettingsTests(Stands stands) : ApiTests(stands)
{
    [Theory, EveryStand]
    public async Task A_blob_that_is_too_large_is_413_however_it_comes(string stand)
    {
        var api = await Open(stand, "Uploads:MaxBlobSize=100000");
        var repository = Repository();
        var largest = Content.Bytes(TestSeed.Current, 100_000);
        byte[] tooLarge = [.. largest, 1];
        var digest = Digest.Compute(DigestAlgorithm.Sha256, tooLarge);

        foreach (var chunked in (bool[])[false, true])
        {
            (await api.Send($"POST /v2/{repository}/blobs/uploads/?digest={digest}", body: tooLarge, chunked: chunked)).IsError(413, "SIZE_INVALID");
            var upload = await api.BeginUpload(repository);
            (await api.Send($"PATCH {upload}", body: tooLarge, chunked: chunked)).IsError(413, "SIZE_INVALID");
            (await api.Send($"PUT {upload}?digest={digest}", body: tooLarge, chunked: chunked)).IsError(413, "SIZE_INVALID");
        }

        (await api.Send($"HEAD /v2/{repository}/blobs/{digest}")).Is(404);
        await api.PushBlob(repository, largest);
    }

    [Theory, EveryStand]
    public async Task Every_URL_is_absolute_when_the_registry_is_told_its_own(string stand)
    {
        const string Public = "https://registry.example.org";
        var api = await Open(stand, $"PublicBaseUrl={Public}/");
        var repository = Repository();
        var image = SmallImages.Image("app");

        var begun = (await api.Send($"POST /v2/{repository}/blobs/uploads/")).Is(202);
        Assert.StartsWith($"{Public}/v2/{repository}/blobs/uploads/", begun.Location, StringComparison.Ordinal);
        var upload = begun.Location[Public.Length..];
        (await api.Send($"PATCH {upload}", ["Content-Range: 1-1"], [1])).IsError(416, "BLOB_UPLOAD_INVALID").Has("Location", begun.Location);
        var digest = Digest.Compute(DigestAlgorithm.Sha256, image.Blobs[0]);
        (await api.Send($"PUT {upload}?digest={digest}", body: image.Blobs[0])).Is(201).Has("Location", $"{Public}/v2/{repository}/blobs/{digest}");

        (await api.Put(repository, image, $"{image.Digest}?tag=a&tag=b")).Is(201).Has("Location", $"{Public}/v2/{repository}/manifests/{image.Digest}");
        (await api.Send($"GET /v2/{repository}/tags/list?n=1")).Is(200).Has("Link", $"<{Public}/v2/{repository}/tags/list?n=1&last=a>; rel=\"next\"");
    }

    [Theory, EveryStand]
    public async Task No_header_of_a_request_is_believed_to_tell_the_registrys_name(string stand)
    {
        var api = await Open(stand);
        var repository = Repository();

        var begun = (await api.Send($"POST /v2/{repository}/blobs/uploads/", ["X-Forwarded-Host: evil.example.org", "X-Forwarded-Proto: https", "Forwarded: host=evil.example.org"])).Is(202);

        Assert.StartsWith($"/v2/{repository}/blobs/uploads/", begun.Location, StringComparison.Ordinal);
    }
}
