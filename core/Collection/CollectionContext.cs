using Registry.Import;
using Registry.Storage;

namespace Registry.Collection;

/// <summary>What the phases of one run share.</summary>
internal sealed class CollectionContext(IStorageDriver driver, ITableStore tables, CollectionOptions options, CollectionRun run, ICollectionObserver observer)
{
    // The names of so many fit the run's row. Where there are more, all repositories are kept.
    private const int MostUnreadable = 1000;
    private const string Everything = "*";

    // Deletes of several digests are under way at once.
    private readonly Lock gate = new();
    private readonly HashSet<string> unreadable = [.. run.Unreadable];

    private Task<bool>? isImportOpen;

    public IStorageDriver Driver => driver;

    public ITableStore Tables => tables;

    public CollectionOptions Options => options;

    public CollectionTotals Totals { get; } = run.Totals with { };

    public required SortedKeys Marks { get; init; }

    public required SortedKeys Names { get; init; }

    public IReadOnlyCollection<string> Unreadable => unreadable;

    /// <summary>Whether what was deleted goes now, and not when it can no longer be restored.</summary>
    public required bool ForgetsDeleted { get; init; }

    /// <summary>Asked after each thing that went, where a step may have many: whether to go on. Records the run when that is due, and ends the slice when its time is over.</summary>
    public required Func<CancellationToken, ValueTask<bool>> MayGoOn { get; init; }

    public bool IsDryRun => run.Kind == CollectionKind.DryRun;

    /// <summary>Storage's time before anything was marked.</summary>
    public DateTimeOffset StartedAt { get; } = run.StartedAt ?? throw new InvalidOperationException("the run has not begun");

    /// <summary>Whether nothing that runs beside this run can still rely on what was written then without having written it again.</summary>
    public bool IsOld(DateTimeOffset writtenAt) => writtenAt < StartedAt - options.GracePeriod;

    /// <summary>Whether an import has not ended; asked once, and only where something that was taken over could be freed. One that begins later writes rows that are too young for this run.</summary>
    public Task<bool> IsImportOpen(CancellationToken cancellation) => isImportOpen ??= OpenImport.Any(tables, cancellation);

    /// <summary>A row of the manifests table as it is in storage, of which only some properties were read; null when it was written or went meanwhile.</summary>
    public async Task<TableEntity?> ReadWhole(TableEntity row, CancellationToken cancellation)
    {
        var whole = await tables.Find(Storage.Tables.Manifests, row.Partition, row.Row, cancellation);
        return whole?.ETag == row.ETag ? whole : null;
    }

    /// <summary>Remembers that a blob is named by a row.</summary>
    public async ValueTask AddName(string? path, CancellationToken cancellation)
    {
        if (path is not null && PathMapper.ContentId(path) is { } id)
            await Names.Add(SortedKey.OfBlob(id), cancellation);
    }

    public void Removed(CollectedKind kind, string name, string? repository, long bytes, string reason)
    {
        lock (gate)
        {
            Totals.Removed++;
            Totals.Freed += bytes;
            observer.Item(new CollectionItem(kind, name, repository, bytes, reason));
        }
    }

    public void Waits(CollectedKind kind, string name, string? repository, long bytes, string reason, DateTimeOffset goesAt)
    {
        lock (gate)
        {
            Totals.Waiting++;
            Totals.NextAt = Totals.NextAt is { } next && next < goesAt ? next : goesAt;
            observer.Item(new CollectionItem(kind, name, repository, bytes, reason, goesAt));
        }
    }

    /// <summary>Keeps what would go and cannot.</summary>
    public void Kept(string name, string? repository, string reason)
    {
        lock (gate)
        {
            observer.Item(new CollectionItem(CollectedKind.Kept, name, repository, 0, reason));
        }
    }

    /// <summary>Keeps what cannot be understood: it may need anything.</summary>
    public void Keep(string name, string? repository, string problem)
    {
        lock (gate)
        {
            Totals.Unreadable++;
            observer.Item(new CollectionItem(CollectedKind.Unreadable, name, repository, 0, problem));
        }
    }

    /// <summary>Keeps a repository whole: one of its manifests cannot be understood.</summary>
    public void KeepRepository(string key)
    {
        if (unreadable.Contains(Everything))
            return;
        unreadable.Add(key);
        if (unreadable.Count > MostUnreadable)
        {
            unreadable.Clear();
            unreadable.Add(Everything);
        }
    }

    /// <summary>A repository's name as people know it; its key where that is none.</summary>
    public static string Name(string key) => Storage.Tables.TryRepository(key, out var name) ? name.ToString() : key;

    public bool IsKept(string repositoryKey) => unreadable.Contains(repositoryKey) || unreadable.Contains(Everything);
}

/// <summary>A part of a run: pages of a listing, one after the other.</summary>
internal interface ICollectionPhase : IAsyncDisposable
{
    /// <summary>From where another process would go on; null for the beginning.</summary>
    CollectionPosition? Position { get; }

    /// <summary>How much is done, 0 to 1; null where that cannot be told.</summary>
    double? Fraction { get; }

    /// <summary>Does one page. False when the phase is over.</summary>
    Task<bool> Step(CancellationToken cancellation);
}
