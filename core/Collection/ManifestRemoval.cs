using Registry.Lifecycle;
using Registry.Storage;

namespace Registry.Collection;

/// <summary>Removes manifests of a repository that nothing leads to, and the tags that go with them.</summary>
/// <remarks>
/// Those are the tags that are at a manifest still (attachments of something else), and its own attachments'. The first go before it, as far as they do not fit its batch, so that no tag ever points
/// at nothing. The others go in its batch, or right behind it: where it is put once more, and so stays, they stay too.
/// </remarks>
/// <param name="context">Of the run.</param>
/// <param name="graph">The repository.</param>
/// <param name="hasAttachments">Whether tags that are named after a manifest are its attachments: where no retention policy applies they are tags like others.</param>
/// <param name="taken">Names of tags that have gone before.</param>
internal sealed class ManifestRemoval(CollectionContext context, RepositoryGraph graph, bool hasAttachments, IEnumerable<string> taken)
{
    private readonly HashSet<string> gone = new(taken, StringComparer.Ordinal);

    /// <param name="group">A manifest, or some that lead to each other: those go all or none, in one batch.</param>
    /// <param name="reason">Why one goes.</param>
    /// <param name="cancellation">Ends the call.</param>
    /// <returns>Whether they are gone.</returns>
    public async Task<bool> Remove(IReadOnlyList<ManifestNode> group, Func<ManifestNode, string> reason, CancellationToken cancellation)
    {
        var rows = new List<TableOperation>();
        foreach (var node in group)
        {
            var row = context.Options.KeepsDeleted ? await context.ReadWhole(node.Row, cancellation) : node.Row;
            if (row is null)
                return false;
            rows.AddRange(DeletedRows.DeleteManifest(row, context.Options, reason(node)));
        }

        List<TagNode> at = [.. group.SelectMany(node => graph.TagsAt(node.Digest)).Where(IsThere)];
        List<TagNode> attachments = hasAttachments ? [.. group.SelectMany(node => graph.AttachmentsOf(node.Digest)).Where(IsThere).Except(at)] : [];
        var room = DeletedRows.TagsInBatch(rows.Count, context.Options);
        var (before, with) = (Math.Max(0, at.Count - room), at.Concat(attachments).Skip(Math.Max(0, at.Count - room)).Take(room).ToList());
        var why = $"with {group[0].Digest}: {reason(group[0])}";
        if (group.Count > 1 && (before > 0 || !TableLimits.FitBatch([.. rows, .. with.SelectMany(tag => Delete(tag, why))])))
        {
            context.Kept(group[0].Digest, CollectionContext.Name(group[0].Row.Partition), $"nothing else leads to it and {group.Count - 1} others that lead to each other, but they are more than can be removed at once: delete one of them");
            return false;
        }

        if (!await Delete(at.Take(before), why, cancellation) || !await Delete(rows, with, why, cancellation))
            return false;
        foreach (var node in group)
            await Removed(node, reason(node), cancellation);

        // One that was moved meanwhile is somebody's.
        await Delete(attachments.Except(with), why, cancellation);
        return true;
    }

    private bool IsThere(TagNode tag) => !gone.Contains(tag.Name);

    private IEnumerable<TableOperation> Delete(TagNode tag, string reason) => DeletedRows.DeleteTag(tag.Row, context.Options, reason);

    private async Task<bool> Delete(IEnumerable<TagNode> tags, string reason, CancellationToken cancellation)
    {
        foreach (var some in tags.Chunk(DeletedRows.TagsInBatch(0, context.Options)))
        {
            if (!await Delete([], some, reason, cancellation))
                return false;
        }

        return true;
    }

    private async Task<bool> Delete(List<TableOperation> rows, IReadOnlyCollection<TagNode> tags, string reason, CancellationToken cancellation)
    {
        List<TableOperation> batch = [.. rows, .. tags.SelectMany(tag => Delete(tag, reason))];
        if (!context.IsDryRun && !(await context.Tables.WriteBatch(Storage.Tables.Manifests, batch, cancellation)).IsDone)
            return false;
        foreach (var tag in tags)
        {
            gone.Add(tag.Name);
            context.Removed(CollectedKind.Tag, tag.Name, CollectionContext.Name(tag.Row.Partition), 0, reason);
        }

        return true;
    }

    private async Task Removed(ManifestNode node, string reason, CancellationToken cancellation)
    {
        var size = context.Options.KeepsDeleted ? 0 : await ManifestBlob.Delete(context, node.Row.GetString("blob"), cancellation);
        context.Removed(CollectedKind.Manifest, node.Digest, CollectionContext.Name(node.Row.Partition), size, reason);
    }
}
