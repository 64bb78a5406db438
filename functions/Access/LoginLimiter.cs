using System.Threading.RateLimiting;

namespace Registry.Functions.Access;

/// <summary>Bounds how often logins may fail, by the name that is tried and by the address that tries. For this instance alone: others count for themselves.</summary>
/// <remarks>A name that nobody has is limited like any other, so the limit tells nothing about names.</remarks>
internal sealed class LoginLimiter(TimeProvider time) : IAsyncDisposable
{
    /// <summary>Failures a minute under one name: no people, but enough to lock out who guesses.</summary>
    public const int PerName = 10;

    /// <summary>Failures a minute from one address, behind which there may be many people.</summary>
    public const int PerAddress = 30;

    public static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly PartitionedRateLimiter<string> names = Create(PerName, time);
    private readonly PartitionedRateLimiter<string> addresses = Create(PerAddress, time);

    /// <summary>Takes a place for an attempt. Nothing is left when the result has a time to wait.</summary>
    /// <param name="name">The name that is tried; null where nothing can be guessed, and a limit would only let strangers lock out its owner.</param>
    /// <param name="address">Who tries.</param>
    public Attempt Begin(string? name, string address)
    {
        var byAddress = addresses.AttemptAcquire(address);
        if (Wait(byAddress) is { } wait)
            return new Attempt(wait, []);
        if (name is null)
            return new Attempt(null, [byAddress]);
        var byName = names.AttemptAcquire(name);
        if (Wait(byName) is not { } waitForName)
            return new Attempt(null, [byAddress, byName]);

        // The place at the address stays taken: whoever goes on trying a locked name uses up his own.
        return new Attempt(waitForName, []);
    }

    public async ValueTask DisposeAsync()
    {
        await names.DisposeAsync();
        await addresses.DisposeAsync();
    }

    private static TimeSpan? Wait(RateLimitLease lease) =>
        lease.IsAcquired ? null : lease.TryGetMetadata(MetadataName.RetryAfter, out var wait) ? wait : Window;

    private static PartitionedRateLimiter<string> Create(int limit, TimeProvider time) =>
        PartitionedRateLimiter.Create<string, string>(key => RateLimitPartition.Get(key, _ => new FailureWindow(limit, Window, time)));

    /// <summary>An attempt to log in, which counts as failed unless it says that it succeeded.</summary>
    /// <param name="RetryAfter">How long to wait; null when the attempt may be made.</param>
    /// <param name="Leases">The places it took.</param>
    public readonly record struct Attempt(TimeSpan? RetryAfter, IReadOnlyList<RateLimitLease> Leases)
    {
        public void Succeeded()
        {
            foreach (var lease in Leases)
                lease.Dispose();
        }
    }
}
