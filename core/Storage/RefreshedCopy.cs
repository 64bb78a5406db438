namespace Registry.Storage;

/// <summary>The copy that an instance keeps of a few rows which decide about many requests: a request costs no read of them, and a change takes effect everywhere within a minute.</summary>
/// <param name="operation">What reading them is called when it fails.</param>
/// <param name="read">Reads them.</param>
/// <param name="time">Measures the copy's age, from before it was read.</param>
/// <param name="onFailure">Is told when the copy could not be refreshed and the old one goes on being used.</param>
public sealed class RefreshedCopy<T>(string operation, Func<CancellationToken, Task<T>> read, TimeProvider time, Action<Exception> onFailure)
    where T : class
{
    private readonly Lock gate = new();
    private Copy? current;
    private Task<Copy>? reading;
    private long? failedAt;
    private int generation;

    /// <summary>The rows as they are, or were at most a minute ago.</summary>
    /// <exception cref="StorageFailedException">They cannot be read, and the last copy is older than <see cref="CopyAges.Max"/>.</exception>
    public async ValueTask<T> Get(CancellationToken cancellation)
    {
        Task<Copy> refresh;
        lock (gate)
        {
            if (current is { } fresh && time.GetElapsedTime(fresh.ReadAt) < CopyAges.RefreshAfter)
                return fresh.Value;
            if (current is { } usable && failedAt is { } failed && time.GetElapsedTime(failed) < CopyAges.RetryAfter && time.GetElapsedTime(usable.ReadAt) < CopyAges.Max)
                return usable.Value;

            // One reads, and all wait for it. It is nobody's request, so it ends with none.
            if (reading is null || reading.IsCompleted)
            {
                var begun = generation;
                reading = Task.Run(() => Read(begun), CancellationToken.None);
            }

            refresh = reading;
        }

        try
        {
            return (await refresh.WaitAsync(cancellation)).Value;
        }
        catch (StorageFailedException) when (Old() is { } old)
        {
            return old;
        }
    }

    /// <summary>Makes the next request read the rows: for whoever changed them through this instance.</summary>
    public void Expire()
    {
        lock (gate)
        {
            // What is being read now may be from before the change.
            generation++;
            current = null;
            reading = null;
        }
    }

    private T? Old()
    {
        lock (gate)
            return current is { } copy && time.GetElapsedTime(copy.ReadAt) < CopyAges.Max ? copy.Value : null;
    }

    private async Task<Copy> Read(int begun)
    {
        var readAt = time.GetTimestamp();
        using var timeout = new CancellationTokenSource(CopyAges.ReadTimeout, time);
        try
        {
            var copy = new Copy(await read(timeout.Token), readAt);
            lock (gate)
            {
                if (begun == generation)
                    current = copy;
                failedAt = null;
            }

            return copy;
        }
        catch (Exception e) when (e is StorageFailedException or OperationCanceledException or InvalidDataException or FormatException)
        {
            lock (gate)
                failedAt = time.GetTimestamp();
            onFailure(e);
            throw e as StorageFailedException ?? new StorageFailedException(operation, Tables.Rules, 0, e.GetType().Name, e);
        }
    }

    private sealed record Copy(T Value, long ReadAt);
}

/// <summary>How old a <see cref="RefreshedCopy{T}"/> gets.</summary>
public static class CopyAges
{
    /// <summary>Whoever finds the copy this old reads a new one first. The reading itself is the rest of the minute.</summary>
    public static readonly TimeSpan RefreshAfter = TimeSpan.FromSeconds(30);

    /// <summary>While storage fails the old copy is used up to this age; then the requests fail that it would have decided.</summary>
    public static readonly TimeSpan Max = TimeSpan.FromMinutes(5);

    /// <summary>While storage fails, it is asked this often and not with every request.</summary>
    internal static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(5);

    /// <summary>No reading takes longer: with <see cref="RefreshAfter"/> that stays within the minute.</summary>
    internal static readonly TimeSpan ReadTimeout = TimeSpan.FromSeconds(25);
}
