using Registry.Lifecycle;
using Registry.Manifests;
using Registry.Storage;

namespace Registry.Collection;

/// <summary>Reads the manifests table once: marks what each manifest needs, and finds manifests that nothing leads to.</summary>
/// <remarks>
/// Every manifest that has a row is a root, also one that goes in this very run: what it needs goes in the next. So no order of
/// repositories, and no put that comes beside this reading, can make a mark too few: a manifest that this reading misses was put after
/// it began, and its put renewed the links (docs/garbage-collection.md). A deleted manifest is a root like any other while it can be restored.
/// One that is deleted while its repository is read turns up again behind the rows that were read already.
/// </remarks>
internal sealed class ManifestMark(CollectionContext context, CollectionPosition? from) : ICollectionPhase
{
    private readonly DeletedSweep deleted = new(context);
    private readonly RetentionRules retention = new(context);
    private UntaggedManifests? untagged;
    private TableContinuation? page = from?.Page;
    private TableContinuation? next = from?.Page;
    private string? repository;
    private ulong repositoryHash;

    // The page that has the first row of the repository.
    private TableContinuation? enteredAt;

    // A repository's manifests are judged together, when all of its rows were seen.
    public CollectionPosition? Position => untagged is null || repository is null ? CollectionPosition.Of(next) : new CollectionPosition(enteredAt, repository);

    public double? Fraction => null;

    public async Task<bool> Step(CancellationToken cancellation)
    {
        page = next;
        var rows = await context.Tables.Query(Tables.Manifests, new TableQuery { Select = RepositoryGraph.Columns, Continue = page }, cancellation);
        foreach (var row in rows.Entities.Where(row => from?.IsBehind(row) != true))
        {
            if (row.Partition != repository && !await Enter(row.Partition, cancellation))
                return true;
            if (row.Row[0] == Tables.ManifestPrefix)
            {
                context.Totals.Manifests++;
                await Mark(row, repositoryHash, cancellation);
            }
            else if (DeletedRows.Is(row) && await deleted.Remove(row, cancellation))
            {
                if (!await context.MayGoOn(cancellation))
                    return true;
            }
            else if (DeletedRows.IsManifest(row))
            {
                context.Totals.Restorable += row.FindInt64("size") ?? 0;
                await Mark(row, SortedKey.OfDeleted(repositoryHash), cancellation);
            }

            untagged?.Add(row);
        }

        next = rows.Next;
        if (next is not null)
            return true;
        return !await Enter(null, cancellation);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <returns>False when the slice is over before the repository that is left has been judged: the next one reads it anew.</returns>
    private async Task<bool> Enter(string? partition, CancellationToken cancellation)
    {
        if (repository is not null && untagged is not null)
        {
            await foreach (var _ in untagged.Judge(repository, cancellation))
            {
                if (!await context.MayGoOn(cancellation))
                    return false;
            }
        }

        untagged = partition is null ? null : await NewJudge(partition, cancellation);
        (repository, enteredAt) = (partition, page);
        repositoryHash = partition is null ? 0 : SortedKey.OfRepository(partition);
        return true;
    }

    // A repository that may have been entered in its midst, the first one where a slice before this one had nothing to judge, is not judged: the rows before are not known.
    private async Task<UntaggedManifests?> NewJudge(string partition, CancellationToken cancellation)
    {
        var policy = await retention.Find(partition, cancellation);
        var isWhole = from is null || from.Key == partition || repository is not null;
        return isWhole && (policy is not null || context.Options.UntaggedAfter is not null) ? new UntaggedManifests(context, policy) : null;
    }

    private async Task Mark(TableEntity row, ulong by, CancellationToken cancellation)
    {
        await context.AddName(row.FindString("blob"), cancellation);
        try
        {
            foreach (var reference in ManifestRows.References(row))
                await Mark(reference.Digest.ToString(), by, cancellation);

            // Its own content, where that is a blob that was taken over: that one belongs to every repository that holds it, as a layer does.
            if (row.FindString("blob") is { } path && PathMapper.ContentId(path) is null)
                await Mark(row.GetString("digest"), by, cancellation);
        }
        catch (FormatException e)
        {
            context.Keep(row.Row, CollectionContext.Name(row.Partition), $"what the manifest needs cannot be read, so all of its repository is kept: {e.Message}");
            context.KeepRepository(row.Partition);
        }
    }

    private async ValueTask Mark(string digest, ulong by, CancellationToken cancellation)
    {
        if (SortedKey.OfDigest(digest) is { } key)
            await context.Marks.Add(key with { Repository = by }, cancellation);
    }
}
