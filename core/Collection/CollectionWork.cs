using Registry.Storage;

namespace Registry.Collection;

/// <summary>The work of one process on one run: its phases one after the other, recorded from time to time.</summary>
internal sealed class CollectionWork
{
    private readonly CollectionRunStore store;
    private readonly UploadPurge purge;
    private readonly TimeProvider time;
    private readonly ICollectionObserver observer;
    private readonly CollectionContext context;

    // Null when another process has taken the run over.
    private CollectionRun? run;
    private long savedAt;

    // Of the slice: its limit, when it began, the phase that is open, and how it ended.
    private TimeSpan limit;
    private long began;
    private ICollectionPhase? open;
    private CollectionSlice? ended;

    public CollectionWork(
        IStorageDriver driver, ITableStore tables, CollectionRunStore store, UploadPurge purge, CollectionOptions options, TimeProvider time, IdSource ids,
        ICollectionObserver observer, CollectionRun run, bool forgetDeleted)
    {
        (this.store, this.purge, this.time, this.observer, this.run) = (store, purge, time, observer, run);
        savedAt = time.GetTimestamp();
        context = new CollectionContext(driver, tables, options, run, observer)
        {
            Marks = new SortedKeys(driver, options.MarksInMemory, NewPath, run.Marks),
            Names = new SortedKeys(driver, options.MarksInMemory, NewPath, run.Names),
            ForgetsDeleted = forgetDeleted,
            MayGoOn = MayGoOn,
        };

        string NewPath() => PathMapper.Collection(run.Id, ids.NewHex(8));
    }

    public async Task<CollectionSlice> Go(TimeSpan limit, CancellationToken cancellation)
    {
        (this.limit, began) = (limit, time.GetTimestamp());
        var start = (run!.Phase, run.Position);
        while (run!.Phase != CollectionPhase.Finished)
        {
            await using var phase = await Open(run.Phase, run.Position, cancellation);
            open = phase;
            while (await phase.Step(cancellation))
            {
                // A slice that ends where it began would be followed by the same one for ever: a repository's manifests are judged together, and blobs are gone on with by the first digits of their names.
                if (ended is not null || !await Record(phase, mayEnd: (run.Phase, phase.Position) != start, cancellation))
                    return ended!;
            }

            run = run with { Phase = run.Phase + 1, Position = null };
            await observer.Progress(run.Phase, context.Totals, null);
        }

        // The row goes on naming the files: a process that dies before they are gone leaves them to the next run.
        var finished = run with { IsHeld = false, Marks = [.. context.Marks.Files], Names = [.. context.Names.Files], Totals = context.Totals, Unreadable = [.. context.Unreadable] };
        run = await store.Save(finished, cancellation);
        if (run is null)
            return CollectionSlice.Of(CollectionOutcome.Busy, finished);
        foreach (var file in context.Marks.Files.Concat(context.Names.Files))
            await context.Driver.Delete(file.Path, cancellation);
        return CollectionSlice.Of(CollectionOutcome.Finished, finished);
    }

    /// <summary>Lets another process go on at once from the last record, after a failure here.</summary>
    public async Task Release(CancellationToken cancellation)
    {
        try
        {
            if (run is not null && await store.Find(run.Kind, cancellation) is { } stored && stored.ETag == run.ETag)
                await store.Save(stored with { IsHeld = false }, cancellation);
        }
        catch (StorageFailedException)
        {
            // The failure that ended the work is the one to tell; the lease runs out by itself.
        }
    }

    /// <summary>Ends the run where it is; the next one begins anew. False when another process has taken it over.</summary>
    public async Task<bool> Abandon(CancellationToken cancellation) =>
        run is not null
        && await store.Save(run with { IsHeld = false, StartedAt = null, Phase = CollectionPhase.Mark, Position = null, Marks = [], Names = [] }, cancellation) is not null;

    /// <summary>Within a step that writes much. The slice may end there, where it began too, since what was written need not be written again; but not before a record is due, or one that reads for long would hardly write.</summary>
    private async ValueTask<bool> MayGoOn(CancellationToken cancellation) => await Record(open!, mayEnd: time.GetElapsedTime(savedAt) >= context.Options.CheckpointInterval, cancellation);

    /// <summary>Records the run when that is due, or when the slice's time is over.</summary>
    /// <returns>Whether the slice goes on.</returns>
    private async Task<bool> Record(ICollectionPhase phase, bool mayEnd, CancellationToken cancellation)
    {
        await observer.Progress(run!.Phase, context.Totals, phase.Fraction);
        var isOver = mayEnd && time.GetElapsedTime(began) >= limit;
        if (!isOver && time.GetElapsedTime(savedAt) < context.Options.CheckpointInterval)
            return true;
        if (!await Save(run.Phase, phase.Position, isHeld: !isOver, cancellation))
            ended = new CollectionSlice(CollectionOutcome.Busy, context.Totals, CollectionPhase.Mark);
        else if (isOver)
            ended = CollectionSlice.Of(CollectionOutcome.Paused, run);
        return ended is null;
    }

    private async Task<ICollectionPhase> Open(CollectionPhase phase, CollectionPosition? from, CancellationToken cancellation) => phase switch
    {
        CollectionPhase.Mark => new ManifestMark(context, from),
        CollectionPhase.Sweep => await LinkSweep.Open(context, from, cancellation),
        CollectionPhase.Uploads => new UploadSweep(context, purge, from),
        _ => await BlobSweep.Open(context, from, cancellation),
    };

    private async Task<bool> Save(CollectionPhase phase, CollectionPosition? position, bool isHeld, CancellationToken cancellation)
    {
        await context.Marks.Save(cancellation);
        await context.Names.Save(cancellation);
        run = await store.Save(
            run! with
            {
                Phase = phase,
                Position = position,
                IsHeld = isHeld,
                Marks = [.. context.Marks.Files],
                Names = [.. context.Names.Files],
                Unreadable = [.. context.Unreadable],
                Totals = context.Totals with { },
            },
            cancellation);
        savedAt = time.GetTimestamp();
        return run is not null;
    }
}
