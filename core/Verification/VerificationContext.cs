using Registry.Manifests;
using Registry.Storage;
using Registry.Telemetry;

namespace Registry.Verification;

/// <summary>What the phases of one pass share. Several small things are looked at at once.</summary>
internal sealed class VerificationContext(IStorageDriver driver, ITableStore tables, VerificationRun run, IVerificationObserver observer)
{
    private readonly Lock gate = new();

    public ITableStore Tables => tables;

    public BlobCheck Blobs { get; } = new(driver);

    public LinkRepair Links { get; } = new(tables, new BlobCheck(driver));

    public Quarantine Quarantine { get; } = new(driver, tables);

    public ReferrerRepair Referrers => new(driver, tables, Manifests);

    public FindingStore Findings { get; } = new(tables);

    public VerificationTotals Totals { get; } = run.Totals with { };

    public required VerificationBudget Budget { get; init; }

    public required int MaxFindings { get; init; }

    /// <summary>Whether what is damaged is made way for.</summary>
    public required bool Repairs { get; init; }

    /// <summary>What manifests may be like.</summary>
    public required ManifestOptions Manifests { get; init; }

    /// <summary>Whether a manifest may need what its repository does not hold.</summary>
    public bool AllowSparse => Manifests.AllowSparse;

    /// <summary>Whether to stop and record: for good in this slice, or only to go on.</summary>
    public required Func<bool> IsDue { get; init; }

    /// <summary>How far the phase is, for the observer.</summary>
    public double? Fraction { get; set; }

    public required VerificationPhase Phase { get; set; }

    public void Count(Action<VerificationTotals> count)
    {
        lock (gate)
            count(Totals);
    }

    /// <summary>Counts bytes that were read of content.</summary>
    public void Read(long bytes)
    {
        Budget.Spend(bytes);
        RegistryMetrics.VerifiedBytes.Add(bytes);
        Count(t => t.Bytes += bytes);
    }

    /// <summary>The same, of a large blob: false to stop here.</summary>
    public async ValueTask<bool> ReadOn(long bytes)
    {
        Read(bytes);
        await Report();
        return !IsDue();
    }

    public ValueTask Report() => observer.Progress(Phase, Totals, Fraction);

    /// <summary>Records something that was looked at again and is still so.</summary>
    public async Task Add(Finding finding, CancellationToken cancellation)
    {
        var isKept = false;
        Count(t =>
        {
            isKept = t.Findings < MaxFindings;
            t.Count(finding);
            observer.Found(finding);
        });
        RegistryMetrics.VerificationFindings.Add(1, RegistryMetrics.Of(RegistryMetrics.Kind, finding.Kind.ToString()));
        if (isKept)
            await Findings.Put(finding, cancellation);
    }
}

/// <summary>A part of a pass: rows of a listing, a few at a time.</summary>
internal interface IVerificationPhase
{
    /// <summary>From where another process would go on; null for the beginning.</summary>
    RowPosition? Position { get; }

    /// <summary>The blob there that was read in part.</summary>
    PartlyRead? Blob { get; }

    /// <summary>Looks at the next rows. False when the phase is over.</summary>
    Task<bool> Step(CancellationToken cancellation);
}

/// <summary>Sees what a pass does while it does it.</summary>
public interface IVerificationObserver
{
    /// <summary>Something is not as its row says.</summary>
    void Found(Finding finding);

    /// <summary>Something was looked at.</summary>
    /// <param name="phase">What the pass is doing.</param>
    /// <param name="totals">What it has seen; it changes while the pass goes on.</param>
    /// <param name="fraction">How much of the phase is done, 0 to 1; null where that cannot be told.</param>
    ValueTask Progress(VerificationPhase phase, VerificationTotals totals, double? fraction);
}
