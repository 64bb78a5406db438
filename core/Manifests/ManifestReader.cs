using System.Text.Json;
using Registry.Digests;
using Registry.Errors;

namespace Registry.Manifests;

/// <summary>Reads what the registry needs from a manifest's JSON: unknown fields and unknown media types pass, what is known must be well-formed.</summary>
internal sealed class ManifestReader(JsonElement root, int maxReferences)
{
    private readonly Dictionary<Digest, ReferenceKind> references = [];
    private int descriptors;

    /// <param name="contentType">The request's Content-Type without parameters; empty when it has none.</param>
    public ManifestDocument Read(string contentType)
    {
        if (root.ValueKind != JsonValueKind.Object)
            throw Invalid("a manifest is a JSON object");
        var mediaType = MediaType(contentType);
        RequireStructure(mediaType);

        var config = Find(root, "config", JsonValueKind.Object);
        if (config is { } descriptor)
            Add(descriptor, "config", ReferenceKind.Blob);
        AddAll("layers", ReferenceKind.Blob);
        AddAll("blobs", ReferenceKind.Blob);
        AddAll("manifests", ReferenceKind.Child);

        var annotations = Find(root, "annotations", JsonValueKind.Object);
        return new ManifestDocument
        {
            MediaType = mediaType,
            ArtifactType = Text(root, "artifactType") ?? (MediaTypes.IsIndex(mediaType) || config is null ? null : Text(config.Value, "mediaType")),
            Subject = Find(root, "subject", JsonValueKind.Object) is { } subject ? RequireHash(DigestOf(subject, "subject"), "subject") : null,
            References = [.. references.Select(r => new ManifestReference(r.Value, r.Key))],
            Annotations = annotations?.GetRawText(),
        };
    }

    private string MediaType(string header)
    {
        var field = Text(root, "mediaType");
        if (header.Length > 0 && field is not null && field != header)
            throw Invalid($"Content-Type is {header} and mediaType is {field}");
        var mediaType = header.Length > 0 ? header : field ?? throw Invalid("neither Content-Type nor mediaType tells what the manifest is");

        // It is kept in a row and goes out as a header, so it must fit the one and be safe in the other.
        return MediaTypes.IsWellFormed(mediaType) ? mediaType : throw Invalid($"the media type is not type/subtype of at most {MediaTypes.MaxLength} characters");
    }

    // A document that is an image to one client and an index to another could show each of them different content
    // (image-spec, manifest.md and image-index.md, "mediaType").
    private void RequireStructure(string mediaType)
    {
        if (MediaTypes.IsImage(mediaType))
        {
            Require("config", JsonValueKind.Object);
            Require("layers", JsonValueKind.Array);
            Forbid("manifests", mediaType);
        }
        else if (MediaTypes.IsIndex(mediaType))
        {
            Require("manifests", JsonValueKind.Array);
            Forbid("config", mediaType);
            Forbid("layers", mediaType);
        }
    }

    private void Require(string name, JsonValueKind kind)
    {
        if (Find(root, name, kind) is null)
            throw Invalid($"'{name}' is missing");
    }

    private void Forbid(string name, string mediaType)
    {
        if (root.TryGetProperty(name, out _))
            throw Invalid($"'{name}' does not belong in {mediaType}");
    }

    private void AddAll(string name, ReferenceKind kind)
    {
        if (Find(root, name, JsonValueKind.Array) is not { } list)
            return;
        var index = 0;
        foreach (var item in list.EnumerateArray())
        {
            var where = $"{name}[{index++}]";
            if (item.ValueKind != JsonValueKind.Object)
                throw Invalid($"'{where}' is not a descriptor");
            Add(item, where, kind);
        }
    }

    private void Add(JsonElement descriptor, string where, ReferenceKind kind)
    {
        if (++descriptors > maxReferences)
            throw Invalid($"more than {maxReferences} descriptors");
        var digest = DigestOf(descriptor, where);
        if (kind == ReferenceKind.Child)
            RequireHash(digest, where);
        var elsewhere = MediaTypes.IsNonDistributable(Text(descriptor, "mediaType") ?? "") || HoldsData(descriptor, digest);
        var actual = elsewhere ? ReferenceKind.Elsewhere : kind;

        // Of two kinds the stricter holds: what must be here in one place must be here.
        references[digest] = references.TryGetValue(digest, out var before) && before < actual ? before : actual;
    }

    // image-spec, descriptor.md: "data" is an embedded representation of the content, and must match digest and size.
    private static bool HoldsData(JsonElement descriptor, Digest digest) =>
        digest.Algorithm.IsHash
        && descriptor.TryGetProperty("data", out var data)
        && data.ValueKind == JsonValueKind.String
        && data.TryGetBytesFromBase64(out var bytes)
        && Digest.Compute(digest.Algorithm, bytes) == digest;

    private static Digest DigestOf(JsonElement descriptor, string where) =>
        Digest.TryParse(Text(descriptor, "digest"), out var digest) ? digest : throw Invalid($"'{where}' has no valid digest");

    private static Digest RequireHash(Digest digest, string where) =>
        digest.Algorithm.IsHash ? digest : throw Invalid($"'{where}' is a manifest, which has no tarsum");

    private static string? Text(JsonElement parent, string name) => Find(parent, name, JsonValueKind.String)?.GetString();

    private static JsonElement? Find(JsonElement parent, string name, JsonValueKind kind)
    {
        if (!parent.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null)
            return null;
        return value.ValueKind == kind ? value : throw Invalid($"'{name}' is not {(kind == JsonValueKind.String ? "a string" : kind == JsonValueKind.Array ? "a list" : "an object")}");
    }

    private static RegistryException Invalid(string message) => new(RegistryError.ManifestInvalid, message);
}
