using System.Threading.RateLimiting;

namespace Registry.Functions.Access;

/// <summary>Lets so many attempts fail within a window that slides. A lease that is disposed gives its place back: the attempt was a success.</summary>
/// <remarks>The framework's own windows run by the machine's clock, which no test can move, and count successes too.</remarks>
internal sealed class FailureWindow(int limit, TimeSpan window, TimeProvider time) : RateLimiter
{
    private readonly Lock gate = new();
    private readonly List<long> attempts = [];
    private long emptySince = time.GetTimestamp();

    public override TimeSpan? IdleDuration
    {
        get
        {
            lock (gate)
                return Forget() == 0 ? time.GetElapsedTime(emptySince) : null;
        }
    }

    public override RateLimiterStatistics? GetStatistics() => null;

    protected override RateLimitLease AttemptAcquireCore(int permitCount)
    {
        lock (gate)
        {
            if (Forget() + permitCount > limit)
                return new Lease(null, 0, attempts.Count == 0 ? window : window - time.GetElapsedTime(attempts[0]));
            var now = time.GetTimestamp();
            attempts.AddRange(Enumerable.Repeat(now, permitCount));
            return new Lease(this, now, TimeSpan.Zero);
        }
    }

    protected override ValueTask<RateLimitLease> AcquireAsyncCore(int permitCount, CancellationToken cancellationToken) =>
        ValueTask.FromResult(AttemptAcquireCore(permitCount));

    private int Forget()
    {
        if (attempts.RemoveAll(at => time.GetElapsedTime(at) >= window) > 0 && attempts.Count == 0)
            emptySince = time.GetTimestamp();
        return attempts.Count;
    }

    private void GiveBack(long attempt)
    {
        lock (gate)
        {
            if (attempts.Remove(attempt) && attempts.Count == 0)
                emptySince = time.GetTimestamp();
        }
    }

    private sealed class Lease(FailureWindow? owner, long attempt, TimeSpan retryAfter) : RateLimitLease
    {
        private FailureWindow? owner = owner;

        public override bool IsAcquired { get; } = owner is not null;

        public override IEnumerable<string> MetadataNames => IsAcquired ? [] : [MetadataName.RetryAfter.Name];

        public override bool TryGetMetadata(string metadataName, out object? metadata)
        {
            metadata = !IsAcquired && metadataName == MetadataName.RetryAfter.Name ? retryAfter : null;
            return metadata is not null;
        }

        protected override void Dispose(bool disposing)
        {
            Interlocked.Exchange(ref owner, null)?.GiveBack(attempt);
            base.Dispose(disposing);
        }
    }
}
