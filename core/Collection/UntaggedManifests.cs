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
/// </remarks>
internal sealed class UntaggedManifests(CollectionContext context, TimeSpan after)
{
    /// <summary>The property of a manifest's row that tells since when nothing was seen to lead to it.</summary>
    public const string Since = "untaggedSince";

    private readonly Dictionary<string, Node> manifests = new(StringComparer.Ordinal);
    private readonly HashSet<string> tagged = new(StringComparer.Ordinal);
    private bool isUnreadable;

    /// <summary>Takes down one row of the repository.</summary>
    public void Add(TableEntity row)
    {
        switch (row.Row[0])
        {
            case Tables.ManifestPrefix when row.FindString("digest") is { } digest:
                manifests[digest] = Read(row);
                break;
            case Tables.TagPrefix when row.FindString("digest") is { } digest:
                tagged.Add(digest);
                break;
            case Tables.ReferrerPrefix or Tables.DeletedPrefix:
                break;
            default:
                isUnreadable = true;
                break;
        }
    }

    /// <summary>Judges the repository, all of whose rows were added, and forgets it.</summary>
    public async Task Judge(string repository, CancellationToken cancellation)
    {
        if (!isUnreadable && !context.IsKept(repository))
        {
            var referrers = manifests.Where(m => m.Value.Subject is not null).ToLookup(m => m.Value.Subject!, m => m.Key, StringComparer.Ordinal);
            var live = Live(referrers);
            foreach (var digest in live)
                await Clear(manifests[digest], cancellation);
            await JudgeAll([.. manifests.Keys.Where(d => !live.Contains(d))], digest => manifests[digest].Children.Concat(referrers[digest]), cancellation);
        }

        manifests.Clear();
        tagged.Clear();
        isUnreadable = false;
    }

    private Node Read(TableEntity row)
    {
        try
        {
            return new Node(row, [.. ManifestRows.References(row).Where(r => r.Kind == ReferenceKind.Child).Select(r => r.Digest.ToString())], row.FindString("subject"));
        }
        catch (FormatException)
        {
            // Said by the mark, which sees the same row.
            isUnreadable = true;
            return new Node(row, [], null);
        }
    }

    /// <summary>What tags lead to, by way of indexes and subjects.</summary>
    private HashSet<string> Live(ILookup<string, string> referrers)
    {
        var live = new HashSet<string>(StringComparer.Ordinal);
        var open = new Stack<string>(tagged);
        while (open.TryPop(out var digest))
        {
            if (!manifests.TryGetValue(digest, out var node) || !live.Add(digest))
                continue;
            foreach (var next in node.Children.Concat(referrers[digest]))
                open.Push(next);
        }

        return live;
    }

    private async Task Clear(Node node, CancellationToken cancellation)
    {
        if (node.UntaggedSince is not null && !context.IsDryRun)
            await Rewrite(node, null, cancellation);
    }

    private async Task JudgeAll(List<string> dead, Func<string, IEnumerable<string>> leads, CancellationToken cancellation)
    {
        // What stays because something that stays leads to it, and until when; never where that was written meanwhile.
        var stays = new Dictionary<string, DateTimeOffset>(StringComparer.Ordinal);
        foreach (var group in LeadOrder.Of(dead, leads))
        {
            var until = group.Max(digest => stays.GetValueOrDefault(digest));
            foreach (var digest in group)
                until = await Judge(digest, manifests[digest], until, cancellation);
            if (until == default && await Remove(group, cancellation))
                continue;
            until = until == default ? DateTimeOffset.MaxValue : until;
            foreach (var next in group.SelectMany(leads))
                stays[next] = stays.GetValueOrDefault(next) > until ? stays[next] : until;
        }
    }

    /// <returns>Until when it stays, and no less than <paramref name="until"/>; the default when it can go.</returns>
    private async Task<DateTimeOffset> Judge(string digest, Node node, DateTimeOffset until, CancellationToken cancellation)
    {
        var wait = after > context.Options.GracePeriod ? after : context.Options.GracePeriod;
        var goesAt = default(DateTimeOffset);
        if (node.UntaggedSince is not { } since)
        {
            if (!context.IsDryRun)
                await Rewrite(node, context.StartedAt, cancellation);
            goesAt = context.StartedAt + wait;
        }
        else if (since + wait > context.StartedAt || !context.IsOld(node.Row.Timestamp))
        {
            var byRow = node.Row.Timestamp + context.Options.GracePeriod;
            goesAt = since + wait > byRow ? since + wait : byRow;
        }

        until = goesAt > until ? goesAt : until;
        if (until != default && until != DateTimeOffset.MaxValue)
            context.Waits(CollectedKind.Manifest, digest, CollectionContext.Name(node.Row.Partition), 0, "nothing leads to it", until);
        return until;
    }

    private async Task Rewrite(Node node, DateTimeOffset? since, CancellationToken cancellation)
    {
        if (await ReadWhole(node, cancellation) is { } row)
            await context.Tables.Write(Tables.Manifests, TableOperation.Replace(row.Copy().Set(Since, since), row.ETag), cancellation);
    }

    // The row as it is in storage, of which only some properties were read; null when it was written or went meanwhile.
    private async Task<TableEntity?> ReadWhole(Node node, CancellationToken cancellation)
    {
        var row = await context.Tables.Find(Tables.Manifests, node.Row.Partition, node.Row.Row, cancellation);
        return row?.ETag == node.Row.ETag ? row : null;
    }

    /// <returns>Whether they are gone: all of a group or none, in one batch. (A group is one manifest, but for the oddest.)</returns>
    private async Task<bool> Remove(List<string> group, CancellationToken cancellation)
    {
        var deletes = new List<TableOperation>();
        foreach (var node in group.Select(digest => manifests[digest]))
        {
            var row = context.Options.KeepsDeleted ? await ReadWhole(node, cancellation) : node.Row;
            if (row is null)
                return false;
            deletes.AddRange(DeletedRows.DeleteManifest(row, context.Options, Reason(node)));
        }

        if (!TableLimits.FitBatch(deletes) || (!context.IsDryRun && !(await context.Tables.WriteBatch(Tables.Manifests, deletes, cancellation)).IsDone))
            return false;
        foreach (var digest in group)
            await Removed(digest, manifests[digest], cancellation);
        return true;
    }

    private async Task Removed(string digest, Node node, CancellationToken cancellation)
    {
        var size = context.Options.KeepsDeleted ? 0 : await ManifestBlob.Delete(context, node.Row.GetString("blob"), cancellation);
        context.Removed(CollectedKind.Manifest, digest, CollectionContext.Name(node.Row.Partition), size, Reason(node));
    }

    private static string Reason(Node node) => $"nothing has led to it since {node.UntaggedSince:u}";

    private sealed record Node(TableEntity Row, string[] Children, string? Subject)
    {
        public DateTimeOffset? UntaggedSince => Row.FindTime(Since);
    }
}
