using System.Security.Cryptography;
using System.Text;
using Registry.Bench.Http;

namespace Registry.Bench.Load;

/// <summary>A client of any registry, on one connection.</summary>
internal sealed class RegistryClient(int port) : IDisposable
{
    /// <summary>The repository of everything that is measured.</summary>
    public const string Repository = "bench/image";

    private const string ManifestType = "application/vnd.oci.image.manifest.v1+json";

    private readonly RawConnection connection = new(port);

    /// <summary>Pushes as podman and skopeo do: POST, one PATCH with the body, PUT.</summary>
    public void Push(Content content)
    {
        connection.Send($"POST /v2/{Repository}/blobs/uploads/ HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: 0\r\n\r\n");
        connection.Expect(202);
        connection.Send($"PATCH {Location()} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/octet-stream\r\nContent-Length: {content.Length}\r\n\r\n");
        connection.Send(content.Common.Span);
        connection.Send(content.Own);
        connection.Expect(202);
        var location = Location();
        connection.Send($"PUT {location}{(location.Contains('?', StringComparison.Ordinal) ? '&' : '?')}digest={Uri.EscapeDataString(content.Digest)} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: 0\r\n\r\n");
        connection.Expect(201);
    }

    /// <summary>Pulls a blob and gives its length; with <paramref name="verify"/> it must have its digest.</summary>
    public long Pull(string digest, bool verify = false)
    {
        connection.Send($"GET /v2/{Repository}/blobs/{digest} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n");
        if (!verify)
            return connection.Expect(200);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var length = connection.Expect(200, bytes => hash.AppendData(bytes));
        var actual = $"sha256:{Convert.ToHexStringLower(hash.GetHashAndReset())}";
        return actual == digest ? length : throw new InvalidDataException($"{actual} instead of {digest}");
    }

    /// <summary>Asks for a blob that is somewhere else: where, and the bytes of body that came with the answer.</summary>
    public (Uri Location, long Body) Redirected(string digest)
    {
        connection.Send($"GET /v2/{Repository}/blobs/{digest} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n");
        var body = connection.Expect(307);
        return (new Uri(connection.Header("Location")!), body);
    }

    /// <summary>Pushes an image of a config and three layers, 1 KiB each, and tags it.</summary>
    public void PushImage(string tag)
    {
        var source = new ContentSource(1024);
        var blobs = Enumerable.Range(0, 4).Select(_ => source.Next()).ToList();
        blobs.ForEach(Push);
        var layers = string.Join(',', blobs.Skip(1).Select(b => Descriptor("application/vnd.oci.image.layer.v1.tar+gzip", b)));
        var manifest = Encoding.ASCII.GetBytes(
            $$"""{"schemaVersion":2,"mediaType":"{{ManifestType}}","config":{{Descriptor("application/vnd.oci.image.config.v1+json", blobs[0])}},"layers":[{{layers}}]}""");
        connection.Send($"PUT /v2/{Repository}/manifests/{tag} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: {ManifestType}\r\nContent-Length: {manifest.Length}\r\n\r\n");
        connection.Send(manifest);
        connection.Expect(201);
    }

    /// <summary>The request of a manifest by its tag.</summary>
    public static byte[] ManifestRequest(int port, string tag) =>
        Encoding.ASCII.GetBytes($"GET /v2/{Repository}/manifests/{tag} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: {ManifestType}\r\n\r\n");

    public void Dispose() => connection.Dispose();

    private static string Descriptor(string mediaType, Content content) =>
        $$"""{"mediaType":"{{mediaType}}","digest":"{{content.Digest}}","size":{{content.Length}}}""";

    // Relative from some registries, absolute from others.
    private string Location() =>
        connection.Header("Location") is { } location ? new Uri(new Uri($"http://127.0.0.1:{port}"), location).PathAndQuery : throw new InvalidDataException("no Location");
}
