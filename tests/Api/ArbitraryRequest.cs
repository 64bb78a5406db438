using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Registry.Digests;
using Registry.Tests.Support;

namespace Registry.Tests.Api;

/// <summary>A request that nobody would write, as text and bytes that go to the socket as they are.</summary>
/// <param name="Method">Its method.</param>
/// <param name="Target">Path and query.</param>
/// <param name="Headers">Headers as lines.</param>
/// <param name="Body">Its body.</param>
/// <param name="Framing">How the body is framed.</param>
public sealed record ArbitraryRequest(string Method, string Target, IReadOnlyList<string> Headers, byte[] Body, BodyFraming Framing)
{
    /// <summary>Names, tags, digests and ids: half of them good, so that requests come through to where they can do harm.</summary>
    private static readonly string[] names = ["a", "fuzz/b", "fuzz/b/blobs/uploads", "manifests", "UPPER", "a//b", "..", "a/../b", "%2e%2e", "a%2Fb", "a%00b", "a%0Ab", "%", "a%zz", "%FF", "caf%C3%A9", "-", new string('n', 255), new string('n', 256), ""];
    private static readonly string[] digests = [Digest.Compute(DigestAlgorithm.Sha256, SmallImages.Blob("fuzz")).ToString(), Digest.Compute(DigestAlgorithm.Sha512, SmallImages.Blob("fuzz")).ToString(), Digest.Compute(DigestAlgorithm.Sha256, []).ToString(), "sha256:" + new string('0', 64), "sha256:abc", "md5:0", ":", "sha256%3A" + new string('0', 64), "sha256:" + new string('G', 64)];
    private static readonly string[] tags = ["latest", "v1", "_", ".", "-", new string('t', 128), new string('t', 129), "a%0A", "%00", "a%2Fb", ""];
    private static readonly string[] ids = ["00000000-0000-4000-8000-000000000000", "0", "{}", "%7B%7D", "", "00000000000040008000000000000000"];
    private static readonly string[] ranges = ["bytes=0-", "bytes=-1", "bytes=5-1", "bytes=99999999999999999999-", "bytes=0-1,3-4", "bytes=", "x", "0-0", "0-9223372036854775807", "9223372036854775807-9223372036854775807", "bytes 0-4/5", "-", "0--1"];
    private static readonly string[] numbers = ["0", "1", "1000", "-1", "2147483648", "99999999999999999999", "x", "", "1e3", "%00"];
    private static readonly string[] types = ["application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.index.v1+json", "a/b; c=d", ";", "text", "/", "é/é", "application/octet-stream"];
    private static readonly string[] bodies = ["", "{}", "[]", "null", "{\"mediaType\":\"a/b\"}", "{\"mediaType\":\"\\u0000\"}", "{\"config\":{},\"layers\":[]}", "{\"manifests\":[{\"digest\":\"sha256:0\"}]}", "{\"manifests\":[]}", "{\"subject\":1}", "\ufeff{}", "{\"a\":\"\\ud800\"}", new string('[', 100), "hello", Encoding.UTF8.GetString(SmallImages.Blob("fuzz"))];

    public static readonly Gen<ArbitraryRequest> Generator =
        from method in Gen.Frequency((6, Gen.Elements("GET", "HEAD", "PUT", "POST", "PATCH", "DELETE")), (1, Gen.Elements("OPTIONS", "TRACE", "put", "X", "CONNECT")))
        from target in Target_()
        from query in Query()
        from headers in Gen.ListOf(Header()).Resize(4)
        from body in Body_()
        from framing in Gen.Frequency((5, Gen.Constant(BodyFraming.Length)), (3, Gen.Constant(BodyFraming.Chunked)), (1, Gen.Elements(BodyFraming.TooLong, BodyFraming.CutChunk, BodyFraming.BadChunk)))
        select new ArbitraryRequest(method, target + query, [.. headers], body, framing);

    /// <summary>What goes to the socket.</summary>
    public (string Head, byte[] Body) OnTheWire(Uri server)
    {
        ArgumentNullException.ThrowIfNull(server);
        var (framing, body) = Framing switch
        {
            BodyFraming.Length => (Body.Length == 0 ? "" : $"Content-Length: {Body.Length}\r\n", Body),
            BodyFraming.TooLong => ($"Content-Length: {Body.Length + 7}\r\n", Body),
            BodyFraming.Chunked => ("Transfer-Encoding: chunked\r\n", [.. Chunk(), .. "0\r\n\r\n"u8]),
            BodyFraming.CutChunk => ("Transfer-Encoding: chunked\r\n", Chunk()),
            _ => ("Transfer-Encoding: chunked\r\n", [.. "zz\r\n"u8, .. Body]),
        };
        var lines = string.Concat(Headers.Select(h => h + "\r\n"));
        return ($"{Method} {Target} HTTP/1.1\r\nHost: {server.Authority}\r\nConnection: close\r\n{lines}{framing}\r\n", body);
    }

    public override string ToString() => $"{Method} {Target} [{string.Join("; ", Headers)}] {Framing} {Exchange.Show(Body)}";

    private byte[] Chunk() => Body.Length == 0 ? [] : [.. Encoding.ASCII.GetBytes($"{Body.Length:x}\r\n"), .. Body, .. "\r\n"u8];

    /// <summary>Stands in a target for an upload that there is.</summary>
    public const string Upload = "{upload}";

    private static Gen<string> Target_() => Gen.Frequency(
        (2, Gen.Constant(Upload)),
        (10, from name in Gen.Elements(names) from rest in Endpoint() select $"/v2/{name}/{rest}"),
        (1, Gen.Elements("/", "/v2", "/v2/", "/v2/_catalog", "/health", "//", "/v2/_catalog/", "/token", "*", "/v2//", "/../..")));

    private static Gen<string> Endpoint() => Gen.OneOf(
        Gen.Elements(digests).Select(d => $"blobs/{d}"),
        Gen.Elements(digests).Or(Gen.Elements(tags)).Select(r => $"manifests/{r}"),
        Gen.Elements(digests).Select(d => $"referrers/{d}"),
        Gen.Elements(ids).Select(i => $"blobs/uploads/{i}"),
        Gen.Elements("blobs/uploads/", "blobs/uploads", "tags/list", "tags/list/", "tags", "blobs/uploads%0A", "tags/list%0A"));

    private static Gen<string> Query() => Gen.ListOf(Gen.OneOf(
        Gen.Elements(numbers).Select(n => $"n={n}"),
        Gen.Elements(tags).Or(Gen.Elements(digests)).Or(Gen.Elements(names)).Select(l => $"last={l}"),
        Gen.Elements(digests).Select(d => $"digest={d}"),
        Gen.Elements(digests).Select(d => $"mount={d}"),
        Gen.Elements(names).Select(n => $"from={n}"),
        Gen.Elements(tags).Select(t => $"tag={t}"),
        Gen.Elements(numbers).Select(n => $"size={n}"),
        Gen.Elements("digest-algorithm=sha512", "digest-algorithm=", "artifactType=a/b", "artifactType=%00", "artifactType=%ED%A0%80", "=", "&&", "%"))).Resize(3)
        .Select(q => q.Count == 0 ? "" : "?" + string.Join('&', q));

    private static Gen<string> Header() => Gen.OneOf(
        Gen.Elements(ranges).Select(r => $"Range: {r}"),
        Gen.Elements(ranges).Select(r => $"Content-Range: {r}"),
        Gen.Elements(types).Select(t => $"Content-Type: {t}"),
        Gen.Elements("If-None-Match: *", "If-None-Match: \"x\"", "If-Range: x", "Accept: x", "Expect: 100-continue", "Content-Encoding: gzip", "Cookie: a=b", "X-Forwarded-Host: evil"));

    private static Gen<byte[]> Body_() => Gen.Frequency(
        (8, Gen.Elements(bodies).Select(Encoding.UTF8.GetBytes)),
        (1, from seed in Gen.Choose(0, int.MaxValue) from length in Gen.Choose(1, 70_000) select Content.Bytes(seed, length)));
}

/// <summary>How a body is framed, rightly or not.</summary>
public enum BodyFraming
{
    /// <summary>By Content-Length.</summary>
    Length,

    /// <summary>By chunks.</summary>
    Chunked,

    /// <summary>By a Content-Length that the body does not reach.</summary>
    TooLong,

    /// <summary>By chunks, the last of which is missing.</summary>
    CutChunk,

    /// <summary>By what is no chunk.</summary>
    BadChunk,
}
