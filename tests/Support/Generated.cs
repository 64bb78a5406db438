using FsCheck;
using FsCheck.Fluent;

namespace Registry.Tests.Support;

/// <summary>Values that FsCheck makes up from the test's seed, which goes to the test's output.</summary>
internal static class Generated
{
    /// <param name="generator">What makes them.</param>
    /// <param name="count">How many.</param>
    /// <param name="size">How long lists get at most, and how large numbers.</param>
    public static IReadOnlyList<T> Values<T>(Gen<T> generator, int count, int size)
    {
        var seed = (ulong)(uint)TestSeed.Current;
        TestContext.Current.TestOutputHelper!.WriteLine($"seed {seed}");
        var values = generator.Sample(numberOfSamples: count, new Rnd(seed), size).ToList();

        // Sample takes three numbers in a row: exchanged, they make a test of 3,000 a test of 20, and nobody sees it.
        Assert.Equal(count, values.Count);
        return values;
    }
}
