namespace Registry.Verification;

/// <summary>How much is read to verify what is stored, and how often.</summary>
public sealed record VerificationOptions
{
    /// <summary>Bytes that passes by themselves read in a day, at most; 0 for no passes. What was not used is saved up, to one day's worth.</summary>
    public long BytesPerDay { get; init; } = 10L * 1024 * 1024 * 1024;

    /// <summary>A pass begins by itself at the earliest so long after the last one began.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromDays(7);

    /// <summary>A pass is recorded this often, so that another process can go on from there.</summary>
    public TimeSpan CheckpointInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>A holder that has not recorded anything for this long is taken for dead. Nothing but work done twice depends on it.</summary>
    public TimeSpan LeaseDuration { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Findings that a pass records, at most; more are counted.</summary>
    public int MaxFindings { get; init; } = 10_000;

    /// <summary>Less than this is not worth a slice: two writes of the progress for one read.</summary>
    public long LeastAllowance => Math.Min(1024 * 1024, Math.Max(1, BytesPerDay));
}
