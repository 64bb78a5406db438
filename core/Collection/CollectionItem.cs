using Registry.Storage;

namespace Registry.Collection;

/// <summary>Something that a run removes, would remove, or will.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Name">Its digest, upload id or path.</param>
/// <param name="Repository">Where; null for what belongs to no repository.</param>
/// <param name="Bytes">What goes with it from storage: 0 for a row.</param>
/// <param name="Reason">Why, as a person would say it.</param>
/// <param name="GoesAt">When it can go, in storage's time; null when it went (or in a dry run would go) now.</param>
public sealed record CollectionItem(CollectedKind Kind, string Name, string? Repository, long Bytes, string Reason, DateTimeOffset? GoesAt = null);

/// <summary>What a <see cref="CollectionItem"/> is.</summary>
public enum CollectedKind
{
    /// <summary>A manifest that nothing leads to.</summary>
    Manifest,

    /// <summary>A tag that a retention policy takes.</summary>
    Tag,

    /// <summary>A deleted manifest or tag, which could be restored until now.</summary>
    Deleted,

    /// <summary>A repository's hold on a layer.</summary>
    Link,

    /// <summary>A layer's content, which no repository holds.</summary>
    Content,

    /// <summary>An upload that nobody will finish, or whose end needs no answer any more.</summary>
    Upload,

    /// <summary>A blob that no row names.</summary>
    Blob,

    /// <summary>A row or blob that cannot be understood. It is kept.</summary>
    Unreadable,

    /// <summary>A manifest that would go but cannot: the reason says what somebody can do about it.</summary>
    Kept,
}

/// <summary>Sees what a run does while it does it.</summary>
public interface ICollectionObserver
{
    /// <summary>Something went, would go, or waits.</summary>
    void Item(CollectionItem item);

    /// <summary>A page was looked at.</summary>
    /// <param name="phase">What the run is doing.</param>
    /// <param name="totals">What it has seen and done; it changes while the run goes on.</param>
    /// <param name="fraction">How much of the phase is done, 0 to 1; null where that cannot be told.</param>
    ValueTask Progress(CollectionPhase phase, CollectionTotals totals, double? fraction);
}
