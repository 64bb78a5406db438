using System.Text;
using Registry.Digests;
using Registry.Tests.Support;

namespace Registry.Tests.Api;

/// <summary>end-4a, end-4b, end-4c and end-11.</summary>
public sealed class UploadStartTests(Stands stands) : ApiTests(stands)
{
    private const string Text = "the content of a layer";

    private static readonly string[] began = ["Location: /v2/{repo}/blobs/uploads/*", "Range: 0-0", "Content-Length: 0"];
    private static readonly string[] created = ["Location: /v2/{repo}/blobs/{digest}", "Docker-Content-Digest: {digest}", "Content-Length: 0", "!Range"];

    public static readonly Row[] Table =
    [
        new("an upload begins", "POST {uploads}/", 202) { Headers = began, Body = "" },
        new("without the slash", "POST {uploads}", 202) { Headers = began },
        new("an unknown query is ignored", "POST {uploads}/?ns=docker.io&x", 202) { Headers = began },
        new("sha512 is announced", "POST {uploads}/?digest-algorithm=sha512", 202) { Headers = began },
        new("sha256 is announced", "POST {uploads}/?digest-algorithm=sha256", 202) { Headers = began },
        new("an algorithm that is not supported", "POST {uploads}/?digest-algorithm=md5", 400, "DIGEST_INVALID"),
        new("an algorithm without a name", "POST {uploads}/?digest-algorithm=", 400, "DIGEST_INVALID"),

        new("all in one", "POST {uploads}/?digest={digest}", 201) { SendBody = Text, Headers = created },
        new("all in one, escaped", "POST {uploads}/?digest={escaped}", 201) { SendBody = Text, Headers = created },
        new("all in one, chunked", "POST {uploads}/?digest={digest}", 201) { SendBody = Text, Chunked = true, Headers = created },
        new("all in one, sha512", "POST {uploads}/?digest={sha512}", 201) { SendBody = Text, Headers = ["Location: /v2/{repo}/blobs/{sha512}", "Docker-Content-Digest: {sha512}"] },
        new("all in one, empty", "POST {uploads}/?digest={empty}", 201) { Headers = ["Docker-Content-Digest: {empty}"] },
        new("all in one, wrong digest", $"POST {{uploads}}/?digest={Absent}", 400, "DIGEST_INVALID") { SendBody = Text },
        new("all in one, not all", "POST {uploads}/?digest={digest}", 400, "DIGEST_INVALID") { SendBody = "the content" },
        new("a digest of another length", "POST {uploads}/?digest=sha256:abc", 400, "DIGEST_INVALID") { SendBody = Text },
        new("a digest in upper case", "POST {uploads}/?digest=sha256:0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF", 400, "DIGEST_INVALID"),
        new("a digest without an algorithm", "POST {uploads}/?digest=0123456789abcdef", 400, "DIGEST_INVALID"),
        new("a digest of an unknown algorithm", "POST {uploads}/?digest=md5:d41d8cd98f00b204e9800998ecf8427e", 400, "DIGEST_INVALID"),
        new("an empty digest", "POST {uploads}/?digest=", 400, "DIGEST_INVALID"),

        new("mount from where it is", "POST {uploads}/?mount={held}&from={other}", 201) { Headers = ["Location: /v2/{repo}/blobs/{held}", "Docker-Content-Digest: {held}"] },
        new("mount from wherever it is", "POST {uploads}/?mount={held}", 201) { Headers = ["Location: /v2/{repo}/blobs/{held}"] },
        new("mount with an empty from", "POST {uploads}/?mount={held}&from=", 201) { Headers = ["Location: /v2/{repo}/blobs/{held}"] },
        new("mount from where it is not", "POST {uploads}/?mount={held}&from={repo}/nothing", 202) { Headers = began },
        new("mount what nobody has", $"POST {{uploads}}/?mount={Absent}&from={{other}}", 202) { Headers = began },
        new("mount what nobody has, from anywhere", $"POST {{uploads}}/?mount={Absent}", 202) { Headers = began },
        new("mount from what is no name", "POST {uploads}/?mount={held}&from=NO%20NAME", 202) { Headers = began },
        new("mount by another algorithm", "POST {uploads}/?mount={heldsha512}&from={other}", 202) { Headers = began },
        new("mount what is no digest", "POST {uploads}/?mount=sha256:abc&from={other}", 400, "DIGEST_INVALID"),
        new("a failed mount with all in one", $"POST {{uploads}}/?mount={Absent}&from={{other}}&digest={{digest}}", 201) { SendBody = Text, Headers = created },

        new("an invalid name", "POST /v2/UPPER/blobs/uploads/", 400, "NAME_INVALID"),
        new("GET is not allowed", "GET {uploads}/", 405, "UNSUPPORTED") { Headers = ["Allow: POST"] },
        new("PUT is not allowed", "PUT {uploads}/", 405, "UNSUPPORTED") { Headers = ["Allow: POST"] },
    ];

    [Theory, EveryStandTimes(nameof(Table))]
    public async Task Starting_an_upload(string stand, Row row)
    {
        var api = await Open(stand);
        var (repository, other) = (Repository(), Repository("/other"));
        var content = SmallImages.Blob($"a blob of {other}");
        var held = await api.PushBlob(other, content);
        var digest = Digest.Compute(DigestAlgorithm.Sha256, Encoding.UTF8.GetBytes(Text));

        var answer = await Check(
            api,
            row with { Headers = [.. row.Headers.Where(h => !h.EndsWith('*'))] },
            ("repo", repository),
            ("other", other),
            ("uploads", $"/v2/{repository}/blobs/uploads"),
            ("digest", digest.ToString()),
            ("escaped", Uri.EscapeDataString(digest.ToString())),
            ("sha512", Digest.Compute(DigestAlgorithm.Sha512, Encoding.UTF8.GetBytes(Text)).ToString()),
            ("empty", Digest.Compute(DigestAlgorithm.Sha256, []).ToString()),
            ("held", held.ToString()),
            ("heldsha512", Digest.Compute(DigestAlgorithm.Sha512, content).ToString()));

        // Whatever it answered, what it said must be true.
        if (row.Status == 201)
            (await api.Send($"GET {answer.Location}")).Is(200).Has("Docker-Content-Digest", answer.Header("Docker-Content-Digest"));
        if (row.Status == 202)
            await FinishAt(api, repository, answer);
        if (row.Status == 400 && row.SendBody is not null)
            (await api.Send($"HEAD /v2/{repository}/blobs/{digest}")).Is(404);
    }

    [Theory, EveryStand]
    public async Task Every_upload_has_an_id_of_its_own(string stand)
    {
        var api = await Open(stand);
        var repository = Repository();
        var ids = new HashSet<Guid>();
        for (var i = 0; i < 5; i++)
            Assert.True(ids.Add(Guid.ParseExact((await api.BeginUpload(repository)).Split('/')[^1], "D")));
    }

    [Theory, EveryStand]
    public async Task A_mounted_blob_outlives_the_delete_where_it_came_from(string stand)
    {
        var api = await Open(stand);
        var (from, to) = (Repository("/from"), Repository("/to"));
        var digest = await api.PushBlob(from, SmallImages.Blob("mounted"));
        (await api.Send($"POST /v2/{to}/blobs/uploads/?mount={digest}&from={from}")).Is(201);

        (await api.Send($"DELETE /v2/{from}/blobs/{digest}")).Is(202);

        (await api.Send($"GET /v2/{to}/blobs/{digest}")).Is(200).HasBody(SmallImages.Blob("mounted"));
    }

    // The location of a 202 serves status, content, and the end.
    private static async Task FinishAt(ApiClient api, string repository, Exchange begun)
    {
        Assert.StartsWith($"/v2/{repository}/blobs/uploads/", begun.Location, StringComparison.Ordinal);
        Assert.Equal(begun.Location.Split('/')[^1], begun.Header("Docker-Upload-UUID"));
        (await api.Send($"GET {begun.Location}")).Is(204).Has("Range", "0-0");
        var digest = Digest.Compute(DigestAlgorithm.Sha256, SmallImages.Blob("late"));
        (await api.Send($"PUT {begun.Location}?digest={digest}", body: SmallImages.Blob("late"))).Is(201).Has("Location", $"/v2/{repository}/blobs/{digest}");
    }
}
