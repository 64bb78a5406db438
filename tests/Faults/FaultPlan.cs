namespace Registry.Tests.Faults;

/// <summary>Decides what happens to each request. Asked under the proxy's lock, in the order in which the requests arrived.</summary>
public abstract class FaultPlan
{
    /// <summary>Nothing goes wrong.</summary>
    public static FaultPlan None { get; } = new Nothing();

    public abstract Fault Next(StorageRequest request);

    private sealed class Nothing : FaultPlan
    {
        public override Fault Next(StorageRequest request) => Fault.None;
    }
}

/// <summary>One fault, at the k-th request.</summary>
public sealed class FaultAt(int number, Fault fault) : FaultPlan
{
    /// <summary>The request that it befell; null while none did.</summary>
    public StorageRequest? Hit { get; private set; }

    public override Fault Next(StorageRequest request)
    {
        if (Hit is not null || request.Number < number)
            return Fault.None;
        Hit = request;
        return fault;
    }
}

/// <summary>Faults at random. One in four is stubborn: it befalls the same request again until the registry's own retries are used up, so that clients hear of it.</summary>
public sealed class FaultsAtRandom(int seed, double probability, params Fault[] kinds) : FaultPlan
{
    // More than the driver tries: four times for blobs, five for tables.
    private const int Stubbornness = 5;

    private readonly Random random = new(seed);
    private readonly Dictionary<string, (Fault Fault, int Left)> stubborn = [];

    public override Fault Next(StorageRequest request)
    {
        var key = $"{request.Method} {request.Target}";
        if (stubborn.Remove(key, out var again))
        {
            if (again.Left > 1)
                stubborn[key] = again with { Left = again.Left - 1 };
            return again.Fault;
        }

        if (random.NextDouble() >= probability)
            return Fault.None;
        var fault = kinds[random.Next(kinds.Length)];
        if (fault is not (Fault.KillBefore or Fault.KillAfter) && random.Next(4) == 0)
            stubborn[key] = (fault, Stubbornness - 1);
        return fault;
    }
}
