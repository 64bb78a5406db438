using Registry.Storage;

namespace Registry.Access;

/// <summary>A copy of the tables of accounts and rules, so that a request costs no read of them, and a change takes effect everywhere within a minute.</summary>
/// <param name="tables">Where they are.</param>
/// <param name="time">Measures the copy's age, from before it was read.</param>
/// <param name="onFailure">Is told when the copy could not be refreshed and the old one goes on being used.</param>
public sealed class AccessDirectory(ITableStore tables, TimeProvider time, Action<Exception> onFailure)
{
    /// <summary>Whoever finds the copy this old reads a new one first. The reading itself is the rest of the minute.</summary>
    public static readonly TimeSpan RefreshAfter = TimeSpan.FromSeconds(30);

    /// <summary>While storage fails the old copy is used up to this age, and nobody is let in after it.</summary>
    public static readonly TimeSpan MaxAge = TimeSpan.FromMinutes(5);

    /// <summary>While storage fails, it is asked this often and not with every request.</summary>
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(5);

    /// <summary>No reading takes longer: with <see cref="RefreshAfter"/> that stays within the minute.</summary>
    private static readonly TimeSpan ReadTimeout = TimeSpan.FromSeconds(25);

    private readonly Lock gate = new();
    private Copy? current;
    private Task<Copy>? reading;
    private long? failedAt;
    private int generation;

    /// <summary>The rules as they are, or were at most a minute ago.</summary>
    /// <exception cref="StorageFailedException">They cannot be read, and the last copy is too old.</exception>
    public async ValueTask<AccessPolicy> Get(CancellationToken cancellation)
    {
        Task<Copy> refresh;
        lock (gate)
        {
            if (current is { } fresh && time.GetElapsedTime(fresh.ReadAt) < RefreshAfter)
                return fresh.Policy;
            if (current is { } usable && failedAt is { } failed && time.GetElapsedTime(failed) < RetryAfter && time.GetElapsedTime(usable.ReadAt) < MaxAge)
                return usable.Policy;

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
            return (await refresh.WaitAsync(cancellation)).Policy;
        }
        catch (StorageFailedException) when (Old() is { } old)
        {
            return old;
        }
    }

    /// <summary>Makes the next request read the tables: for whoever changed them through this instance.</summary>
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

    private AccessPolicy? Old()
    {
        lock (gate)
            return current is { } copy && time.GetElapsedTime(copy.ReadAt) < MaxAge ? copy.Policy : null;
    }

    private async Task<Copy> Read(int begun)
    {
        var readAt = time.GetTimestamp();
        using var timeout = new CancellationTokenSource(ReadTimeout, time);
        try
        {
            var accounts = await AccessRows.ReadAll(tables, Tables.Accounts, Tables.AccountsPartition, null, timeout.Token);
            var rules = await AccessRows.ReadAll(tables, Tables.Rules, Tables.RulesPartition, null, timeout.Token);
            var policy = new AccessPolicy(
                accounts.Where(row => !AccessRows.IsFederation(row)).Select(AccessRows.ReadAccount),
                accounts.Where(AccessRows.IsFederation).Select(AccessRows.ReadFederation),
                rules.Select(AccessRows.ReadRule));
            var copy = new Copy(policy, readAt);
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
            throw e as StorageFailedException ?? new StorageFailedException("read access rules", Tables.Rules, 0, e.GetType().Name, e);
        }
    }

    private sealed record Copy(AccessPolicy Policy, long ReadAt);
}
