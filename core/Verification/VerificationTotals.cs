using Registry.Storage;

namespace Registry.Verification;

/// <summary>What a pass has looked at and found so far. A part that was done again after a crash counts twice.</summary>
public sealed record VerificationTotals
{
    public long Contents { get; set; }

    public long Links { get; set; }

    /// <summary>Also those that were deleted and can be restored.</summary>
    public long Manifests { get; set; }

    public long Tags { get; set; }

    /// <summary>Bytes of content that were read and hashed.</summary>
    public long Bytes { get; set; }

    public long Corrupt { get; set; }

    public long Missing { get; set; }

    public long Dangling { get; set; }

    public long Unreadable { get; set; }

    /// <summary>How many of these a repair put right, or made way for.</summary>
    public long Repaired { get; set; }

    /// <summary>All that was found.</summary>
    public long Findings => Corrupt + Missing + Dangling + Unreadable;

    internal void Count(Finding finding)
    {
        _ = finding.Kind switch
        {
            FindingKind.Corrupt => Corrupt++,
            FindingKind.Missing => Missing++,
            FindingKind.Dangling => Dangling++,
            _ => Unreadable++,
        };
        if (finding.IsRepaired)
            Repaired++;
    }

    internal void Write(TableEntity row) => row
        .Set("contents", Contents)
        .Set("links", Links)
        .Set("manifests", Manifests)
        .Set("tags", Tags)
        .Set("bytes", Bytes)
        .Set("corrupt", Corrupt)
        .Set("missing", Missing)
        .Set("dangling", Dangling)
        .Set("unreadable", Unreadable)
        .Set("repaired", Repaired);

    internal static VerificationTotals Read(TableEntity row) => new()
    {
        Contents = row.GetInt64("contents"),
        Links = row.GetInt64("links"),
        Manifests = row.GetInt64("manifests"),
        Tags = row.GetInt64("tags"),
        Bytes = row.GetInt64("bytes"),
        Corrupt = row.GetInt64("corrupt"),
        Missing = row.GetInt64("missing"),
        Dangling = row.GetInt64("dangling"),
        Unreadable = row.GetInt64("unreadable"),
        Repaired = row.GetInt64("repaired"),
    };
}
