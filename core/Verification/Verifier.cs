using Registry.Manifests;
using Registry.Storage;

namespace Registry.Verification;

/// <summary>Reads what is stored and compares it with what was promised, online and in slices, at a pace that is paid for: docs/verification.md.</summary>
/// <remarks>Its progress is a row, which is also its lease. No safety depends on the lease: two passes at once read twice.</remarks>
public sealed class Verifier(IStorageDriver driver, ITableStore tables, VerificationOptions options, ManifestOptions manifests, TimeProvider time, IdSource ids)
{
    private readonly VerificationRunStore store = new(tables, ids);
    private readonly FindingStore findings = new(tables);

    /// <summary>Goes on with the pass that is under way, as far as its allowance goes, or begins one when the last began <see cref="VerificationOptions.Interval"/> ago. One transaction when there is nothing to do, and none when it is off.</summary>
    /// <param name="limit">After this nothing more is begun.</param>
    /// <param name="observer">Sees what is found.</param>
    /// <param name="cancellation">Ends the slice; the pass can be gone on with.</param>
    public async Task<VerificationSlice> RunSlice(TimeSpan limit, IVerificationObserver observer, CancellationToken cancellation)
    {
        if (options.BytesPerDay == 0)
            return VerificationSlice.Of(VerificationOutcome.NotDue, null);
        var held = await store.Find(VerificationKind.Pass, cancellation);
        if (IsBusy(held))
            return VerificationSlice.Of(VerificationOutcome.Busy, held);
        if (held is { IsOver: true, StartedAt: { } began } && held.SavedAt + held.Age < began + options.Interval)
            return VerificationSlice.Of(VerificationOutcome.NotDue, held);

        // The first pass begins with what has grown since nothing: one checkpoint's worth of a look is fine, a whole day's would be a burst at the first start.
        var budget = new VerificationBudget(options.BytesPerDay, held?.Allowance ?? options.LeastAllowance, held?.Age ?? TimeSpan.Zero, time);
        if (budget.Left < options.LeastAllowance)
            return VerificationSlice.Of(VerificationOutcome.NotDue, held);
        var run = held is { IsOver: false }
            ? await store.Save(held with { IsHeld = true, Allowance = budget.Left }, cancellation)
            : await store.Begin(VerificationKind.Pass, held, budget.Left, cancellation);
        return await Work(run, new VerificationTerms(limit, budget, Repairs: false, manifests), observer, cancellation);
    }

    /// <summary>Makes a whole pass from its beginning, now, however much there is to read.</summary>
    /// <param name="repairs">Whether what is corrupt or missing is taken out of use, so that the next push of it brings it anew.</param>
    /// <param name="observer">Sees what is found.</param>
    /// <param name="cancellation">Ends it.</param>
    public Task<VerificationSlice> Run(bool repairs, IVerificationObserver observer, CancellationToken cancellation) => Run(repairs, force: false, observer, cancellation);

    /// <summary>The same, with a repair also where the content seems to be another registry's, or all of it is lost.</summary>
    /// <param name="repairs">Whether what is corrupt or missing is taken out of use.</param>
    /// <param name="force">Whether a repair is made although none of the blobs is there that rows name: <see cref="VerificationOutcome.Refused"/>.</param>
    /// <param name="observer">Sees what is found.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task<VerificationSlice> Run(bool repairs, bool force, IVerificationObserver observer, CancellationToken cancellation)
    {
        var held = await store.Find(VerificationKind.Now, cancellation);
        if (IsBusy(held))
            return VerificationSlice.Of(VerificationOutcome.Busy, held);
        if (repairs && !force && !await new StorageEvidence(driver, tables).IsTheRightOne(cancellation))
            return VerificationSlice.Of(VerificationOutcome.Refused, held);
        var budget = new VerificationBudget(perDay: null, 0, TimeSpan.Zero, time);
        return await Work(await store.Begin(VerificationKind.Now, held, 0, cancellation), new VerificationTerms(TimeSpan.MaxValue, budget, repairs, manifests), observer, cancellation);
    }

    /// <summary>Tells how far the passes are, without reading content.</summary>
    public async Task<IReadOnlyList<VerificationState>> States(CancellationToken cancellation)
    {
        var states = new List<VerificationState>();
        foreach (var kind in Enum.GetValues<VerificationKind>())
        {
            if (await store.Find(kind, cancellation) is { StartedAt: { } began } run)
                states.Add(new VerificationState(kind, run.Phase, began, run.SavedAt, run.Totals));
        }

        return states;
    }

    /// <summary>What was found and is not known to be whole or gone since, in no order.</summary>
    public IAsyncEnumerable<Finding> Findings(CancellationToken cancellation) => findings.List(cancellation);

    private bool IsBusy(VerificationRun? run) => run is { IsHeld: true } && run.Age < options.LeaseDuration;

    private async Task<VerificationSlice> Work(VerificationRun? run, VerificationTerms terms, IVerificationObserver observer, CancellationToken cancellation)
    {
        if (run is null)
            return VerificationSlice.Of(VerificationOutcome.Busy, null);
        var work = new VerificationWork(driver, tables, store, options, time, observer, run, terms);
        try
        {
            return await work.Go(cancellation);
        }
        catch
        {
            await work.Release(CancellationToken.None);
            throw;
        }
    }
}

/// <param name="Outcome">How the slice ended.</param>
/// <param name="Totals">What the pass has looked at and found so far.</param>
/// <param name="Phase">What it is doing.</param>
public sealed record VerificationSlice(VerificationOutcome Outcome, VerificationTotals Totals, VerificationPhase Phase)
{
    internal static VerificationSlice Of(VerificationOutcome outcome, VerificationRun? run) => new(outcome, run?.Totals ?? new VerificationTotals(), run?.Phase ?? VerificationPhase.Content);
}

/// <summary>How a slice ended.</summary>
public enum VerificationOutcome
{
    /// <summary>The pass is over.</summary>
    Finished,

    /// <summary>The slice's time or allowance is used up; the next one goes on.</summary>
    Paused,

    /// <summary>The last pass began not long ago, or too little may be read yet.</summary>
    NotDue,

    /// <summary>Another process is at it, or took it over.</summary>
    Busy,

    /// <summary>Of many blobs that rows name none is there: the rows belong to other content, and a repair would take all of it out of use.</summary>
    Refused,
}

/// <summary>How far a pass has come.</summary>
/// <param name="Kind">Why it is made.</param>
/// <param name="Phase">What it is doing.</param>
/// <param name="StartedAt">Storage's time when it began.</param>
/// <param name="RecordedAt">Storage's time when this was recorded; of a pass that is over, when it ended.</param>
/// <param name="Totals">What it has looked at and found.</param>
public sealed record VerificationState(VerificationKind Kind, VerificationPhase Phase, DateTimeOffset StartedAt, DateTimeOffset RecordedAt, VerificationTotals Totals);
