using Registry.Tests.Support;

namespace Registry.Tests.Api;

/// <summary>end-10.</summary>
public sealed class BlobDeleteTests(Stands stands) : ApiTests(stands)
{
    public static readonly Row[] Table =
    [
        new("present", "DELETE /v2/{repo}/blobs/{digest}", 202) { Headers = ["Content-Length: 0"], Body = "" },
        new("absent", $"DELETE /v2/{{repo}}/blobs/{Absent}", 404, "BLOB_UNKNOWN"),
        new("present elsewhere", "DELETE /v2/{repo}/other/blobs/{digest}", 404, "BLOB_UNKNOWN"),
        new("a digest that is none", "DELETE /v2/{repo}/blobs/sha256:abc", 400, "DIGEST_INVALID"),
    ];

    [Theory, EveryStandTimes(nameof(Table))]
    public async Task Deleting_a_blob(string stand, Row row)
    {
        var api = await Open(stand);
        var repository = Repository();
        var digest = await api.PushBlob(repository, SmallImages.Blob("to be deleted"));
        await Check(api, row, ("repo", repository), ("digest", digest.ToString()));
    }

    [Theory, EveryStand]
    public async Task A_deleted_blob_is_gone_at_once_here_and_stays_elsewhere(string stand)
    {
        var api = await Open(stand);
        var (here, there) = (Repository("/here"), Repository("/there"));
        var digest = await api.PushBlob(here, SmallImages.Blob("shared"));
        await api.PushBlob(there, SmallImages.Blob("shared"));

        (await api.Send($"DELETE /v2/{here}/blobs/{digest}")).Is(202);

        (await api.Send($"HEAD /v2/{here}/blobs/{digest}")).Is(404);
        (await api.Send($"GET /v2/{here}/blobs/{digest}")).IsError(404, "BLOB_UNKNOWN");
        (await api.Send($"DELETE /v2/{here}/blobs/{digest}")).IsError(404, "BLOB_UNKNOWN");
        (await api.Send($"GET /v2/{there}/blobs/{digest}")).Is(200).HasBody(SmallImages.Blob("shared"));
    }

    [Theory, EveryStand]
    public async Task A_deleted_blob_can_be_pushed_again(string stand)
    {
        var api = await Open(stand);
        var repository = Repository();
        var digest = await api.PushBlob(repository, SmallImages.Blob("again"));
        (await api.Send($"DELETE /v2/{repository}/blobs/{digest}")).Is(202);

        await api.PushBlob(repository, SmallImages.Blob("again"));

        (await api.Send($"GET /v2/{repository}/blobs/{digest}")).Is(200).HasBody(SmallImages.Blob("again"));
    }
}
