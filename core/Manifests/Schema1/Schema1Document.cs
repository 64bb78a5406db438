using System.Text.Json;
using Registry.Errors;

namespace Registry.Manifests.Schema1;

/// <summary>Tells schema 1 manifests from others, and makes of them what the registry knows of every manifest.</summary>
internal static class Schema1Document
{
    // Docker 1.6 to 1.9 sent no Content-Type; the format's description allows this one too.
    private const string AnyJson = "application/json";

    /// <summary>By the type, or where there is none by what stands in it.</summary>
    /// <param name="root">The manifest.</param>
    /// <param name="header">The request's Content-Type without parameters; empty when it has none.</param>
    public static bool IsSchema1(JsonElement root, string header)
    {
        if (header.Length > 0 && header != AnyJson)
            return MediaTypes.IsSchema1(header);
        if (root.ValueKind != JsonValueKind.Object)
            return false;
        if (root.TryGetProperty("mediaType", out var field) && field.ValueKind != JsonValueKind.Null)
            return field.ValueKind == JsonValueKind.String && MediaTypes.IsSchema1(field.GetString()!);
        return root.TryGetProperty("schemaVersion", out var version) && version.ValueKind == JsonValueKind.Number && version.TryGetInt32(out var number) && number == 1;
    }

    /// <exception cref="RegistryException"><c>MANIFEST_INVALID</c>, <c>MANIFEST_UNVERIFIED</c>: it cannot be read. What else is wrong is told by the document.</exception>
    public static ManifestDocument Read(ReadOnlyMemory<byte> content, JsonElement root, string header, ManifestOptions options)
    {
        if (!options.AcceptSchema1)
            throw new RegistryException(RegistryError.ManifestInvalid, "this registry does not accept schema 1 manifests; push with docker 1.10 or later");
        var manifest = Schema1Manifest.Read(content, root, options.MaxReferences);
        var mediaType = MediaTypes.IsSchema1(header) ? header : manifest.IsSigned ? MediaTypes.Schema1Signed : MediaTypes.Schema1;
        return new ManifestDocument
        {
            MediaType = mediaType,
            References = [.. manifest.Layers.Select(l => new ManifestReference(ReferenceKind.Blob, l))],
            Schema1 = manifest with { Problems = [.. TypeProblems(root, mediaType, manifest.IsSigned), .. manifest.Problems] },
        };
    }

    private static IEnumerable<RegistryException.Problem> TypeProblems(JsonElement root, string mediaType, bool isSigned)
    {
        if (mediaType == MediaTypes.Schema1Signed && !isSigned)
            yield return new(RegistryError.ManifestUnverified, "the manifest has no signatures");
        if (root.TryGetProperty("mediaType", out var field) && field.ValueKind != JsonValueKind.Null && !(field.ValueKind == JsonValueKind.String && field.GetString() == mediaType))
            yield return new(RegistryError.ManifestInvalid, $"Content-Type is {mediaType} and mediaType is another");
    }
}
