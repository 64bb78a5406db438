using System.Text.Json;
using Registry.Digests;
using Registry.Errors;
using Registry.Manifests.Schema1;

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

    /// <summary>What a schema 1 manifest says, and what is wrong with it; null for all others.</summary>
    public Schema1Manifest? Schema1 { get; init; }

    /// <summary>Reads a manifest.</summary>
    /// <param name="content">The bytes.</param>
    /// <param name="contentType">The request's Content-Type, or null when it has none; parameters are ignored.</param>
    /// <param name="options">How many descriptors there may be, and whether schema 1 is accepted.</param>
    /// <exception cref="RegistryException"><c>MANIFEST_INVALID</c>, <c>MANIFEST_UNVERIFIED</c></exception>
    public static ManifestDocument Parse(ReadOnlyMemory<byte> content, string? contentType, ManifestOptions options)
    {
        try
        {
            using var json = JsonDocument.Parse(content);
            var header = contentType is null ? "" : MediaTypes.WithoutParameters(contentType);
            return Schema1Document.IsSchema1(json.RootElement, header)
                ? Schema1Document.Read(content, json.RootElement, header, options)
                : new ManifestReader(json.RootElement, options.MaxReferences).Read(header);
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
