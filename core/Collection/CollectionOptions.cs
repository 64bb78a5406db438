namespace Registry.Collection;

/// <summary>The times that the garbage collector and those who push agree on.</summary>
public sealed record CollectionOptions
{
    /// <summary>A link older than this is renewed when a push relies on it (docs/garbage-collection.md calls it R).</summary>
    public TimeSpan RenewAfter { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Nothing that a push may still need is removed before it is this old. At least four times <see cref="RenewAfter"/> (docs/garbage-collection.md calls it G).</summary>
    public TimeSpan GracePeriod { get; init; } = TimeSpan.FromHours(24);

    /// <summary>After this a decision that rests on a read or on a claim is confirmed once more before it is acted on.</summary>
    public TimeSpan Late => RenewAfter / 2;
}
