using System.Text;
using Registry.Digests;
using Registry.Tests.Support;

namespace Registry.Tests.Api;

/// <summary>What no well-behaved client sends: each gets an envelope with the right code, and nothing that is half-written becomes visible.</summary>
public sealed class BadInputTests(Stands stands) : ApiTests(stands)
{
    private static readonly string longest = new('n', 255);

    public static readonly Row[] Targets =
    [
        new("dots that leave the API", "/v2/../../etc/passwd", 404, "UNSUPPORTED"),
        new("escaped dots that leave the API", "/v2/%2e%2e/%2E%2E/etc/passwd", 404, "UNSUPPORTED"),
        new("dots that stay in the API", "/v2/a/../b/manifests/v1", 404, "MANIFEST_UNKNOWN"),
        new("dots behind an escaped slash", "/v2/a/..%2F..%2Fetc/manifests/v1", 400, "NAME_INVALID"),
        new("dots in a reference", "/v2/a/manifests/..%2Fv1", 400, "TAG_INVALID"),
        new("three dots", "/v2/a/.../manifests/v1", 400, "NAME_INVALID"),
        new("an escaped slash", "/v2/a%2Fb/manifests/v1", 400, "NAME_INVALID"),
        new("a slash that is escaped twice", "/v2/a%252Fb/manifests/v1", 400, "NAME_INVALID"),
        new("a backslash", "/v2/a%5Cb/manifests/v1", 400, "NAME_INVALID"),
        new("a null", "/v2/a%00b/manifests/v1", 400, "UNSUPPORTED"),
        new("a line break", "/v2/a%0D%0Ab/manifests/v1", 400, "NAME_INVALID"),
        new("a line break after a tag", "/v2/a/manifests/v1%0A", 400, "TAG_INVALID"),
        new("a line break after a digest", $"/v2/a/manifests/{Absent}%0A", 400, "DIGEST_INVALID"),
        new("a space", "/v2/a%20b/manifests/v1", 400, "NAME_INVALID"),
        new("an escape that is none", "/v2/a%zz/manifests/v1", 400, "NAME_INVALID"),
        new("an escape that ends early", "/v2/a/manifests/v1%", 400, "TAG_INVALID"),
        new("what is no UTF-8", "/v2/a%FF/manifests/v1", 400, "NAME_INVALID"),
        new("letters that are not ASCII", "/v2/caf%C3%A9/manifests/v1", 400, "NAME_INVALID"),
        new("a letter that looks the same", "/v2/%D0%B0pp/manifests/v1", 400, "NAME_INVALID"),
        new("upper case", "/v2/App/manifests/v1", 400, "NAME_INVALID"),
        new("a slash too many", "/v2//", 404, "UNSUPPORTED"),
        new("an empty part", "/v2/a//b/manifests/v1", 400, "NAME_INVALID"),
        new("an empty name", "/v2//manifests/v1", 400, "NAME_INVALID"),
        new("a dash first", "/v2/-a/manifests/v1", 400, "NAME_INVALID"),
        new("a dash last", "/v2/a-/manifests/v1", 400, "NAME_INVALID"),
        new("three underscores", "/v2/a___b/manifests/v1", 400, "NAME_INVALID"),
        new("two dots", "/v2/a..b/manifests/v1", 400, "NAME_INVALID"),
        new("dashes and a dot", "/v2/a-.b/manifests/v1", 400, "NAME_INVALID"),
        new("all that a name may have", "/v2/a.b_c__d---e/f0/manifests/v1", 404, "MANIFEST_UNKNOWN"),
        new("the longest name", $"/v2/{longest}/manifests/v1", 404, "MANIFEST_UNKNOWN"),
        new("a name that is too long", $"/v2/{longest}n/manifests/v1", 400, "NAME_INVALID"),
        new("a tag that is too long", $"/v2/a/manifests/{new string('t', 129)}", 400, "TAG_INVALID"),
        new("a digest in upper case", "/v2/a/blobs/sha256:0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF", 400, "DIGEST_INVALID"),
        new("a digest that is too short", $"/v2/a/blobs/{Absent[..^1]}", 400, "DIGEST_INVALID"),
        new("a digest that is too long", $"/v2/a/blobs/{Absent}0", 400, "DIGEST_INVALID"),
        new("a digest with two colons", $"/v2/a/blobs/sha256:{Absent}", 400, "DIGEST_INVALID"),
        new("a digest of no algorithm", "/v2/a/blobs/:0123", 400, "DIGEST_INVALID"),
        new("an unknown algorithm", "/v2/a/blobs/md5:d41d8cd98f00b204e9800998ecf8427e", 400, "DIGEST_INVALID"),
        new("a path that is too long", $"/v2/{new string('a', 20_000)}/manifests/v1", 414, "NAME_INVALID"),
        new("a query that is too long", $"/v2/a/tags/list?last={new string('a', 20_000)}", 414, "NAME_INVALID"),
        new("a path that is far too long", $"/v2/{new string('a', 100_000)}/manifests/v1", 414, "UNSUPPORTED"),
    ];

    [Theory, EveryStandTimes(nameof(Targets), Direct = true)]
    public async Task A_target_that_is_not_right(string stand, Row row) =>
        (await RawHttp.Send((await Open(stand)).BaseAddress, "GET", row.Request)).IsError(row.Status, row.Code!);

    [Theory, EveryStand(Direct = true)]
    public async Task Headers_that_are_too_long(string stand)
    {
        var server = (await Open(stand)).BaseAddress;

        (await RawHttp.Send(server, "GET", "/v2/", $"X-Long: {new string('x', 40_000)}")).IsError(431, "UNSUPPORTED");
        (await RawHttp.Send(server, "GET", "/v2/", $"X-Long: {new string('x', 200_000)}")).IsError(431, "UNSUPPORTED");
        (await RawHttp.Send(server, "GET", "/v2/", [.. Enumerable.Range(0, 200).Select(i => $"X-{i}: x")])).IsError(431, "UNSUPPORTED");
    }

    [Theory, EveryStand(Direct = true)]
    public async Task What_is_not_HTTP(string stand)
    {
        var server = (await Open(stand)).BaseAddress;

        (await RawHttp.Send(server, "HELLO\r\n\r\n"))!.IsError(400, "UNSUPPORTED");
        (await RawHttp.Send(server, "GET /v2/ HTTP/1.1\r\nConnection: close\r\n\r\n"))!.IsError(400, "UNSUPPORTED");
        (await RawHttp.Send(server, "GET", "/v2/", "Content-Length: -1")).IsError(400, "UNSUPPORTED");
        (await RawHttp.Send(server, "GET", "/v2/", "Content-Length: many")).IsError(400, "UNSUPPORTED");
    }

    [Theory, EveryStand(Direct = true)]
    public async Task A_chunk_that_is_cut_short_goes_on_where_it_was_cut(string stand)
    {
        var api = await Open(stand);
        var repository = Repository();
        var upload = await api.BeginUpload(repository);
        var content = Content.Bytes(TestSeed.Current, 700_000);

        await RawHttp.Send(api.BaseAddress, Head(api, "PATCH", upload, "Content-Length: 1000000"), content.AsMemory(0, 600_000), cut: true);
        await api.Resume(upload, 0, content[..600_000]);
        var chunk = Encoding.ASCII.GetBytes("186a0\r\n").Concat(content[600_000..]).ToArray();
        await RawHttp.Send(api.BaseAddress, Head(api, "PATCH", upload, "Transfer-Encoding: chunked"), chunk, cut: true);
        await api.Resume(upload, 600_000, content[600_000..]);

        var digest = Digest.Compute(DigestAlgorithm.Sha256, content);
        (await api.Send($"PUT {upload}?digest={digest}")).Is(201);
        (await api.Send($"GET /v2/{repository}/blobs/{digest}")).Is(200).HasBody(content);
    }

    [Theory, EveryStand(Direct = true)]
    public async Task A_whole_blob_or_manifest_that_is_cut_short_is_nothing(string stand)
    {
        var api = await Open(stand);
        var repository = Repository();
        var image = SmallImages.Image("app", "base");
        await api.Push(repository, image);
        var blob = SmallImages.Blob("cut short");
        var digest = Digest.Compute(DigestAlgorithm.Sha256, blob);

        Refuse(await RawHttp.Send(api.BaseAddress, Head(api, "POST", $"/v2/{repository}/blobs/uploads/?digest={digest}", $"Content-Length: {blob.Length + 1}"), blob, cut: true));
        Refuse(await RawHttp.Send(api.BaseAddress, Head(api, "PUT", $"{await api.BeginUpload(repository)}?digest={digest}", $"Content-Length: {blob.Length + 1}"), blob, cut: true));
        Refuse(await RawHttp.Send(api.BaseAddress, Head(api, "PUT", $"/v2/{repository}/manifests/cut", $"Content-Type: {image.MediaType}\r\nContent-Length: {image.Manifest.Length + 1}"), image.Manifest, cut: true));

        (await api.Send($"HEAD /v2/{repository}/blobs/{digest}")).Is(404);
        (await api.Send($"GET /v2/{repository}/manifests/cut")).IsError(404, "MANIFEST_UNKNOWN");

        static void Refuse(Exchange? answer)
        {
            if (answer is not null && answer.StatusCode / 100 != 4)
                throw answer.Failure("a refusal, or no answer");
        }
    }

    [Theory, EveryStand(Direct = true)]
    public async Task A_length_that_is_too_small_cuts_the_body_and_the_rest_is_no_request(string stand)
    {
        var api = await Open(stand);
        var upload = await api.BeginUpload(Repository());

        var answers = await RawHttp.Send(api.BaseAddress, Head(api, "PATCH", upload, "Content-Length: 5"), "helloworld"u8.ToArray());

        answers!.Is(202).Has("Range", "0-4");
        (await api.Send($"GET {upload}")).Is(204).Has("Range", "0-4");
    }

    private static string Head(ApiClient api, string method, string target, string headers) =>
        $"{method} {target} HTTP/1.1\r\nHost: {api.BaseAddress.Authority}\r\nConnection: close\r\n{headers}\r\n\r\n";
}
