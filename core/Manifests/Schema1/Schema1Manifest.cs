using System.Text.Json;
using Registry.Digests;
using Registry.Errors;
using Registry.Repositories;

namespace Registry.Manifests.Schema1;

/// <summary>Docker's first manifest of this API (image manifest version 2, schema 1), plain or signed: what the registry reads of it, and all that is wrong with it.</summary>
/// <param name="Payload">What its digest is over: the bytes as they came, or for a signed one those without the signatures.</param>
/// <param name="IsSigned">Whether there are signatures.</param>
/// <param name="Name">The repository it says it is for; null when it does not say.</param>
/// <param name="Tag">The tag it says it is for; null when it does not say.</param>
/// <param name="Layers">The digests of its layers, each once.</param>
/// <param name="Problems">What is wrong with it wherever it is put; empty when nothing is.</param>
public sealed record Schema1Manifest(
    ReadOnlyMemory<byte> Payload, bool IsSigned, string? Name, string? Tag, IReadOnlyList<Digest> Layers, IReadOnlyList<RegistryException.Problem> Problems)
{
    /// <summary>Reads a manifest, and verifies the signatures it has.</summary>
    /// <param name="content">A JSON object whose syntax has been looked at.</param>
    /// <param name="root">The same, parsed.</param>
    /// <param name="maxLayers">Layers there may be.</param>
    /// <exception cref="RegistryException">It cannot be read: <c>MANIFEST_UNVERIFIED</c> when the payload cannot be told, <c>MANIFEST_INVALID</c></exception>
    internal static Schema1Manifest Read(ReadOnlyMemory<byte> content, JsonElement root, int maxLayers)
    {
        if (root.ValueKind != JsonValueKind.Object)
            throw new RegistryException(RegistryError.ManifestInvalid, "a manifest is a JSON object");
        if (!root.TryGetProperty(PrettyJws.Member, out _))
            return Read(content, false, [], maxLayers);
        var signed = PrettyJws.Open(content);
        return signed.Payload is { } payload ? Read(payload, true, signed.Problems, maxLayers) : throw new RegistryException(signed.Problems);
    }

    /// <summary>What is wrong with putting it there.</summary>
    /// <param name="repository">Where.</param>
    /// <param name="tags">Under which tags; none when it is put by digest alone.</param>
    public IEnumerable<RegistryException.Problem> ProblemsAt(RepositoryName repository, IReadOnlyCollection<Tag> tags)
    {
        if (Name is not null && Name != repository.ToString())
            yield return new(RegistryError.NameInvalid, "the manifest's name is not the repository's", new NameDetail(Name));
        foreach (var tag in tags)
        {
            if (Tag is not null && Tag != tag.ToString())
                yield return new(RegistryError.TagInvalid, $"the manifest's tag is not '{tag}'", new TagDetail(Tag));
        }
    }

    private static Schema1Manifest Read(ReadOnlyMemory<byte> payload, bool isSigned, IReadOnlyList<RegistryException.Problem> problems, int maxLayers)
    {
        using var json = Parse(payload, problems);
        var reader = new Schema1Reader(json.RootElement, maxLayers);
        reader.Read();
        return new Schema1Manifest(payload, isSigned, reader.Name, reader.Tag, reader.Layers, [.. problems, .. reader.Problems]);
    }

    // No member may be there twice: of two layer lists one would be verified, and the other pulled.
    private static JsonDocument Parse(ReadOnlyMemory<byte> payload, IReadOnlyList<RegistryException.Problem> problems)
    {
        try
        {
            return JsonDocument.Parse(payload, new JsonDocumentOptions { AllowDuplicateProperties = false });
        }
        catch (JsonException)
        {
            // The syntax of the whole was right, and the signatures aside it is the payload's.
            throw new RegistryException([.. problems, new(RegistryError.ManifestInvalid, "the manifest has a member twice")]);
        }
    }
}
