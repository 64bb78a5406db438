using System.Text.Json;
using Registry.Digests;
using Registry.Errors;
using Registry.Manifests;

namespace Registry.Import;

/// <summary>A manifest that was read from distribution's content.</summary>
/// <param name="Digest">Its digest, which its bytes have.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Document">What it says.</param>
internal sealed record FoundManifest(Digest Digest, long Size, ManifestDocument Document)
{
    public IEnumerable<Digest> Children => Document.References.Where(r => r.Kind == ReferenceKind.Child).Select(r => r.Digest);

    /// <summary>Reads a manifest.</summary>
    /// <exception cref="RegistryException">It cannot be taken over; the message says why.</exception>
    public static FoundManifest Read(Digest digest, ReadOnlyMemory<byte> content, ManifestOptions options)
    {
        if (Digest.Compute(digest.Algorithm, content.Span) is var actual && actual != digest)
            throw new RegistryException(RegistryError.ManifestInvalid, $"its bytes have the digest {actual}");
        return new FoundManifest(digest, content.Length, ManifestDocument.Parse(content, MediaTypeOf(content), options));
    }

    // Distribution keeps no Content-Type. What has no mediaType, as OCI allows, it takes for an index if there is a list of manifests in it and
    // for an image otherwise.
    private static string? MediaTypeOf(ReadOnlyMemory<byte> content)
    {
        try
        {
            using var json = JsonDocument.Parse(content);
            var root = json.RootElement;
            if (root.ValueKind != JsonValueKind.Object)
                return null;
            if (root.TryGetProperty("schemaVersion", out var version) && version.ValueKind == JsonValueKind.Number && version.TryGetInt32(out var number) && number == 1)
                throw new RegistryException(RegistryError.ManifestInvalid, "it is a manifest of schema 1, which is not taken over");
            return root.TryGetProperty("mediaType", out _) ? null : root.TryGetProperty("manifests", out _) ? MediaTypes.OciIndex : MediaTypes.OciManifest;
        }
        catch (JsonException)
        {
            // Said better by whoever reads all of it.
            return null;
        }
    }
}
