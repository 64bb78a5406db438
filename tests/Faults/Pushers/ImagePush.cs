using System.Text.Json;

namespace Registry.Tests.Faults.Pushers;

/// <summary>A whole image: a config, layers, and the manifest by tag.</summary>
public sealed class ImagePush(int seed, string tag, params int[] layerSizes)
{
    private const string ManifestType = "application/vnd.oci.image.manifest.v1+json";

    private readonly TestBlob config = new(JsonSerializer.SerializeToUtf8Bytes(new { architecture = "amd64", os = "linux", seed }));
    private readonly TestBlob[] layers = [.. layerSizes.Select((size, i) => TestBlob.Of((seed * 31) + i, size))];

    public async Task Run(Pusher pusher, UploadClient client, CancellationToken cancellation)
    {
        foreach (var blob in layers.Append(config))
            await pusher.Push(blob, cancellation);
        await Pusher.Insist(client, c => client.PutManifest(tag, Manifest(), ManifestType, c), cancellation);
    }

    private byte[] Manifest() => JsonSerializer.SerializeToUtf8Bytes(new
    {
        schemaVersion = 2,
        mediaType = ManifestType,
        config = Descriptor("application/vnd.oci.image.config.v1+json", config),
        layers = layers.Select(l => Descriptor("application/vnd.oci.image.layer.v1.tar+gzip", l)),
    });

    private static object Descriptor(string mediaType, TestBlob blob) => new { mediaType, digest = blob.Digest, size = blob.Content.Length };
}
