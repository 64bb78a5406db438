using Registry.Storage;

namespace Registry.Collection;

/// <summary>One run of the collector as its row in the progress table tells it: enough for any process to go on.</summary>
internal sealed record CollectionRun
{
    /// <summary>Which row this is.</summary>
    public required CollectionKind Kind { get; init; }

    public required string Id { get; init; }

    /// <summary>The row's version.</summary>
    public string ETag { get; init; } = "";

    /// <summary>Whether a process is at work on it, or was when it died.</summary>
    public bool IsHeld { get; init; }

    /// <summary>How long ago the row was written, in storage's time.</summary>
    public TimeSpan Age { get; init; }

    /// <summary>Storage's time before anything was marked (docs/garbage-collection.md calls it t0); null while the run has not begun to mark.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    public CollectionPhase Phase { get; init; }

    /// <summary>Where the phase goes on; null for its beginning.</summary>
    public CollectionPosition? Position { get; init; }

    /// <summary>Files of marks: what is needed.</summary>
    public IReadOnlyList<KeyFile> Marks { get; init; } = [];

    /// <summary>Files of names: the blobs that a row names.</summary>
    public IReadOnlyList<KeyFile> Names { get; init; } = [];

    /// <summary>Repositories (their keys) with a manifest that cannot be read: all that they hold is kept.</summary>
    public IReadOnlyList<string> Unreadable { get; init; } = [];

    public CollectionTotals Totals { get; init; } = new();
}

/// <summary>Why a run is made.</summary>
public enum CollectionKind
{
    /// <summary>To collect.</summary>
    Collect,

    /// <summary>To tell what would go.</summary>
    DryRun,
}

/// <summary>What a run is doing.</summary>
public enum CollectionPhase
{
    /// <summary>Reading what the manifests need.</summary>
    Mark,

    /// <summary>Comparing links and content with that.</summary>
    Sweep,

    /// <summary>Looking at uploads.</summary>
    Uploads,

    /// <summary>Looking for blobs that no row names.</summary>
    Blobs,

    /// <summary>Done.</summary>
    Finished,
}
