using Registry.Collection;
using Registry.Layers;
using Registry.Manifests;
using Registry.Storage;

namespace Registry.Verification;

/// <summary>The work of one process on one pass: its phases one after the other, recorded from time to time.</summary>
internal sealed class VerificationWork
{
    private readonly VerificationRunStore store;
    private readonly VerificationContext context;
    private readonly VerificationOptions options;
    private readonly TimeProvider time;
    private readonly TimeSpan limit;
    private readonly LayerLinks links;
    private readonly long began;

    // Null when another process has taken the pass over.
    private VerificationRun? run;
    private long savedAt;

    /// <param name="driver">Content.</param>
    /// <param name="tables">Rows.</param>
    /// <param name="store">Where the pass is recorded.</param>
    /// <param name="options">How it is gone about.</param>
    /// <param name="time">For elapsed time alone.</param>
    /// <param name="observer">Sees what is found.</param>
    /// <param name="run">The pass, which this process holds.</param>
    /// <param name="slice">How long this goes on, how much it may read, and whether it repairs.</param>
    public VerificationWork(
        IStorageDriver driver, ITableStore tables, VerificationRunStore store, VerificationOptions options, TimeProvider time, IVerificationObserver observer, VerificationRun run, VerificationTerms slice)
    {
        (this.store, this.options, this.time, this.run, limit) = (store, options, time, run, slice.Limit);
        began = savedAt = time.GetTimestamp();

        // Only asked, which renews nothing: the collector's times do not matter.
        links = new LayerLinks(tables, new CollectionOptions());
        context = new VerificationContext(driver, tables, run, observer)
        {
            Budget = slice.Budget,
            MaxFindings = options.MaxFindings,
            Repairs = slice.Repairs,
            Manifests = slice.Manifests,
            IsDue = () => IsOver || IsCheckpointDue,
            Phase = run.Phase,
        };
    }

    private bool IsOver => time.GetElapsedTime(began) >= limit || context.Budget.Left <= 0;

    private bool IsCheckpointDue => time.GetElapsedTime(savedAt) >= options.CheckpointInterval;

    public async Task<VerificationSlice> Go(CancellationToken cancellation)
    {
        while (run!.Phase != VerificationPhase.Finished)
        {
            (context.Phase, context.Fraction) = (run.Phase, null);
            IVerificationPhase phase = run.Phase == VerificationPhase.Content ? new ContentPhase(context, run.Position, run.Blob) : new ManifestPhase(context, links, run.Position);
            while (await phase.Step(cancellation))
            {
                await context.Report();
                var isOver = IsOver;
                if (!isOver && !IsCheckpointDue)
                    continue;
                if (!await Save(run with { Position = phase.Position, Blob = phase.Blob, IsHeld = !isOver }, cancellation))
                    return Slice(VerificationOutcome.Busy);
                if (isOver)
                    return Slice(VerificationOutcome.Paused);
            }

            run = run with { Phase = run.Phase + 1, Position = null, Blob = null };
        }

        await context.Findings.RemoveBefore(run.StartedAt!.Value, cancellation);
        return Slice(await Save(run with { IsHeld = false }, cancellation) ? VerificationOutcome.Finished : VerificationOutcome.Busy);
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

    private VerificationSlice Slice(VerificationOutcome outcome) => new(outcome, context.Totals, context.Phase);

    private async Task<bool> Save(VerificationRun next, CancellationToken cancellation)
    {
        run = await store.Save(next with { Allowance = context.Budget.Left, Totals = context.Totals with { } }, cancellation);
        savedAt = time.GetTimestamp();
        return run is not null;
    }
}

/// <summary>On what terms a process works on a pass.</summary>
/// <param name="Limit">After this nothing more is begun.</param>
/// <param name="Budget">What may be read.</param>
/// <param name="Repairs">Whether what is damaged is made way for.</param>
/// <param name="Manifests">What manifests may be like.</param>
internal sealed record VerificationTerms(TimeSpan Limit, VerificationBudget Budget, bool Repairs, ManifestOptions Manifests);
