using Registry.Storage;

namespace Registry.Collection;

/// <summary>What a run has seen and done so far. A part that was done again after a crash counts twice.</summary>
public sealed record CollectionTotals
{
    public long Manifests { get; set; }

    public long Links { get; set; }

    public long Contents { get; set; }

    public long Uploads { get; set; }

    public long Blobs { get; set; }

    /// <summary>Manifests, links, contents, uploads and blobs that went, or in a dry run would go.</summary>
    public long Removed { get; set; }

    /// <summary>Bytes of content that were freed.</summary>
    public long Freed { get; set; }

    /// <summary>Bytes that only manifests need which were deleted and can be restored, and their own.</summary>
    public long Restorable { get; set; }

    /// <summary>What nothing needs and is still too young to go.</summary>
    public long Waiting { get; set; }

    /// <summary>When the first of those can go, in storage's time.</summary>
    public DateTimeOffset? NextAt { get; set; }

    /// <summary>Rows and blobs that could not be understood, and were kept.</summary>
    public long Unreadable { get; set; }

    internal void Write(TableEntity row) => row
        .Set("manifests", Manifests)
        .Set("links", Links)
        .Set("contents", Contents)
        .Set("uploads", Uploads)
        .Set("blobs", Blobs)
        .Set("removed", Removed)
        .Set("freed", Freed)
        .Set("restorable", Restorable)
        .Set("waiting", Waiting)
        .Set("nextAt", NextAt)
        .Set("unreadable", Unreadable);

    internal static CollectionTotals Read(TableEntity row) => new()
    {
        Manifests = row.GetInt64("manifests"),
        Links = row.GetInt64("links"),
        Contents = row.GetInt64("contents"),
        Uploads = row.GetInt64("uploads"),
        Blobs = row.GetInt64("blobs"),
        Removed = row.GetInt64("removed"),
        Freed = row.GetInt64("freed"),
        Restorable = row.FindInt64("restorable") ?? 0, // a run that an earlier version began has none
        Waiting = row.GetInt64("waiting"),
        NextAt = row.FindTime("nextAt"),
        Unreadable = row.GetInt64("unreadable"),
    };
}
