using Registry.Collection;
using Registry.Manifests;
using Registry.Storage;

namespace Registry.Lifecycle;

/// <summary>What a delete leaves of a manifest or a tag, so that it can be restored: a copy of its row, in the same partition, written in the batch that removes it.</summary>
/// <remarks>
/// Its Timestamp is the time of the deletion: nobody writes it again but a later delete of the same manifest or tag. The manifest's bytes stay as long as it does.
/// Its key sorts behind those of manifests and tags, so a reading of the partition that misses a manifest because it is deleted meanwhile sees the deleted row.
/// </remarks>
internal static class DeletedRows
{
    private const string ReasonProperty = "reason";

    /// <summary>Whether a row of the manifests table is one.</summary>
    public static bool Is(TableEntity row) => row.Row[0] == Tables.DeletedPrefix;

    public static bool IsManifest(TableEntity row) => row.Row.StartsWith(Tables.DeletedManifestsPrefix, StringComparison.Ordinal);

    public static bool IsTag(TableEntity row) => row.Row.StartsWith(Tables.DeletedTagsPrefix, StringComparison.Ordinal);

    public static Tag Tag(TableEntity row) => Manifests.Tag.Parse(row.Row[Tables.DeletedTagsPrefix.Length..]);

    /// <summary>Why it was deleted, as a person would say it.</summary>
    public static string Reason(TableEntity row) => row.FindString(ReasonProperty) ?? "";

    /// <summary>Removes a tag if it is still as it was read.</summary>
    public static IEnumerable<TableOperation> DeleteTag(TableEntity tag, CollectionOptions options, string reason)
    {
        yield return TableOperation.Delete(tag.Partition, tag.Row, tag.ETag);
        if (options.KeepsDeleted)
            yield return TableOperation.Upsert(Copy(tag, reason));
    }

    /// <summary>Removes a manifest if it is still as it was read, and its referrer's row. Its tags are the caller's to remove.</summary>
    /// <param name="row">The row with all of its properties.</param>
    /// <param name="options">Whether it stays restorable.</param>
    /// <param name="reason">Why.</param>
    public static IEnumerable<TableOperation> DeleteManifest(TableEntity row, CollectionOptions options, string reason)
    {
        foreach (var operation in ManifestRows.Deletes(row))
            yield return operation;
        if (options.KeepsDeleted)
            yield return TableOperation.Upsert(Copy(row, reason));
    }

    /// <summary>Tags in batches. Beside the last ones, of which there may be none, is room for so many other operations.</summary>
    public static IReadOnlyList<T[]> Batches<T>(IReadOnlyCollection<T> tags, int others, CollectionOptions options)
    {
        var first = tags.Count - Math.Min(tags.Count, TagsInBatch(others, options));
        return [.. tags.Take(first).Chunk(TagsInBatch(0, options)), [.. tags.Skip(first)]];
    }

    /// <summary>How many tags one batch removes beside so many other operations.</summary>
    public static int TagsInBatch(int others, CollectionOptions options) => Math.Max(0, TableLimits.MaxBatch - others) / (options.KeepsDeleted ? 2 : 1);

    private static TableEntity Copy(TableEntity row, string reason) => row.CopyTo(Tables.DeletedRow(row.Row))
        .Set(ReasonProperty, reason)
        .Set(ManifestRows.Pushed, ManifestRows.PushedAt(row))
        .Unnoted();
}
