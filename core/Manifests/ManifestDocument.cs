using System.Text.Json;
using Registry.Digests;
using Registry.Errors;

namespace Registry.Manifests;

/// <summary>What the registry reads of a manifest. The bytes themselves are stored and served as they came.</summary>
public sealed record ManifestDocument
{
    public required string MediaType { get; init; }

    /// <summary>The manifest's own artifact type or, for an image, its config's media type (distribution-spec, "Listing Referrers"); null for an index without one.</summary>
    public string? ArtifactType { get; init; }

    public Digest? Subject { get; init; }

    /// <summary>Every digest once, in the order of the document.</summary>
    public required IReadOnlyList<ManifestReference> References { get; init; }

    /// <summary>The <c>annotations</c> object as it stands in the document, or null.</summary>
    public string? Annotations { get; init; }

    /// <summary>Reads a manifest.</summary>
    /// <param name="content">The bytes.</param>
    /// <param name="contentType">The request's Content-Type, or null when it has none; parameters are ignored.</param>
    /// <param name="maxReferences">Descriptors there may be.</param>
    /// <exception cref="RegistryException"><c>MANIFEST_INVALID</c></exception>
    public static ManifestDocument Parse(ReadOnlyMemory<byte> content, string? contentType, int maxReferences)
    {
        try
        {
            using var json = JsonDocument.Parse(content);
            return new ManifestReader(json.RootElement, maxReferences).Read(contentType);
        }
        catch (InvalidOperationException)
        {
            // What System.Text.Json says of a string that is not Unicode, such as a lone surrogate.
            throw new RegistryException(RegistryError.ManifestInvalid, "the manifest has a string that is not Unicode");
        }
        catch (JsonException e)
        {
            throw new RegistryException(RegistryError.ManifestInvalid, $"the manifest is not JSON: line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}");
        }
    }
}
