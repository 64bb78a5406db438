using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Registry.Digests;

namespace Registry.Tests.Support.SymbolicImages;

/// <summary>A folder of content by digest, <c>blobs/sha256/…</c> of an OCI image layout, to which symbolic images are written.</summary>
public sealed class ImageBlobs(string folder)
{
    private readonly Dictionary<LayerSpec, (Descriptor Blob, Digest Archive)> written = [];

    public string this[Digest digest] => Path.Combine(folder, digest.Hex.ToString());

    /// <summary>Writes an image's layers, configuration and manifest.</summary>
    public WrittenImage Write(ImageSpec image)
    {
        Directory.CreateDirectory(folder);
        var layers = image.Layers.Select(Write).ToArray();
        var config = Write("application/vnd.oci.image.config.v1+json", new JsonObject
        {
            ["created"] = "2026-01-01T00:00:00Z",
            ["architecture"] = image.Architecture,
            ["os"] = "linux",
            ["config"] = new JsonObject { ["Cmd"] = new JsonArray("/none") },
            ["rootfs"] = new JsonObject { ["type"] = "layers", ["diff_ids"] = new JsonArray([.. layers.Select(l => JsonValue.Create(l.Archive.ToString()))]) },
            ["history"] = new JsonArray([.. layers.Select(_ => new JsonObject { ["created"] = "2026-01-01T00:00:00Z", ["created_by"] = "tests" })]),
        });
        var manifest = Write("application/vnd.oci.image.manifest.v1+json", new JsonObject
        {
            ["schemaVersion"] = 2,
            ["mediaType"] = "application/vnd.oci.image.manifest.v1+json",
            ["config"] = config.ToJson(),
            ["layers"] = new JsonArray([.. layers.Select(l => l.Blob.ToJson())]),
        });
        return new WrittenImage(image, manifest, config, [.. layers.Select(l => l.Blob)], [.. layers.Select(l => l.Archive)]);
    }

    /// <summary>Writes a JSON document.</summary>
    public Descriptor Write(string mediaType, JsonObject document)
    {
        Directory.CreateDirectory(folder);
        var bytes = JsonSerializer.SerializeToUtf8Bytes(document);
        var digest = Digest.Compute(DigestAlgorithm.Sha256, bytes);
        File.WriteAllBytes(this[digest], bytes);
        return new Descriptor(mediaType, digest, bytes.Length);
    }

    private (Descriptor Blob, Digest Archive) Write(LayerSpec layer)
    {
        if (written.TryGetValue(layer, out var known))
            return known;

        using var archive = new HashingStream(Stream.Null);
        layer.WriteArchive(archive);
        var unnamed = Path.Combine(folder, "unnamed");
        using var file = File.Create(unnamed);
        using var blob = new HashingStream(file);
        layer.WriteBlob(blob);
        file.Close();
        var descriptor = new Descriptor(layer.MediaType, blob.Digest(), blob.Length);
        File.Move(unnamed, this[descriptor.Digest], overwrite: true);
        return written[layer] = (descriptor, archive.Digest());
    }

    /// <summary>Hashes what is written through it.</summary>
    private sealed class HashingStream(Stream inner) : Stream
    {
        private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        private long length;

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => length;

        public override long Position { get => length; set => throw new NotSupportedException(); }

        public Digest Digest() => Registry.Digests.Digest.FromHash(DigestAlgorithm.Sha256, hash.GetHashAndReset());

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            inner.Write(buffer);
            hash.AppendData(buffer);
            length += buffer.Length;
        }

        public override void Flush() => inner.Flush();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            hash.Dispose();
            base.Dispose(disposing);
        }
    }
}

/// <summary>An image that was written, by what identifies its parts.</summary>
/// <param name="Archives">The layers' digests before compression, the configuration's <c>diff_ids</c>.</param>
public sealed record WrittenImage(ImageSpec Spec, Descriptor Manifest, Descriptor Config, Descriptor[] Layers, Digest[] Archives)
{
    /// <summary>What goes to a registry for it, apart from the manifest.</summary>
    public IEnumerable<Digest> Blobs => Layers.Append(Config).Select(d => d.Digest).Distinct();
}

/// <summary>An OCI descriptor.</summary>
public sealed record Descriptor(string MediaType, Digest Digest, long Size)
{
    public JsonObject ToJson() => new() { ["mediaType"] = MediaType, ["digest"] = Digest.ToString(), ["size"] = Size };
}
