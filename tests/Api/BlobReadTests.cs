using System.Text;
using Registry.Digests;
using Registry.Tests.Support;

namespace Registry.Tests.Api;

/// <summary>end-2: reading a blob, whole and by ranges (RFC 9110, section 14).</summary>
public sealed class BlobReadTests(Stands stands) : ApiTests(stands)
{
    private const string Alphabet = "abcdefghijklmnopqrstuvwxyz";

    private static readonly string[] described =
        ["Docker-Content-Digest: {digest}", "ETag: \"{digest}\"", "Accept-Ranges: bytes", "Cache-Control: max-age=31536000, immutable", "Docker-Distribution-Api-Version: registry/2.0"];

    public static readonly Row[] Table =
    [
        new("whole", "GET {blob}", 200) { Headers = [.. described, "Content-Length: 26", "Content-Type: application/octet-stream", "!Content-Range"], Body = Alphabet },
        new("whole, to a client that takes gzip", "GET {blob}", 200) { Send = ["Accept-Encoding: gzip"], Headers = ["Content-Length: 26", "!Content-Encoding"], Body = Alphabet },
        new("whole, whatever Accept says", "GET {blob}", 200) { Send = ["Accept: text/html"], Body = Alphabet },
        new("HEAD", "HEAD {blob}", 200) { Headers = [.. described, "Content-Length: 26", "Content-Type: application/octet-stream", "!Location"], Body = "" },
        new("HEAD knows no ranges", "HEAD {blob}", 200) { Send = ["Range: bytes=0-4"], Headers = ["Content-Length: 26", "!Content-Range"], Body = "" },

        Ranged("closed", "bytes=5-9", "bytes 5-9/26", "fghij"),
        Ranged("of one byte", "bytes=0-0", "bytes 0-0/26", "a"),
        Ranged("open, as containerd fetches in parallel", "bytes=20-", "bytes 20-25/26", "uvwxyz"),
        Ranged("open from the start, as containerd always asks", "bytes=0-", "bytes 0-25/26", Alphabet),
        Ranged("a suffix", "bytes=-3", "bytes 23-25/26", "xyz"),
        Ranged("a suffix that is longer than the blob", "bytes=-500", "bytes 0-25/26", Alphabet),
        Ranged("an end beyond the end", "bytes=24-99", "bytes 24-25/26", "yz"),
        Ranged("an end that no number holds", "bytes=24-99999999999999999999", "bytes 24-25/26", "yz"),
        Ranged("upper case and spaces", "Bytes= 5 - 9 ", "bytes 5-9/26", "fghij"),
        Ranged("of the blob that If-Range names", "bytes=5-9", "bytes 5-9/26", "fghij") with { Send = ["Range: bytes=5-9", "If-Range: \"{digest}\""] },

        Refused("beyond the end", "bytes=26-"),
        Refused("far beyond the end", "bytes=5000-10000"),
        Refused("from where no number reaches", "bytes=99999999999999999999-"),
        Refused("ends before it starts", "bytes=9-5"),
        Refused("the last no bytes", "bytes=-0"),

        Ignored("several ranges", "bytes=0-1,4-5"),
        Ignored("another unit", "lines=0-1"),
        Ignored("no range", "bytes=-"),
        Ignored("letters", "bytes=a-b"),
        Ignored("negative", "bytes=--5"),
        Ignored("nothing", "bytes="),
        Ignored("If-Range names another", "bytes=5-9") with { Send = ["Range: bytes=5-9", "If-Range: \"other\""] },
        Ignored("If-Range has a date", "bytes=5-9") with { Send = ["Range: bytes=5-9", "If-Range: Sat, 21 Nov 2026 00:00:00 GMT"] },
        Ignored("If-Range is weak", "bytes=5-9") with { Send = ["Range: bytes=5-9", "If-Range: W/\"{digest}\""] },

        new("known to the client", "GET {blob}", 304) { Send = ["If-None-Match: \"{digest}\""], Headers = ["ETag: \"{digest}\"", "Cache-Control: max-age=31536000, immutable", "!Content-Type"], Body = "" },
        new("known to the client, by HEAD", "HEAD {blob}", 304) { Send = ["If-None-Match: \"{digest}\""] },
        new("known to the client among others", "GET {blob}", 304) { Send = ["If-None-Match: \"x\", W/\"{digest}\""] },
        new("known to the client whatever it is", "GET {blob}", 304) { Send = ["If-None-Match: *"] },
        new("known comes before ranges", "GET {blob}", 304) { Send = ["If-None-Match: \"{digest}\"", "Range: bytes=99-"] },
        new("the client knows another", "GET {blob}", 200) { Send = ["If-None-Match: \"x\""], Body = Alphabet },

        new("absent", $"GET /v2/{{repo}}/blobs/{Absent}", 404, "BLOB_UNKNOWN") { Headers = ["!ETag", "!Cache-Control", "!Docker-Content-Digest"] },
        new("absent, by HEAD", $"HEAD /v2/{{repo}}/blobs/{Absent}", 404) { Body = "" },
        new("absent in this repository", "GET /v2/{repo}/other/blobs/{digest}", 404, "BLOB_UNKNOWN"),
        new("absent comes before If-None-Match", $"GET /v2/{{repo}}/blobs/{Absent}", 404, "BLOB_UNKNOWN") { Send = ["If-None-Match: *"] },
        new("PUT is not allowed", "PUT {blob}", 405, "UNSUPPORTED") { Headers = ["Allow: GET, HEAD, DELETE"] },
    ];

    [Theory, EveryStandTimes(nameof(Table))]
    public async Task Reading_a_blob(string stand, Row row)
    {
        var api = await Open(stand);
        var repository = Repository();
        var digest = await api.PushBlob(repository, Encoding.UTF8.GetBytes(Alphabet));
        await Check(api, row, ("repo", repository), ("digest", digest.ToString()), ("blob", $"/v2/{repository}/blobs/{digest}"));
    }

    [Theory, EveryStand]
    public async Task A_blob_of_several_blocks_is_read_anywhere(string stand)
    {
        var api = await Open(stand);
        var repository = Repository();
        var content = Content.Bytes(TestSeed.Current, 9 * 1024 * 1024 + 7);
        var blob = $"/v2/{repository}/blobs/{await api.PushBlob(repository, content)}";

        (await api.Send($"GET {blob}")).Is(200).HasBody(content);
        (await api.Send($"GET {blob}", ["Range: bytes=8388600-8388620"])).Is(206).HasBody(content.AsSpan(8388600, 21));
        (await api.Send($"GET {blob}", ["Range: bytes=-8"])).Is(206).HasBody(content.AsSpan()[^8..]);
    }

    [Theory, EveryStand]
    public async Task An_empty_blob_has_no_ranges_and_is_always_whole(string stand)
    {
        var api = await Open(stand);
        var repository = Repository();
        var blob = $"/v2/{repository}/blobs/{await api.PushBlob(repository, [])}";

        (await api.Send($"GET {blob}")).Is(200).Has("Content-Length", "0").HasBody([]);
        (await api.Send($"HEAD {blob}")).Is(200).Has("Content-Length", "0");

        // containerd asks for every blob so. RFC 9110, section 14.2: Range may be ignored where there is no content.
        (await api.Send($"GET {blob}", ["Range: bytes=0-"])).Is(200).Has("Content-Range", null).HasBody([]);
    }

    [Theory, EveryStand]
    public async Task A_blob_is_known_by_the_digest_it_was_pushed_with(string stand)
    {
        var api = await Open(stand);
        var repository = Repository();
        var content = SmallImages.Blob("by sha512");
        var digest = await api.PushBlob(repository, content, DigestAlgorithm.Sha512);

        (await api.Send($"GET /v2/{repository}/blobs/{digest}")).Is(200).Has("Docker-Content-Digest", digest.ToString()).HasBody(content);
        (await api.Send($"HEAD /v2/{repository}/blobs/{digest}")).Is(200).Has("Docker-Content-Digest", digest.ToString());
        (await api.Send($"GET /v2/{repository}/blobs/{Digest.Compute(DigestAlgorithm.Sha256, content)}")).IsError(404, "BLOB_UNKNOWN");
    }

    private static Row Ranged(string name, string range, string contentRange, string body) =>
        new($"range: {name}", "GET {blob}", 206) { Send = [$"Range: {range}"], Headers = [.. described, $"Content-Range: {contentRange}", $"Content-Length: {body.Length}"], Body = body };

    private static Row Refused(string name, string range) =>
        new($"range refused: {name}", "GET {blob}", 416, "RANGE_INVALID") { Send = [$"Range: {range}"], Headers = ["Content-Range: bytes */26", "!ETag", "!Cache-Control"] };

    private static Row Ignored(string name, string range) =>
        new($"range ignored: {name}", "GET {blob}", 200) { Send = [$"Range: {range}"], Headers = ["Content-Length: 26", "!Content-Range"], Body = Alphabet };
}
