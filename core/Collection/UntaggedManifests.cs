using Registry.Lifecycle;
using Registry.Manifests;
using Registry.Storage;

namespace Registry.Collection;

/// <summary>Finds the manifests of a repository that no tag, index or subject leads to. One run writes the time on their rows; a later run removes them.</summary>
/// <remarks>
/// A put re-writes the row of what it tags, and renews the rows of an index's children when they are old, so it and the if-match delete cannot both
/// succeed; and a row that was renewed lately is left alone, because another put may rely on that and not renew it again. The rows of a
/// repository come in order of manifests, referrers, tags: a tag that moves to a manifest while its repository is read re-writes its row as well.
/// A put renews only what it names. What lies further below, or refers to it as its subject, is safe because whatever leads to a manifest goes before it does,
/// and when that stays (it was put once more, or waits), so does all that it leads to.
/// Where a retention policy applies, what it released goes so too, whatever the rule for other untagged manifests is.
/// </remarks>
internal sealed class UntaggedManifests(CollectionContext context, RetentionPolicy? policy)
{
    /// <summary>The property of a manifest's row that tells since when nothing was seen to lead to it.</summary>
    public const string Since = ManifestLead.Since;

    private readonly RepositoryGraph graph = new();
    private readonly RetentionTags retention = new(context);
    private readonly TimeSpan? after = policy?.Untagged ?? context.Options.UntaggedAfter;

    // Nothing where no policy applies: then what a policy released before stays.
    private HashSet<string> released = [];
    private HashSet<string> noted = [];

    /// <summary>Takes down one row of the repository.</summary>
    public void Add(TableEntity row) => graph.Add(row);

    /// <summary>Judges the repository, all of whose rows were added.</summary>
    public async Task Judge(string repository, CancellationToken cancellation)
    {
        if (graph.IsUnreadable || context.IsKept(repository))
            return;
        HashSet<string> live;
        if (policy is null)
        {
            live = graph.Reach(graph.Tags.Select(t => t.Digest), graph.Leads);
        }
        else
        {
            var verdict = RetentionJudge.Judge(graph, policy, context.StartedAt, context.Options.RestorableFor);
            (live, released) = (verdict.Live, verdict.Released);
            noted = await retention.Take(graph, policy, verdict, cancellation);
        }

        foreach (var digest in live)
            await Clear(graph.Manifests[digest], cancellation);
        await JudgeAll([.. graph.Manifests.Keys.Where(d => !live.Contains(d))], policy is null ? graph.Leads : graph.LeadsWithAttachments, cancellation);
    }

    private async Task Clear(ManifestNode node, CancellationToken cancellation)
    {
        if (node.UntaggedSince is not null && !context.IsDryRun && await context.ReadWhole(node.Row, cancellation) is { } row)
            await context.Tables.Write(Tables.Manifests, TableOperation.Replace(row.Copy().Unnoted(), row.ETag), cancellation);
    }

    private async Task JudgeAll(List<string> dead, Func<string, IEnumerable<string>> leads, CancellationToken cancellation)
    {
        // What stays because something that stays leads to it, and until when; never where that was written meanwhile.
        var stays = new Dictionary<string, DateTimeOffset>(StringComparer.Ordinal);
        foreach (var group in LeadOrder.Of(dead, leads))
        {
            var until = group.Max(digest => stays.GetValueOrDefault(digest));
            foreach (var digest in group)
                until = await Judge(graph.Manifests[digest], until, cancellation);
            if (until == default && await Remove(group, cancellation))
                continue;
            until = until == default ? DateTimeOffset.MaxValue : until;
            foreach (var next in group.SelectMany(leads))
                stays[next] = stays.GetValueOrDefault(next) > until ? stays[next] : until;
        }
    }

    /// <returns>Until when it stays, and no less than <paramref name="until"/>; the default when it can go.</returns>
    private async Task<DateTimeOffset> Judge(ManifestNode node, DateTimeOffset until, CancellationToken cancellation)
    {
        var isReleased = released.Contains(node.Digest);
        if (Departure.Wait(isReleased, after, context.Options) is not { } wait)
            return DateTimeOffset.MaxValue;
        var goesAt = Departure.At(node, isReleased, wait, context.Options);
        if (goesAt is null && !noted.Contains(node.Digest))
            await Note(node, isReleased, cancellation);
        goesAt ??= context.StartedAt + wait;
        if (goesAt > until && (goesAt > context.StartedAt || !context.IsOld(node.Row.Timestamp)))
            until = goesAt.Value;
        if (until != default && until != DateTimeOffset.MaxValue)
            context.Waits(CollectedKind.Manifest, node.Digest, CollectionContext.Name(node.Row.Partition), 0, isReleased ? "retention took what led to it" : "nothing leads to it", until);
        return until;
    }

    private async Task Note(ManifestNode node, bool isReleased, CancellationToken cancellation)
    {
        if (!context.IsDryRun && await context.ReadWhole(node.Row, cancellation) is { } row)
            await context.Tables.Write(Tables.Manifests, TableOperation.Replace(row.Copy().Noted(context.StartedAt, isReleased), row.ETag), cancellation);
    }

    /// <returns>Whether they are gone: all of a group or none, in one batch. (A group is one manifest, but for the oddest.)</returns>
    private async Task<bool> Remove(List<string> group, CancellationToken cancellation)
    {
        var deletes = new List<TableOperation>();
        foreach (var node in group.Select(digest => graph.Manifests[digest]))
        {
            var row = context.Options.KeepsDeleted ? await context.ReadWhole(node.Row, cancellation) : node.Row;
            if (row is null)
                return false;
            deletes.AddRange(DeletedRows.DeleteManifest(row, context.Options, Reason(node)));

            // Attachments, for what else points at it is gone: their subject goes before them.
            deletes.AddRange(graph.TagsAt(node.Digest).SelectMany(tag => DeletedRows.DeleteTag(tag.Row, context.Options, Reason(node))));
        }

        if (!TableLimits.FitBatch(deletes) || (!context.IsDryRun && !(await context.Tables.WriteBatch(Tables.Manifests, deletes, cancellation)).IsDone))
            return false;
        foreach (var digest in group)
            await Removed(graph.Manifests[digest], cancellation);
        return true;
    }

    private async Task Removed(ManifestNode node, CancellationToken cancellation)
    {
        var size = context.Options.KeepsDeleted ? 0 : await ManifestBlob.Delete(context, node.Row.GetString("blob"), cancellation);
        context.Removed(CollectedKind.Manifest, node.Digest, CollectionContext.Name(node.Row.Partition), size, Reason(node));
    }

    private string Reason(ManifestNode node) => released.Contains(node.Digest)
        ? $"nothing has led to it since {node.UntaggedSince:u}: taken by the retention of {policy!.Repositories}"
        : $"nothing has led to it since {node.UntaggedSince:u}";
}
