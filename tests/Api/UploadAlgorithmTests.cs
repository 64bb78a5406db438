using Registry.Digests;
using Registry.Tests.Support;

namespace Registry.Tests.Api;

/// <summary>end-4c and end-6: an upload whose algorithm becomes known at its end, when blocks of it are staged already.</summary>
public sealed class UploadAlgorithmTests(Stands stands) : ApiTests(stands)
{
    private const int Length = 1_300_000;

    /// <summary>What the POST says, and what the PUT names.</summary>
    public static readonly Row[] Table =
    [
        new("announced sha512", "digest-algorithm=sha512", 512),
        new("sha512 that nobody announced", "", 512),
        new("announced sha512 that is sha256 in the end", "digest-algorithm=sha512", 256),
        new("sha256", "", 256),
    ];

    [Theory, EveryStandTimes(nameof(Table))]
    public async Task Finishing_in_an_algorithm(string stand, Row row)
    {
        var api = await Open(stand);
        var repository = Repository();
        var content = Content.Bytes(TestSeed.Current, Length);
        var digest = Digest.Compute(row.Status == 512 ? DigestAlgorithm.Sha512 : DigestAlgorithm.Sha256, content);
        var upload = await Upload(api, repository, row.Request, content);

        (await api.Send($"PUT {upload}?digest={digest}")).Is(201).Has("Docker-Content-Digest", digest.ToString());

        (await api.Send($"GET /v2/{repository}/blobs/{digest}")).Is(200).Has("Docker-Content-Digest", digest.ToString()).HasBody(content);
        (await api.Send($"PUT {upload}?digest={digest}")).Is(201);
        (await api.Send($"GET {upload}")).IsError(404, "BLOB_UPLOAD_UNKNOWN");
    }

    [Theory, EveryStand]
    public async Task A_wrong_digest_in_an_algorithm_that_nobody_announced_leaves_the_upload_to_be_finished(string stand)
    {
        var api = await Open(stand);
        var repository = Repository();
        var content = Content.Bytes(TestSeed.Current, Length);
        var right = Digest.Compute(DigestAlgorithm.Sha512, content);
        var wrong = Digest.Compute(DigestAlgorithm.Sha512, "something else"u8);
        var upload = await Upload(api, repository, "", content);

        (await api.Send($"PUT {upload}?digest={wrong}")).IsError(400, "DIGEST_INVALID");

        (await api.Send($"HEAD /v2/{repository}/blobs/{wrong}")).Is(404);
        (await api.Send($"GET {upload}")).Is(204).Has("Range", $"0-{Length - 1}");
        (await api.Send($"PUT {upload}?digest={right}")).Is(201);
        (await api.Send($"GET /v2/{repository}/blobs/{right}")).Is(200).HasBody(content);
    }

    private static async Task<string> Upload(ApiClient api, string repository, string query, byte[] content)
    {
        var upload = (await api.Send($"POST /v2/{repository}/blobs/uploads/?{query}")).Is(202).Location;
        return (await api.Send($"PATCH {upload}", body: content, chunked: true)).Is(202).Has("Range", $"0-{content.Length - 1}").Location;
    }
}
