using System.Text;
using Registry.Digests;
using Registry.Tests.Support;

namespace Registry.Tests.Api;

/// <summary>end-6 and end-14: the end of an upload. Each row finds an upload that has "abcdefghij", and its blob is to be "abcdefghijklmno".</summary>
public sealed class UploadFinishTests(Stands stands) : ApiTests(stands)
{
    private const string Before = "abcdefghij";
    private const string Rest = "klmno";

    private static readonly string[] created = ["Location: /v2/{repo}/blobs/{digest}", "Docker-Content-Digest: {digest}", "Content-Length: 0", "!Range"];

    public static readonly Row[] Table =
    [
        Done("the last chunk in the PUT", "digest={digest}"),
        Done("the last chunk with its range", "digest={digest}", "Content-Range: 10-14"),
        Done("the digest escaped", "digest={escaped}"),
        Done("the right size", "digest={digest}&size=15"),
        Done("other parameters are ignored", "_state=a%2Bb&digest={digest}&x"),
        Done("the last chunk as a stream", "digest={digest}") with { Chunked = true },
        Done("the last chunk as a stream with its range", "digest={digest}", "Content-Range: 10-14") with { Chunked = true },
        Done("nothing more", "digest={before}") with { SendBody = null, Headers = ["Location: /v2/{repo}/blobs/{before}"] },
        Done("nothing more, chunked", "digest={before}") with { SendBody = "", Chunked = true, Headers = ["Location: /v2/{repo}/blobs/{before}"] },
        Done("nothing more, with a type", "digest={before}", "Content-Type: application/octet-stream") with { SendBody = "", Headers = ["Location: /v2/{repo}/blobs/{before}"] },
        Done("sha512, which nobody announced", "digest={sha512}") with { Headers = ["Location: /v2/{repo}/blobs/{sha512}", "Docker-Content-Digest: {sha512}"] },

        Refused("no digest", 400, "DIGEST_INVALID", "x=y"),
        Refused("an empty digest", 400, "DIGEST_INVALID", "digest="),
        Refused("a digest that is none", 400, "DIGEST_INVALID", "digest=sha256:abc"),
        Refused("an unknown algorithm", 400, "DIGEST_INVALID", "digest=md5:d41d8cd98f00b204e9800998ecf8427e"),
        Refused("a wrong digest", 400, "DIGEST_INVALID", $"digest={Absent}"),
        Refused("the digest of what was there before", 400, "DIGEST_INVALID", "digest={before}"),
        Refused("a size too small", 400, "SIZE_INVALID", "digest={digest}&size=14"),
        Refused("a size too large", 400, "SIZE_INVALID", "digest={digest}&size=16"),
        Refused("a size that is no number", 400, "SIZE_INVALID", "digest={digest}&size=many"),
        Refused("a negative size", 400, "SIZE_INVALID", "digest={digest}&size=-1"),
        Refused("a gap", 416, "BLOB_UPLOAD_INVALID", "digest={digest}", "Content-Range: 11-15"),
        Refused("a repeat", 416, "BLOB_UPLOAD_INVALID", "digest={digest}", "Content-Range: 0-4"),
        Refused("longer than it says", 400, "SIZE_INVALID", "digest={digest}", "Content-Range: 10-12"),
        Refused("a range of words", 400, "BLOB_UPLOAD_INVALID", "digest={digest}", "Content-Range: all"),

        new("an unknown upload", "PUT /v2/{repo}/blobs/uploads/00000000-0000-4000-8000-000000000000?digest={digest}", 404, "BLOB_UPLOAD_UNKNOWN") { SendBody = Rest },
        new("cancelled", "DELETE {upload}", 204) { Body = "" },
        new("cancelled, with a query", "DELETE {upload}?digest=x", 204),
        new("an unknown upload cancelled", "DELETE /v2/{repo}/blobs/uploads/00000000-0000-4000-8000-000000000000", 404, "BLOB_UPLOAD_UNKNOWN"),
    ];

    private static readonly (string, string)[] digests =
    [
        ("digest", Digest.Compute(DigestAlgorithm.Sha256, Encoding.UTF8.GetBytes(Before + Rest)).ToString()),
        ("escaped", Uri.EscapeDataString(Digest.Compute(DigestAlgorithm.Sha256, Encoding.UTF8.GetBytes(Before + Rest)).ToString())),
        ("before", Digest.Compute(DigestAlgorithm.Sha256, Encoding.UTF8.GetBytes(Before)).ToString()),
        ("sha512", Digest.Compute(DigestAlgorithm.Sha512, Encoding.UTF8.GetBytes(Before + Rest)).ToString()),
    ];

    [Theory, EveryStandTimes(nameof(Table))]
    public async Task Finishing_an_upload(string stand, Row row)
    {
        var api = await Open(stand);
        var repository = Repository();
        var upload = await Begin(api, repository);

        var answer = await Check(api, row, [("repo", repository), ("upload", upload), .. digests]);

        if (row.Status == 201)
            (await api.Send($"GET {answer.Location}")).Is(200).HasBody(Encoding.UTF8.GetBytes(Before + row.SendBody));
        if (row.Status is 400 or 416)
            await FinishRight(api, upload);
        if (row.Status == 204)
            (await api.Send($"GET {upload}")).IsError(404, "BLOB_UPLOAD_UNKNOWN");
    }

    [Theory, EveryStand]
    public async Task A_finished_upload_is_gone_to_all_but_a_repeated_put(string stand)
    {
        var api = await Open(stand);
        var repository = Repository();
        var upload = await Begin(api, repository);
        await FinishRight(api, upload);

        (await api.Send($"GET {upload}")).IsError(404, "BLOB_UPLOAD_UNKNOWN");
        (await api.Send($"PATCH {upload}", body: Encoding.UTF8.GetBytes("p"))).IsError(404, "BLOB_UPLOAD_UNKNOWN");
        (await api.Send($"DELETE {upload}")).IsError(404, "BLOB_UPLOAD_UNKNOWN");

        // The answer to the first may have been lost; the client sends the same again, with its chunk or without.
        await FinishRight(api, upload);
        (await api.Send($"PUT {upload}?{Query("digest")}")).Is(201);
        (await api.Send($"PUT {upload}?{Query("digest")}&size=14")).IsError(400, "SIZE_INVALID");
        (await api.Send($"PUT {upload}?digest={Absent}")).IsError(400, "DIGEST_INVALID");
    }

    [Theory, EveryStand]
    public async Task A_cancelled_upload_is_gone_and_its_content_with_it(string stand)
    {
        var api = await Open(stand);
        var repository = Repository();
        var upload = await Begin(api, repository);

        (await api.Send($"DELETE {upload}")).Is(204);

        (await api.Send($"DELETE {upload}")).IsError(404, "BLOB_UPLOAD_UNKNOWN");
        (await api.Send($"PATCH {upload}", body: [1])).IsError(404, "BLOB_UPLOAD_UNKNOWN");
        (await api.Send($"PUT {upload}?{Query("before")}")).IsError(404, "BLOB_UPLOAD_UNKNOWN");
        (await api.Send($"HEAD /v2/{repository}/blobs/{digests[2].Item2}")).Is(404);
    }

    [Theory, EveryStand]
    public async Task A_wrong_digest_names_the_right_one_and_nothing_becomes_visible(string stand)
    {
        var api = await Open(stand);
        var repository = Repository();
        var upload = await Begin(api, repository);

        var refused = (await api.Send($"PUT {upload}?digest={Absent}")).IsError(400, "DIGEST_INVALID");

        Assert.Equal(Absent, refused.Detail().GetProperty("digest").GetString());
        Assert.Equal(digests[2].Item2, refused.Detail().GetProperty("actual").GetString());
        foreach (var digest in (string[])[Absent, digests[2].Item2])
            (await api.Send($"HEAD /v2/{repository}/blobs/{digest}")).Is(404);
    }

    private static string Query(string digest) => $"digest={digests.Single(d => d.Item1 == digest).Item2}";

    private static async Task<string> Begin(ApiClient api, string repository)
    {
        var upload = await api.BeginUpload(repository);
        return (await api.Send($"PATCH {upload}", body: Encoding.UTF8.GetBytes(Before))).Is(202).Location;
    }

    // What was refused left the upload as it was, so the same with the right digest succeeds.
    private static async Task FinishRight(ApiClient api, string upload) =>
        (await api.Send($"PUT {upload}?{Query("digest")}", body: Encoding.UTF8.GetBytes(Rest))).Is(201).Has("Docker-Content-Digest", digests[0].Item2);

    private static Row Done(string name, string query, params string[] headers) =>
        new($"done: {name}", $"PUT {{upload}}?{query}", 201) { Send = headers, SendBody = Rest, Headers = created };

    private static Row Refused(string name, int status, string code, string query, params string[] headers) =>
        new($"refused: {name}", $"PUT {{upload}}?{query}", status, code) { Send = headers, SendBody = Rest };
}
