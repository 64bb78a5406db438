using System.Text;
using Registry.Digests;
using Registry.Tests.Support;

namespace Registry.Tests.Api;

/// <summary>end-5 and end-13: chunks, and how an upload stands. Each row finds an upload that has "abcdefghij".</summary>
public sealed class UploadChunkTests(Stands stands) : ApiTests(stands)
{
    private const string Before = "abcdefghij";

    public static readonly Row[] Table =
    [
        Taken("a chunk with its range", "0-14", ["Content-Range: 10-14"]),
        Taken("a chunk with its range as HTTP has it", "0-14", ["Content-Range: bytes 10-14/15"]),
        Taken("a chunk that says nothing", "0-14", []),
        Taken("a stream, as docker sends it", "0-14", []) with { Chunked = true },
        Taken("a stream that says its range", "0-14", ["Content-Range: 10-14"]) with { Chunked = true },
        Taken("whatever its type", "0-14", ["Content-Type: text/plain"]),
        Taken("nothing", "0-9", []) with { SendBody = null },
        Taken("nothing, chunked", "0-9", []) with { SendBody = "", Chunked = true },
        Taken("nothing, said as 10-9", "0-9", ["Content-Range: 10-9"]) with { SendBody = "" },

        OutOfOrder("a gap", "15-19"),
        OutOfOrder("a repeat", "5-9"),
        OutOfOrder("from the start again, as Apple's container does", "0-4"),
        OutOfOrder("an overlap", "9-13"),
        OutOfOrder("from where no upload reaches", "9223372036854775807-9223372036854775807") with { SendBody = "k" },

        Refused("longer than it says", 400, "SIZE_INVALID", "Content-Range: 10-13"),
        Refused("shorter than it says", 400, "SIZE_INVALID", "Content-Range: 10-20"),
        Refused("a stream that is longer than it says", 400, "SIZE_INVALID", "Content-Range: 10-13") with { Chunked = true },
        Refused("a stream that is shorter than it says", 400, "SIZE_INVALID", "Content-Range: 10-20") with { Chunked = true },
        Refused("a range that ends before it starts", 400, "BLOB_UPLOAD_INVALID", "Content-Range: 10-8"),
        Refused("a range of words", 400, "BLOB_UPLOAD_INVALID", "Content-Range: ten-fourteen"),
        Refused("a range without an end", 400, "BLOB_UPLOAD_INVALID", "Content-Range: 10-"),
        Refused("a range of three", 400, "BLOB_UPLOAD_INVALID", "Content-Range: 10-14-15"),
        Refused("a range of negatives", 400, "BLOB_UPLOAD_INVALID", "Content-Range: -10--14"),
        Refused("a range that no number holds", 400, "BLOB_UPLOAD_INVALID", "Content-Range: 10-99999999999999999999"),
        Refused("a range whose length no number holds", 400, "BLOB_UPLOAD_INVALID", "Content-Range: 0-9223372036854775807"),

        new("the status", "GET {upload}", 204) { Headers = ["Range: 0-9", "Location: {upload}"], Body = "" },
        new("the status, with a query", "GET {upload}?digest=sha256:abc", 204) { Headers = ["Range: 0-9", "Location: {upload}"] },
        new("the status in another repository", "GET /v2/{repo}/other/blobs/uploads/{id}", 404, "BLOB_UPLOAD_UNKNOWN"),
        new("an unknown upload", "PATCH /v2/{repo}/blobs/uploads/00000000-0000-4000-8000-000000000000", 404, "BLOB_UPLOAD_UNKNOWN") { SendBody = "klmno" },
        new("the status of an unknown upload", "GET /v2/{repo}/blobs/uploads/00000000-0000-4000-8000-000000000000", 404, "BLOB_UPLOAD_UNKNOWN"),
        new("an id that is none", "PATCH /v2/{repo}/blobs/uploads/1", 404, "BLOB_UPLOAD_UNKNOWN") { SendBody = "klmno" },
        new("an id in braces", "GET /v2/{repo}/blobs/uploads/%7B{id}%7D", 404, "BLOB_UPLOAD_UNKNOWN"),
        new("an id and a line break", "GET {upload}%0A", 404, "BLOB_UPLOAD_UNKNOWN"),
        new("a space and an id", "GET /v2/{repo}/blobs/uploads/%20{id}", 404, "BLOB_UPLOAD_UNKNOWN"),
        new("POST is not allowed", "POST {upload}", 405, "UNSUPPORTED") { Headers = ["Allow: GET, PATCH, PUT, DELETE"] },
        new("HEAD is not allowed", "HEAD {upload}", 405, "UNSUPPORTED"),
    ];

    [Theory, EveryStandTimes(nameof(Table))]
    public async Task Uploading_a_chunk(string stand, Row row)
    {
        var api = await Open(stand);
        var repository = Repository();
        var upload = await api.BeginUpload(repository);
        (await api.Send($"PATCH {upload}", body: Encoding.UTF8.GetBytes(Before))).Is(202).Has("Range", "0-9");

        await Check(api, row, ("repo", repository), ("upload", upload), ("id", upload.Split('/')[^1]));

        // A refused chunk leaves the upload as it was, and it can go on.
        if (row.Status >= 400)
            (await api.Send($"GET {upload}")).Is(204).Has("Range", "0-9").Has("Location", upload);
    }

    [Theory, EveryStand]
    public async Task An_upload_with_nothing_stands_at_0_0_and_not_at_minus_one(string stand)
    {
        var api = await Open(stand);
        var upload = await api.BeginUpload(Repository());

        (await api.Send($"GET {upload}")).Is(204).Has("Range", "0-0").Has("Location", upload);
        (await api.Send($"PATCH {upload}", ["Content-Range: 5-9"], SmallImages.Blob("early")[..5])).IsError(416, "BLOB_UPLOAD_INVALID");
        (await api.Send($"GET {upload}")).Is(204).Has("Range", "0-0");
    }

    [Theory, EveryStand]
    public async Task Chunks_of_any_size_make_one_blob(string stand)
    {
        var api = await Open(stand);
        var repository = Repository();
        var content = Content.Bytes(TestSeed.Current, 3 * 1024 * 1024);
        var upload = await api.BeginUpload(repository);
        var sent = 0;

        // Around the smallest block, above it, and crumbs.
        foreach (var size in (int[])[1, 64 * 1024, 512 * 1024 - 1, 512 * 1024, 512 * 1024 + 1, 1, 1024 * 1024, 13])
        {
            var chunk = content[sent..(sent + size)];
            sent += size;
            var answer = await api.Send($"PATCH {upload}", [$"Content-Range: {sent - size}-{sent - 1}"], chunk);
            upload = answer.Is(202).Has("Range", $"0-{sent - 1}").Location;
            (await api.Send($"GET {upload}")).Is(204).Has("Range", $"0-{sent - 1}");
        }

        var digest = Digest.Compute(DigestAlgorithm.Sha256, content.AsSpan(0, sent));
        var blob = (await api.Send($"PUT {upload}?digest={digest}")).Is(201).Location;
        (await api.Send($"GET {blob}")).Is(200).HasBody(content.AsSpan(0, sent));
    }

    private static Row Taken(string name, string range, string[] headers) =>
        new($"taken: {name}", "PATCH {upload}", 202) { Send = headers, SendBody = "klmno", Headers = [$"Range: {range}", "Location: {upload}", "Content-Length: 0"] };

    private static Row OutOfOrder(string name, string range) =>
        new($"out of order: {name}", "PATCH {upload}", 416, "BLOB_UPLOAD_INVALID") { Send = [$"Content-Range: {range}"], SendBody = "klmno", Headers = ["Range: 0-9", "Location: {upload}"] };

    private static Row Refused(string name, int status, string code, string header) =>
        new($"refused: {name}", "PATCH {upload}", status, code) { Send = [header], SendBody = "klmno" };
}
