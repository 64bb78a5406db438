namespace Registry.Verification;

/// <summary>One pass over what is stored, as its row in the progress table tells it: enough for any process to go on.</summary>
internal sealed record VerificationRun
{
    /// <summary>Which row this is.</summary>
    public required VerificationKind Kind { get; init; }

    /// <summary>The row's version.</summary>
    public string ETag { get; init; } = "";

    /// <summary>Whether a process is at work on it, or was when it died.</summary>
    public bool IsHeld { get; init; }

    /// <summary>Storage's time when the row was written.</summary>
    public DateTimeOffset SavedAt { get; init; }

    /// <summary>How long ago that was, in storage's time.</summary>
    public TimeSpan Age { get; init; }

    /// <summary>Storage's time before anything was read; null while that is not known.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    public VerificationPhase Phase { get; init; }

    /// <summary>The first row that was not looked at; null for the phase's beginning.</summary>
    public RowPosition? Position { get; init; }

    /// <summary>The blob of that row, if it was read in part.</summary>
    public PartlyRead? Blob { get; init; }

    /// <summary>Bytes that could be read when the row was written.</summary>
    public long Allowance { get; init; }

    public VerificationTotals Totals { get; init; } = new();

    public bool IsOver => StartedAt is null || Phase == VerificationPhase.Finished;
}

/// <summary>A blob in the middle of which a slice ended.</summary>
/// <param name="Path">The blob.</param>
/// <param name="Hash">The hash of what was read of it, as <see cref="Digests.ResumableHash.Save"/> gave it.</param>
internal sealed record PartlyRead(string Path, byte[] Hash);

/// <summary>Why a pass is made.</summary>
public enum VerificationKind
{
    /// <summary>By itself, at the budgeted pace.</summary>
    Pass,

    /// <summary>Because somebody asked, as fast as it goes.</summary>
    Now,
}

/// <summary>What a pass is doing.</summary>
public enum VerificationPhase
{
    /// <summary>Reading content, and looking at the links to it.</summary>
    Content,

    /// <summary>Reading manifests, and looking for what they and the tags lead to.</summary>
    Manifests,

    /// <summary>Done.</summary>
    Finished,
}
