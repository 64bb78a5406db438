using Registry.Collection;

namespace Registry.Lifecycle;

/// <summary>When a manifest goes that nothing leads to.</summary>
internal static class Departure
{
    /// <summary>How long after a run has noted it; null when no rule takes it.</summary>
    /// <param name="isReleased">Whether retention took the tags that led to it: what is untagged otherwise has a rule of its own, or none.</param>
    /// <param name="untaggedAfter">That rule.</param>
    /// <param name="options">The grace period, which is the least.</param>
    public static TimeSpan? Wait(bool isReleased, TimeSpan? untaggedAfter, CollectionOptions options) =>
        isReleased || untaggedAfter < options.GracePeriod ? options.GracePeriod : untaggedAfter;

    /// <summary>From when on a run takes it: so long after it was noted, and the grace period after its row was last written. Null while no run has noted it.</summary>
    public static DateTimeOffset? At(ManifestNode node, bool isReleased, TimeSpan wait, CollectionOptions options)
    {
        if (node.UntaggedSince is not { } since || (isReleased && !node.IsReleased))
            return null;
        var (byNote, byRow) = (since + wait, node.Row.Timestamp + options.GracePeriod);
        return byNote > byRow ? byNote : byRow;
    }
}
