namespace Registry.Collection;

/// <summary>The times that the garbage collector and those who push agree on, and how the collector goes about its work.</summary>
public sealed record CollectionOptions
{
    private static readonly TimeSpan maxLease = TimeSpan.FromMinutes(5);

    /// <summary>A link older than this is renewed when a push relies on it (docs/garbage-collection.md calls it R).</summary>
    public TimeSpan RenewAfter { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Nothing that a push may still need is removed before it is this old. At least four times <see cref="RenewAfter"/> (docs/garbage-collection.md calls it G).</summary>
    public TimeSpan GracePeriod { get; init; } = TimeSpan.FromHours(24);

    /// <summary>A run begins by itself when the last one ended this long ago.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromHours(12);

    /// <summary>Manifests that nothing leads to (no tag, no index, no subject) go when they were seen so for this long; null keeps them for ever.</summary>
    public TimeSpan? UntaggedAfter { get; init; }

    /// <summary>A deleted manifest or tag can be restored for this long, and what it needs stays; zero when it is gone at once.</summary>
    public TimeSpan RestorableFor { get; init; } = TimeSpan.FromDays(7);

    /// <summary>Whether deletes can be undone.</summary>
    public bool KeepsDeleted => RestorableFor > TimeSpan.Zero;

    /// <summary>A run is recorded this often, so that another process can go on from there.</summary>
    public TimeSpan CheckpointInterval => LeaseDuration / 10;

    /// <summary>A holder that has not recorded anything for this long is taken for dead: five minutes, or less where the grace period is short. Nothing but work done twice depends on it.</summary>
    public TimeSpan LeaseDuration => GracePeriod / 2 < maxLease ? GracePeriod / 2 : maxLease;

    /// <summary>Marks that are sorted in memory; more are written to storage. 24 bytes each: 6 MiB.</summary>
    public int MarksInMemory { get; init; } = 256 * 1024;

    /// <summary>After this a decision that rests on a read or on a claim is confirmed once more before it is acted on.</summary>
    public TimeSpan Late => RenewAfter / 2;
}
