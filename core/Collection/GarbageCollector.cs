using Registry.Layers;
using Registry.Storage;

namespace Registry.Collection;

/// <summary>Removes what nothing leads to any more, online and in slices, beside any number of pushes: docs/garbage-collection.md argues why nothing can be lost by it.</summary>
/// <remarks>
/// A run marks what the manifests need, sweeps links and content, then uploads, then blobs that no row names. Its progress is a row,
/// which is also its lease: one process at a time goes on with it, and one that dies is followed by another. No safety depends on the lease.
/// </remarks>
public sealed class GarbageCollector(IStorageDriver driver, ITableStore tables, UploadOptions uploads, CollectionOptions options, TimeProvider time, IdSource ids)
{
    private readonly CollectionRunStore store = new(tables, ids);
    private readonly UploadPurge purge = new(driver, tables, uploads, options);

    /// <summary>Goes on with the run that is under way, or begins one when the last ended <see cref="CollectionOptions.Interval"/> ago. One transaction when there is nothing to do.</summary>
    /// <param name="limit">After this no further page is begun.</param>
    /// <param name="observer">Sees what is done.</param>
    /// <param name="cancellation">Ends the slice between two pages; the run can be gone on with.</param>
    public async Task<CollectionSlice> RunSlice(TimeSpan limit, ICollectionObserver observer, CancellationToken cancellation)
    {
        var held = await store.Find(CollectionKind.Collect, cancellation);
        if (IsBusy(held))
            return CollectionSlice.Of(CollectionOutcome.Busy, held!);
        if (held is { Phase: CollectionPhase.Finished } && held.Age < options.Interval)
            return CollectionSlice.Of(CollectionOutcome.NotDue, held);
        var run = held is { StartedAt: not null, Phase: not CollectionPhase.Finished }
            ? await store.Save(held with { IsHeld = true }, cancellation)
            : await Begin(CollectionKind.Collect, held, cancellation);
        return await Work(run, limit, forgetDeleted: false, observer, cancellation);
    }

    /// <summary>Makes a whole run from its beginning, now.</summary>
    public Task<CollectionSlice> Run(CollectionKind kind, ICollectionObserver observer, CancellationToken cancellation) => Run(kind, forgetDeleted: false, observer, cancellation);

    /// <summary>Makes a whole run from its beginning, now.</summary>
    /// <param name="kind">Whether anything goes.</param>
    /// <param name="forgetDeleted">Whether what was deleted goes, though it could still be restored.</param>
    /// <param name="observer">Sees what is done.</param>
    /// <param name="cancellation">Ends it; the run can be gone on with, and then no longer forgets.</param>
    public async Task<CollectionSlice> Run(CollectionKind kind, bool forgetDeleted, ICollectionObserver observer, CancellationToken cancellation)
    {
        var held = await store.Find(kind, cancellation);
        return IsBusy(held)
            ? CollectionSlice.Of(CollectionOutcome.Busy, held!)
            : await Work(await Begin(kind, held, cancellation), TimeSpan.MaxValue, forgetDeleted, observer, cancellation);
    }

    /// <summary>How many bytes what was deleted takes, by the last run or dry run that came to its end, and when that began; null while there was none. Two transactions.</summary>
    public async Task<(long Bytes, DateTimeOffset At)?> FindRestorable(CancellationToken cancellation)
    {
        (long, DateTimeOffset At)? last = null;
        foreach (var kind in Enum.GetValues<CollectionKind>())
        {
            if (await store.Find(kind, cancellation) is { Phase: CollectionPhase.Finished, StartedAt: { } at } run && !(at < last?.At))
                last = (run.Totals.Restorable, at);
        }

        return last;
    }

    private bool IsBusy(CollectionRun? run) => run is { IsHeld: true } && run.Age < options.LeaseDuration;

    private async Task<CollectionRun?> Begin(CollectionKind kind, CollectionRun? before, CancellationToken cancellation)
    {
        var run = await store.Begin(kind, before, cancellation);
        if (run is not null && before is not null)
            await DeleteFiles(run, before, cancellation);
        return run;
    }

    /// <summary>Works on a run that this process holds.</summary>
    private async Task<CollectionSlice> Work(CollectionRun? run, TimeSpan limit, bool forgetDeleted, ICollectionObserver observer, CancellationToken cancellation)
    {
        if (run is null)
            return new CollectionSlice(CollectionOutcome.Busy, new CollectionTotals(), CollectionPhase.Mark);
        var work = new CollectionWork(driver, tables, store, purge, options, time, ids, observer, run, forgetDeleted);
        try
        {
            return await work.Go(limit, cancellation);
        }
        catch (StorageNotFoundException)
        {
            // The run's files are gone, so it cannot be gone on with; nothing else of it matters. If another process took it over, that has brought it to its end.
            if (!await work.Abandon(CancellationToken.None))
                return new CollectionSlice(CollectionOutcome.Busy, new CollectionTotals(), CollectionPhase.Mark);
            throw;
        }
        catch
        {
            await work.Release(CancellationToken.None);
            throw;
        }
    }

    /// <summary>Removes files of the run before, which this one replaces, and old ones of others. Its row need not name them all: a process may have died between a file and the row.</summary>
    private async Task DeleteFiles(CollectionRun run, CollectionRun before, CancellationToken cancellation)
    {
        var old = new List<string>();
        await foreach (var file in driver.List(PathMapper.CollectionPrefix, cancellation))
        {
            if (file.Path.StartsWith(PathMapper.Collection(before.Id, ""), StringComparison.Ordinal))
                await driver.Delete(file.Path, cancellation);
            else if (file.Stat.LastModified < run.StartedAt - options.GracePeriod)
                old.Add(file.Path);
        }

        if (old.Count == 0)
            return;

        // A run of the other kind that was left for days can still be gone on with. One that begins after this look has younger files.
        var other = await store.Find(run.Kind == CollectionKind.Collect ? CollectionKind.DryRun : CollectionKind.Collect, cancellation);
        foreach (var path in old.Where(p => other is null || !p.StartsWith(PathMapper.Collection(other.Id, ""), StringComparison.Ordinal)))
            await driver.Delete(path, cancellation);
    }
}

/// <param name="Outcome">How the slice ended.</param>
/// <param name="Totals">What the run has seen and done so far.</param>
/// <param name="Phase">What the run is doing.</param>
public sealed record CollectionSlice(CollectionOutcome Outcome, CollectionTotals Totals, CollectionPhase Phase)
{
    internal static CollectionSlice Of(CollectionOutcome outcome, CollectionRun run) => new(outcome, run.Totals, run.Phase);
}

/// <summary>How a slice ended.</summary>
public enum CollectionOutcome
{
    /// <summary>The run is over.</summary>
    Finished,

    /// <summary>The slice's time is over; the next one goes on.</summary>
    Paused,

    /// <summary>The last run ended not long ago.</summary>
    NotDue,

    /// <summary>Another process is at it, or took it over.</summary>
    Busy,
}
