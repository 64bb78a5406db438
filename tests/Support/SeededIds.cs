namespace Registry.Tests.Support;

/// <summary>Ids that are the same in every run of a test. Safe for concurrent use; which thread gets which id then depends on who comes first.</summary>
public sealed class SeededIds(int seed) : IdSource
{
    private readonly Random random = new(seed);
    private readonly Lock gate = new();

    /// <summary>To be printed where a failure depends on it.</summary>
    public int Seed { get; } = seed;

    protected override void Fill(Span<byte> bytes)
    {
        lock (gate)
            random.NextBytes(bytes);
    }
}
