using System.Runtime.CompilerServices;
using Registry.Lifecycle;
using Registry.Manifests;
using Registry.Storage;

namespace Registry.Collection;

/// <summary>Takes the tags that a retention policy does not keep.</summary>
/// <remarks>
/// A tag is deleted if-match: who moved or pushed it meanwhile has it. The last one of a manifest that nothing else leads to goes in one batch with the note on the manifest's row, if-match:
/// so no crash can leave a manifest without a tag that no later run knows to take, and a tag that was put beside it, which re-writes that row, makes the batch fail. What lies below is noted
/// by <see cref="UntaggedManifests"/>, in this run or, after a crash, in the next: the note on the top tells.
/// An attachment's tag stays as long as the manifest that it belongs to, and goes with that one: until then a push or a restore can bring back the tag that led to both.
/// </remarks>
internal sealed class RetentionTags(CollectionContext context)
{
    private readonly HashSet<string> gone = new(StringComparer.Ordinal);
    private readonly HashSet<string> noted = new(StringComparer.Ordinal);

    /// <summary>The names of the tags that went.</summary>
    public IReadOnlySet<string> Gone => gone;

    /// <summary>The manifests on whose rows it was noted that nothing leads to them, or was not because somebody wrote one of the rows meanwhile: that is for the next run to see.</summary>
    public IReadOnlySet<string> Noted => noted;

    /// <returns>The digests of the manifests that the tags were at, as they go.</returns>
    public async IAsyncEnumerable<string> Take(RepositoryGraph graph, RetentionPolicy policy, RetentionVerdict verdict, [EnumeratorCancellation] CancellationToken cancellation)
    {
        foreach (var tags in verdict.Tags.Where(t => !t.IsKept && graph.SubjectOf(t.Tag) is null).GroupBy(t => t.Tag.Digest, StringComparer.Ordinal))
        {
            var node = graph.Manifests.GetValueOrDefault(tags.Key);
            var isNoted = node is not null && !node.IsReleased && verdict.Released.Contains(node.Digest);
            await Take([.. tags], isNoted ? node : null, policy, cancellation);
            if (isNoted)
                noted.Add(tags.Key);
            yield return tags.Key;
        }
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
        var batches = DeletedRows.Batches(tags, last.Count, context.Options);
        foreach (var (i, some) in batches.Index())
        {
            List<TableOperation> batch = [.. some.SelectMany(t => DeletedRows.DeleteTag(t.Tag.Row, context.Options, $"retention of {policy.Repositories}: {t.Reason}"))];
            if (i == batches.Count - 1)
                batch.AddRange(last);
            if (!context.IsDryRun && !(await context.Tables.WriteBatch(Tables.Manifests, batch, cancellation)).IsDone)
                return;
            foreach (var tag in some)
            {
                gone.Add(tag.Tag.Name);
                context.Removed(CollectedKind.Tag, tag.Tag.Name, CollectionContext.Name(tag.Tag.Row.Partition), 0, tag.Reason);
            }
        }
    }
}
