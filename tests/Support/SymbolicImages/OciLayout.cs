using System.Text.Json;
using System.Text.Json.Nodes;
using Registry.Digests;

namespace Registry.Tests.Support.SymbolicImages;

/// <summary>A folder in the OCI image layout (image-spec, image-layout.md), which skopeo, podman and buildah read and write.</summary>
public sealed class OciLayout(string path)
{
    private readonly JsonArray tagged = [];

    public string Path => path;

    public ImageBlobs Blobs { get; } = new(System.IO.Path.Combine(path, "blobs", "sha256"));

    /// <summary>Writes an image under a tag.</summary>
    public WrittenImage Add(string tag, ImageSpec image)
    {
        var written = Blobs.Write(image);
        Tag(tag, written.Manifest.ToJson());
        return written;
    }

    /// <summary>Writes an index of images under a tag.</summary>
    public (Descriptor Index, WrittenImage[] Images) AddIndex(string tag, params ImageSpec[] images)
    {
        var written = images.Select(Blobs.Write).ToArray();
        var index = Blobs.Write("application/vnd.oci.image.index.v1+json", new JsonObject
        {
            ["schemaVersion"] = 2,
            ["mediaType"] = "application/vnd.oci.image.index.v1+json",
            ["manifests"] = new JsonArray([.. written.Select(Platform)]),
        });
        Tag(tag, index.ToJson());
        return (index, written);
    }

    /// <summary>The digests of all that lies in a layout, each checked against the bytes that it names.</summary>
    public static async Task<SortedSet<string>> VerifiedBlobs(string layout, CancellationToken cancellation)
    {
        var digests = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var file in Directory.EnumerateFiles(System.IO.Path.Combine(layout, "blobs", "sha256")))
        {
            await using var content = File.OpenRead(file);
            var hash = await System.Security.Cryptography.SHA256.HashDataAsync(content, cancellation);
            Assert.Equal(System.IO.Path.GetFileName(file), Convert.ToHexStringLower(hash));
            digests.Add(System.IO.Path.GetFileName(file));
        }

        return digests;
    }

    /// <summary>The digests under tags in a layout.</summary>
    public static string[] Tagged(string layout)
    {
        using var index = JsonDocument.Parse(File.ReadAllBytes(System.IO.Path.Combine(layout, "index.json")));
        return [.. index.RootElement.GetProperty("manifests").EnumerateArray().Select(m => m.GetProperty("digest").GetString()!)];
    }

    private static JsonNode Platform(WrittenImage image)
    {
        var descriptor = image.Manifest.ToJson();
        descriptor["platform"] = new JsonObject { ["architecture"] = image.Spec.Architecture, ["os"] = "linux" };
        return descriptor;
    }

    private void Tag(string tag, JsonObject descriptor)
    {
        descriptor["annotations"] = new JsonObject { ["org.opencontainers.image.ref.name"] = tag };
        tagged.Add(descriptor);
        File.WriteAllText(System.IO.Path.Combine(path, "oci-layout"), """{"imageLayoutVersion":"1.0.0"}""");
        File.WriteAllText(System.IO.Path.Combine(path, "index.json"), new JsonObject { ["schemaVersion"] = 2, ["manifests"] = tagged.DeepClone() }.ToJsonString());
    }
}
