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
        };

        string NewPath() => PathMapper.Collection(run.Id, ids.NewHex(8));
    }

    public async Task<CollectionSlice> Go(TimeSpan limit, CancellationToken cancellation)
    {
        var began = time.GetTimestamp();
        var start = (run!.Phase, run.Position);
        while (run!.Phase != CollectionPhase.Finished)
        {
            await using var phase = await Open(run.Phase, run.Position, cancellation);
            while (await phase.Step(cancellation))
            {
                await observer.Progress(run.Phase, context.Totals, phase.Fraction);

                // A slice that ends where it began would be followed by the same one for ever: a repository's manifests are judged together, and blobs are gone on with by the first digits of their names.
                var isOver = time.GetElapsedTime(began) >= limit && (run.Phase, phase.Position) != start;
                if (!isOver && time.GetElapsedTime(savedAt) < context.Options.CheckpointInterval)
                    continue;
                if (!await Save(run.Phase, phase.Position, isHeld: !isOver, cancellation))
                    return new CollectionSlice(CollectionOutcome.Busy, context.Totals, CollectionPhase.Mark);
                if (isOver)
                    return CollectionSlice.Of(CollectionOutcome.Paused, run);
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
