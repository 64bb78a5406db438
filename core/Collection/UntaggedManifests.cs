using System.Runtime.CompilerServices;
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

    /// <summary>Takes down one row of the repository.</summary>
    public void Add(TableEntity row) => graph.Add(row);

    /// <summary>Judges the repository, all of whose rows were added.</summary>
    /// <returns>Something for each manifest for which rows were written. Who stops there and judges the repository anew goes on from there: what was done shows in the rows.</returns>
    public async IAsyncEnumerable<string> Judge(string repository, [EnumeratorCancellation] CancellationToken cancellation)
    {
        if (graph.IsUnreadable || context.IsKept(repository))
            yield break;
        HashSet<string> live;
        if (policy is null)
        {
            live = graph.Reach(graph.Tags.Select(t => t.Digest), graph.Leads);
        }
        else
        {
            var verdict = RetentionJudge.Judge(graph, policy, context.StartedAt, context.Options.RestorableFor);
            (live, released) = (verdict.Live, verdict.Released);
            await foreach (var manifest in retention.Take(graph, policy, verdict, cancellation))
                yield return manifest;
        }

        foreach (var node in live.Select(digest => graph.Manifests[digest]).Where(node => node.UntaggedSince is not null))
        {
            await Clear(node, cancellation);
            yield return node.Digest;
        }

        await foreach (var manifest in JudgeAll([.. graph.Manifests.Keys.Where(d => !live.Contains(d))], policy is null ? graph.Leads : graph.LeadsWithAttachments, cancellation))
            yield return manifest;
    }

    private async Task Clear(ManifestNode node, CancellationToken cancellation)
    {
        if (!context.IsDryRun && await context.ReadWhole(node.Row, cancellation) is { } row)
            await context.Tables.Write(Tables.Manifests, TableOperation.Replace(row.Copy().Unnoted(), row.ETag), cancellation);
    }

    private async IAsyncEnumerable<string> JudgeAll(List<string> dead, Func<string, IEnumerable<string>> leads, [EnumeratorCancellation] CancellationToken cancellation)
    {
        // Nothing goes before all that it leads to is noted: that what is below was released, no later run could tell without it.
        var unnoted = new HashSet<string>(StringComparer.Ordinal);
        foreach (var node in dead.Select(digest => graph.Manifests[digest]).Where(NeedsNote))
        {
            if (!await Note(node, cancellation))
                unnoted.Add(node.Digest);
            yield return node.Digest;
        }

        // What stays because something that stays leads to it, and until when; never where that was written meanwhile.
        var stays = new Dictionary<string, DateTimeOffset>(StringComparer.Ordinal);
        var removal = new ManifestRemoval(context, graph, hasAttachments: policy is not null, retention.Gone);
        foreach (var group in LeadOrder.Of(dead, leads))
        {
            var until = group.Max(digest => stays.GetValueOrDefault(digest));
            foreach (var digest in group)
                until = Judge(graph.Manifests[digest], until);
            if (until == default && !group.SelectMany(leads).Any(unnoted.Contains))
            {
                var isGone = await removal.Remove([.. group.Select(digest => graph.Manifests[digest])], Reason, cancellation);
                yield return group[0];
                if (isGone)
                    continue;
            }

            until = until == default ? DateTimeOffset.MaxValue : until;
            foreach (var next in group.SelectMany(leads))
                stays[next] = stays.GetValueOrDefault(next) > until ? stays[next] : until;
        }
    }

    private TimeSpan? Wait(ManifestNode node) => Departure.Wait(released.Contains(node.Digest), after, context.Options);

    private DateTimeOffset? GoesAt(ManifestNode node, TimeSpan wait) => Departure.At(node, released.Contains(node.Digest), wait, context.Options);

    private bool NeedsNote(ManifestNode node) => Wait(node) is { } wait && GoesAt(node, wait) is null && !retention.Noted.Contains(node.Digest);

    /// <returns>Until when it stays, and no less than <paramref name="until"/>; the default when it can go.</returns>
    private DateTimeOffset Judge(ManifestNode node, DateTimeOffset until)
    {
        if (Wait(node) is not { } wait)
            return DateTimeOffset.MaxValue;
        var goesAt = GoesAt(node, wait) ?? context.StartedAt + wait;
        if (goesAt > until && (goesAt > context.StartedAt || !context.IsOld(node.Row.Timestamp)))
            until = goesAt;
        if (until != default && until != DateTimeOffset.MaxValue)
            context.Waits(CollectedKind.Manifest, node.Digest, CollectionContext.Name(node.Row.Partition), 0, released.Contains(node.Digest) ? "retention took what led to it" : "nothing leads to it", until);
        return until;
    }

    /// <returns>False when somebody wrote the row meanwhile.</returns>
    private async Task<bool> Note(ManifestNode node, CancellationToken cancellation)
    {
        if (context.IsDryRun)
            return true;
        return await context.ReadWhole(node.Row, cancellation) is { } row
            && (await context.Tables.Write(Tables.Manifests, TableOperation.Replace(row.Copy().Noted(context.StartedAt, released.Contains(node.Digest)), row.ETag), cancellation)).IsDone;
    }

    private string Reason(ManifestNode node) => released.Contains(node.Digest)
        ? $"nothing has led to it since {node.UntaggedSince:u}: taken by the retention of {policy!.Repositories}"
        : $"nothing has led to it since {node.UntaggedSince:u}";
}
