using Registry.Collection;
using Registry.Digests;
using Registry.Storage.Memory;
using Registry.Tests.Support;

namespace Registry.Tests.Collection;

public sealed class SortedKeysTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(10_000)]
    public async Task Keys_come_back_in_order_wherever_they_were_kept_and_wherever_reading_begins(int inMemory)
    {
        var random = new Random(TestSeed.Current);
        var keys = Enumerable.Range(0, 500).Select(_ => new SortedKey((ulong)random.Next(20), (ulong)random.Next(20), (ulong)random.Next(20))).ToArray();
        var files = 0;
        var sorted = new SortedKeys(new MemoryStorageDriver(new TestClock()), inMemory, () => $"keys/{files++}", []);
        foreach (var key in keys)
            await sorted.Add(key, Cancel);

        foreach (var first in keys.Append(default).Take(50))
        {
            var reader = await sorted.Read(first with { Repository = 0 }, Cancel);
            foreach (var digest in keys.Where(k => k.CompareTo(first with { Repository = 0 }) >= 0).GroupBy(k => (k.High, k.Low)).OrderBy(g => g.Key))
                Assert.Equal(digest.Select(k => k.Repository).ToHashSet(), await reader.Repositories(new SortedKey(digest.Key.High, digest.Key.Low, 0), Cancel));
        }
    }

    [Fact]
    public async Task What_is_not_there_is_not_found()
    {
        var sorted = new SortedKeys(new MemoryStorageDriver(new TestClock()), 2, () => "", []);
        await sorted.Add(new SortedKey(1, 1, 1), Cancel);
        await sorted.Add(new SortedKey(3, 3, 3), Cancel);

        var reader = await sorted.Read(default, Cancel);

        Assert.Empty(await reader.Repositories(new SortedKey(0, 0, 0), Cancel));
        Assert.Empty(await reader.Repositories(new SortedKey(2, 0, 0), Cancel));
        Assert.True(await reader.Contains(new SortedKey(3, 3, 3), Cancel));
        Assert.False(await reader.Contains(new SortedKey(4, 0, 0), Cancel));
    }

    [Fact]
    public void Fingerprints_are_in_the_order_of_what_they_stand_for()
    {
        var random = new Random(TestSeed.Current);
        var digests = Enumerable.Range(0, 1000)
            .Select(i => Digest.Compute(i % 3 == 0 ? DigestAlgorithm.Sha512 : DigestAlgorithm.Sha256, BitConverter.GetBytes(random.NextInt64())).ToString())
            .ToArray();

        Assert.Equal(digests.Order(StringComparer.Ordinal), digests.OrderBy(d => SortedKey.OfDigest(d)!.Value));
        Assert.Null(SortedKey.OfDigest("no digest"));
    }
}
