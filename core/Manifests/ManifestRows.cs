using Registry.Digests;
using Registry.Repositories;
using Registry.Storage;

namespace Registry.Manifests;

/// <summary>The rows of the manifests table: how they are written and read.</summary>
internal static class ManifestRows
{
    /// <summary>The property of a manifest's row whose blob does not have its bytes: the next put writes them once more (docs/verification.md).</summary>
    public const string DamagedProperty = "damaged";

    private const int PropertyLimit = 64 * 1024;
    private const int StringLimit = 32 * 1024;

    /// <summary>The property of a tag's row that tells when it was pushed. Without it, that is when the row was written.</summary>
    public const string Pushed = "pushed";

    /// <summary>The properties that hold what a manifest refers to: as many as fit a row.</summary>
    public static readonly IReadOnlyList<string> ReferenceColumns = [.. Enumerable.Range(0, 16).Select(i => $"refs{i}")];

    /// <summary>The properties of a tag's row.</summary>
    public static readonly IReadOnlyList<string> TagColumns = ["version", "digest", "bytes", "mediaType", "size", "blob", Pushed];

    public static TableEntity Manifest(RepositoryName repository, ManifestInfo info, ManifestDocument document)
    {
        var row = Describe(new TableEntity(Tables.Key(repository), Tables.ManifestRow(info.Digest)), info)
            .Set("artifactType", Short(document.ArtifactType))
            .Set("subject", document.Subject?.ToString());
        var references = ManifestReference.Encode(document.References);
        for (var part = 0; part * PropertyLimit < references.Length; part++)
            row.Set(ReferenceColumns[part], references[(part * PropertyLimit)..Math.Min(references.Length, (part + 1) * PropertyLimit)]);
        return row;
    }

    /// <param name="repository">Where.</param>
    /// <param name="tag">Which.</param>
    /// <param name="info">The manifest that it points at.</param>
    /// <param name="pushedAt">When it was pushed, where that is not when the row is written.</param>
    public static TableEntity Tag(RepositoryName repository, Tag tag, ManifestInfo info, DateTimeOffset? pushedAt = null) =>
        Describe(new TableEntity(Tables.Key(repository), Tables.TagRow(tag)), info).Set(Pushed, pushedAt);

    /// <summary>When a tag was pushed, by its row as it was read.</summary>
    public static DateTimeOffset PushedAt(TableEntity tag) => tag.FindTime(Pushed) ?? tag.Timestamp;

    /// <summary>The descriptor that the referrers API returns. Annotations too long for a row are read from the manifest when they are asked for.</summary>
    public static TableEntity Referrer(RepositoryName repository, Digest subject, ManifestInfo info, ManifestDocument document)
    {
        var inRow = (document.Annotations?.Length ?? 0) <= StringLimit && (document.ArtifactType?.Length ?? 0) <= StringLimit;
        return Describe(new TableEntity(Tables.Key(repository), Tables.ReferrerRow(subject, info.Digest)), info)
            .Set("artifactType", Short(document.ArtifactType))
            .Set("annotations", inRow ? document.Annotations : null)
            .Set("whole", inRow);
    }

    public static ManifestInfo Info(TableEntity row) =>
        new(Digest.Parse(row.GetString("digest")), row.GetString("mediaType"), row.GetInt64("size"), row.GetString("blob")) { Bytes = Bytes(row) };

    /// <summary>The manifest that a row is, or a tag's row points at.</summary>
    public static Digest Target(TableEntity row) => Digest.Parse(row.GetString("digest"));

    /// <summary>The digest of the bytes in the row's blob.</summary>
    public static Digest Bytes(TableEntity row) => Digest.Parse(row.FindString("bytes") ?? row.GetString("digest"));

    /// <summary>Whether verification found other bytes in the row's blob, or none.</summary>
    public static bool IsDamaged(TableEntity row) => row.FindBoolean(DamagedProperty) == true;

    /// <summary>What a manifest refers to.</summary>
    /// <exception cref="FormatException">The row was not written by <see cref="Manifest"/>.</exception>
    public static IEnumerable<ManifestReference> References(TableEntity row)
    {
        var parts = ReferenceColumns.Select(row.FindBinary).TakeWhile(part => part is not null).ToList();
        return ManifestReference.Decode(parts.Count == 1 ? parts[0] : [.. parts.SelectMany(part => part!)]);
    }

    /// <summary>Asks for the tags of a repository that point at a manifest.</summary>
    public static TableQuery TagsOf(string repository, string digest) =>
        new() { Partition = repository, FromRow = "t", BeforeRow = "u", Where = ("digest", digest) };

    /// <summary>The batch that removes a manifest's row, if it is still as it was read, and its referrer's row.</summary>
    public static IEnumerable<TableOperation> Deletes(TableEntity row)
    {
        yield return TableOperation.Delete(row.Partition, row.Row, row.ETag);
        if (Subject(row) is { } subject)
            yield return TableOperation.Delete(row.Partition, Tables.ReferrerRow(subject, Digest.Parse(row.GetString("digest"))), etag: null);
    }

    public static Digest? Subject(TableEntity row) =>
        row.FindString("subject") is { } subject ? Digest.Parse(subject) : null;

    private static TableEntity Describe(TableEntity row, ManifestInfo info) => row
        .Set("version", 1)
        .Set("digest", info.Digest.ToString())
        .Set("bytes", info.Bytes == info.Digest ? null : info.Bytes.ToString())
        .Set("mediaType", info.MediaType)
        .Set("size", info.Size)
        .Set("blob", info.Path);

    private static string? Short(string? text) => text is { Length: > StringLimit } ? null : text;
}
