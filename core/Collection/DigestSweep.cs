using Registry.Layers;
using Registry.Storage;

namespace Registry.Collection;

/// <summary>The rows of one digest: its content and the links to it, as they come.</summary>
/// <param name="digest">The partition.</param>
/// <param name="needed">The repositories in which a manifest needs it; null for a name of content by another algorithm.</param>
internal sealed class DigestSweep(string digest, IReadOnlySet<ulong>? needed)
{
    private readonly List<TableEntity> candidates = [];
    private TableEntity? content;
    private bool isHeld;
    private bool isNeeded;
    private bool isRestorable;

    public string Digest => digest;

    /// <summary>The bytes of its content, where nothing but what was deleted and can be restored needs that. All rows were added.</summary>
    public long Restorable => isRestorable && !isNeeded ? content?.FindInt64("size") ?? 0 : 0;

    /// <summary>Whether all of its rows were added.</summary>
    public bool IsWhole { get; set; }

    public void Add(TableEntity row, CollectionTotals totals)
    {
        if (row.Row == Tables.ContentRow)
        {
            totals.Contents++;
            content = row;
        }
        else
        {
            totals.Links++;
            var repository = SortedKey.OfRepository(row.Row);
            if (needed?.Contains(repository) == true)
                (isHeld, isNeeded) = (true, true);
            else if (needed?.Contains(SortedKey.OfDeleted(repository)) == true)
                (isHeld, isRestorable) = (true, true);
            else
                candidates.Add(row);
        }
    }

    /// <summary>Whether storage has to be asked or told anything, or the observer.</summary>
    public bool HasWork(CollectionContext context) => candidates.Count > 0 || (IsWhole && !isHeld && content is not null);

    public async Task Sweep(CollectionContext context, CancellationToken cancellation)
    {
        foreach (var link in candidates)
        {
            if (!await Remove(context, link, cancellation))
                isHeld = true;
        }

        candidates.Clear();
        if (IsWhole && !isHeld && content is not null)
            await RemoveContent(context, content, cancellation);
    }

    /// <returns>Whether the link is gone.</returns>
    private async Task<bool> Remove(CollectionContext context, TableEntity link, CancellationToken cancellation)
    {
        if (context.IsKept(link.Row))
            return false;
        if (link.FindString(LayerLinks.CanonicalProperty) is { } canonical)
            return await RemoveAlias(context, link, canonical, cancellation);
        if (needed is null || link.FindString("blob") is null)
        {
            context.Keep(digest, CollectionContext.Name(link.Row), "the link cannot be read");
            return false;
        }

        const string Reason = "no manifest of the repository needs it";
        if (!context.IsOld(link.Timestamp))
        {
            context.Waits(CollectedKind.Link, digest, CollectionContext.Name(link.Row), 0, Reason, link.Timestamp + context.Options.GracePeriod);
            return false;
        }

        if (!await Delete(context, link, cancellation))
            return false;
        context.Removed(CollectedKind.Link, digest, CollectionContext.Name(link.Row), 0, Reason);
        return true;
    }

    /// <summary>Another name of content lives as long as the repository's link to that.</summary>
    private async Task<bool> RemoveAlias(CollectionContext context, TableEntity alias, string canonical, CancellationToken cancellation)
    {
        if (!context.IsOld(alias.Timestamp) || await context.Tables.Find(Tables.Content, canonical, alias.Row, cancellation) is not null)
            return false;
        if (!await Delete(context, alias, cancellation))
            return false;
        context.Removed(CollectedKind.Link, digest, CollectionContext.Name(alias.Row), 0, $"the repository no longer holds {canonical}");
        return true;
    }

    private async Task RemoveContent(CollectionContext context, TableEntity row, CancellationToken cancellation)
    {
        const string Reason = "no repository holds it";
        if (row.FindString("blob") is not { } path || row.FindInt64("size") is not { } size)
        {
            context.Keep(digest, null, "the content's row cannot be read");
            return;
        }

        // Who finished with content that was there drops its own blob only while that content cannot have gone: it was joined moments ago.
        if (!context.IsOld(row.Timestamp))
        {
            context.Waits(CollectedKind.Content, digest, null, size, Reason, row.Timestamp + context.Options.GracePeriod);
            return;
        }

        var isTakenOver = PathMapper.ContentId(path) is null;
        if (isTakenOver && await context.IsImportOpen(cancellation))
        {
            context.Waits(CollectedKind.Content, digest, null, size, $"{Reason}, and an import has not ended", context.StartedAt + context.Options.GracePeriod);
            return;
        }

        if (isTakenOver && !context.IsDryRun)
        {
            if (!await FreeTakenOver(context, row, path, cancellation))
                return;
        }
        else
        {
            if (!await Delete(context, row, cancellation))
                return;
            if (!context.IsDryRun && !await ContentBlob.Delete(context, path, cancellation))
                size = 0;
        }

        context.Removed(CollectedKind.Content, digest, null, size, Reason);
    }

    /// <summary>Deletes a blob that was taken over. Another import may find it as long as it is there and name it once more, which nobody does with a blob of ours: so the row stays until the blob has gone, and says so.</summary>
    private static async Task<bool> FreeTakenOver(CollectionContext context, TableEntity row, string path, CancellationToken cancellation)
    {
        var freed = row.Copy().Set("version", 1).Set(LayerLinks.FreedProperty, true);
        var written = await context.Tables.Write(Tables.Content, TableOperation.Replace(freed, row.ETag), cancellation);
        if (!written.IsDone)
            return false;
        await context.Driver.Delete(path, cancellation);

        // Unless a push of the same content has put its own blob there.
        await context.Tables.Write(Tables.Content, TableOperation.Delete(row.Partition, row.Row, written.ETag), cancellation);
        return true;
    }

    private static async Task<bool> Delete(CollectionContext context, TableEntity row, CancellationToken cancellation) =>
        context.IsDryRun || (await context.Tables.Write(Tables.Content, TableOperation.Delete(row.Partition, row.Row, row.ETag), cancellation)).IsDone;
}
