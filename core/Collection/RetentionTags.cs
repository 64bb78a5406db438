using Registry.Lifecycle;
using Registry.Manifests;
using Registry.Storage;

namespace Registry.Collection;

/// <summary>Takes the tags that a retention policy does not keep.</summary>
/// <remarks>
/// A tag is deleted if-match: who moved or pushed it meanwhile has it. The last one of a manifest that nothing else leads to goes in one batch with the note on the manifest's row, if-match:
/// so no crash can leave a manifest without a tag that no later run knows to take, and a tag that was put beside it, which re-writes that row, makes the batch fail. What lies below is noted
/// by <see cref="UntaggedManifests"/>, in this run or, after a crash, in the next: the note on the top tells.
/// </remarks>
internal sealed class RetentionTags(CollectionContext context)
{
    /// <returns>The manifests on whose rows it was noted that nothing leads to them, or was not because somebody wrote one of the rows meanwhile: that is for the next run to see.</returns>
    public async Task<HashSet<string>> Take(RepositoryGraph graph, RetentionPolicy policy, RetentionVerdict verdict, CancellationToken cancellation)
    {
        var noted = new HashSet<string>(StringComparer.Ordinal);
        foreach (var tags in verdict.Tags.Where(t => !t.IsKept).GroupBy(t => t.Tag.Digest, StringComparer.Ordinal))
        {
            var node = graph.Manifests.GetValueOrDefault(tags.Key);
            var isNoted = node is not null && !node.IsReleased && verdict.Released.Contains(node.Digest);
            await Take([.. tags], isNoted ? node : null, policy, cancellation);
            if (isNoted)
                noted.Add(tags.Key);
        }

        return noted;
    }

    private async Task Take(IReadOnlyList<JudgedTag> tags, ManifestNode? note, RetentionPolicy policy, CancellationToken cancellation)
    {
        List<TableOperation> last = [];
        if (note is not null)
        {
            if (await context.ReadWhole(note.Row, cancellation) is not { } row)
                return;
            last.Add(TableOperation.Replace(row.Copy().Noted(context.StartedAt, isReleased: true), row.ETag));
        }

        // The note goes with the last of them.
        var perTag = context.Options.KeepsDeleted ? 2 : 1;
        var chunks = tags.Chunk((TableLimits.MaxBatch - last.Count) / perTag).ToList();
        foreach (var (i, chunk) in chunks.Index())
        {
            List<TableOperation> batch = [.. chunk.SelectMany(t => DeletedRows.DeleteTag(t.Tag.Row, context.Options, $"retention of {policy.Repositories}: {t.Reason}"))];
            if (i == chunks.Count - 1)
                batch.AddRange(last);
            if (!context.IsDryRun && !(await context.Tables.WriteBatch(Tables.Manifests, batch, cancellation)).IsDone)
                return;
            foreach (var tag in chunk)
                context.Removed(CollectedKind.Tag, tag.Tag.Name, CollectionContext.Name(tag.Tag.Row.Partition), 0, tag.Reason);
        }
    }
}
