using System.Diagnostics;
using System.Globalization;
using Registry.Collection;
using Registry.Digests;
using Registry.Layers;
using Registry.Manifests;
using Registry.Storage;
using Registry.Storage.Memory;
using Registry.Tests.Support;

namespace Registry.Tests.Collection;

/// <summary>What a run costs that deletes nothing: the ordinary one.</summary>
public sealed class CollectionCostTests
{
    private const int LinksPerManifest = 10;
    private const int RepositoriesPerDigest = 4;

    private static readonly TimeSpan days = TimeSpan.FromDays(3);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Looking_at_a_thousand_links_takes_at_most_five_transactions()
    {
        const int Links = 20_000;
        var clock = new TestClock();
        var (tables, driver) = await Fill(clock, Links);
        var counted = new CountingTableStore(tables);
        var files = new CountingDriver(driver);
        clock.Advance(days);
        var totals = new CollectionTotals();

        var options = new CollectionOptions { MarksInMemory = 4096 };
        var collector = new GarbageCollector(files, counted, new UploadOptions(), options, clock, new SeededIds(1));
        var (calls, _) = await counted.During(async () => totals = (await collector.Run(CollectionKind.Collect, new CollectionSeen(), Cancel)).Totals);

        Assert.Equal((Links, 0), (totals.Links, totals.Removed));
        var perThousand = (calls.Count + files.Calls) * 1000.0 / Links;
        TestContext.Current.TestOutputHelper!.WriteLine($"{calls.Count} table calls and {files.Calls} blob calls for {Links} links: {perThousand:0.00} for a thousand");
        Assert.InRange(perThousand, 0, 5);
    }

    /// <summary>To be run in a process whose managed heap is limited: docs/garbage-collection.md has the command.</summary>
    [Fact(Explicit = true)]
    public async Task A_million_links()
    {
        const int Links = 1_000_000;
        var clock = new TestClock();
        var (tables, driver) = await Fill(clock, Links);
        clock.Advance(days);
        var stored = GC.GetTotalMemory(forceFullCollection: true);
        var collector = new GarbageCollector(driver, tables, new UploadOptions(), new CollectionOptions(), clock, new SeededIds(1));
        var seen = new Peak();
        var watch = Stopwatch.StartNew();

        var slice = await collector.Run(CollectionKind.Collect, seen, Cancel);

        TestContext.Current.TestOutputHelper!.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{slice.Totals.Links} links in {watch.Elapsed.TotalSeconds:0.0} s: {slice.Totals.Links / watch.Elapsed.TotalSeconds:0} a second; the store holds {stored / 1e6:0} MB, at most {seen.Bytes / 1e6:0} MB were in use; hard limit {AppContext.GetData("GCHeapHardLimit") ?? "none"}"));
        Assert.Equal((Links, 0), (slice.Totals.Links, slice.Totals.Removed));
    }

    /// <summary>Layers that some repositories share, each needed by a manifest, in the order in which storage lists them. Equal strings are one.</summary>
    private static async Task<(ITableStore Tables, IStorageDriver Driver)> Fill(TestClock clock, int links)
    {
        var tables = new MemoryTableStore(clock);
        var driver = new MemoryStorageDriver(clock);
        foreach (var table in Tables.All)
            await tables.CreateTable(table, Cancel);
        var digests = links / RepositoriesPerDigest;
        var repositories = Enumerable.Range(0, RepositoriesPerDigest).Select(r => $"team.app{r}").ToArray();
        for (var i = 0; i < digests; i++)
        {
            var (digest, path) = (DigestOf(i).ToString(), PathMapper.Content(i.ToString("x32", CultureInfo.InvariantCulture)));
            await driver.Put(path, Content.Sequence([1]), new BlobMetadata("team/app0", digest), Cancel);
            await tables.WriteBatch(
                Tables.Content,
                [.. repositories.Prepend(Tables.ContentRow).Select(r => TableOperation.Insert(new TableEntity(digest, r).Set("version", 1).Set("blob", path).Set("size", 1)))],
                Cancel);
        }

        foreach (var repository in repositories)
        {
            for (var i = 0; i < digests; i += LinksPerManifest)
            {
                var references = Enumerable.Range(i, Math.Min(LinksPerManifest, digests - i)).Select(n => new ManifestReference(ReferenceKind.Blob, DigestOf(n * 7919L % digests)));
                await tables.Write(Tables.Manifests, TableOperation.Insert(new TableEntity(repository, $"m{DigestOf(i)}").Set("refs0", ManifestReference.Encode(references))), Cancel);
            }
        }

        return (tables, driver);
    }

    private static Digest DigestOf(long number)
    {
        Span<byte> hash = stackalloc byte[32];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64BigEndian(hash, (ulong)number << 40);
        return Digest.FromHash(DigestAlgorithm.Sha256, hash);
    }

    private sealed class Peak : ICollectionObserver
    {
        public long Bytes { get; private set; }

        public void Item(CollectionItem item)
        {
        }

        public ValueTask Progress(CollectionPhase phase, CollectionTotals totals, double? fraction)
        {
            Bytes = Math.Max(Bytes, GC.GetTotalMemory(false));
            return ValueTask.CompletedTask;
        }
    }

    /// <summary>Counts what is asked of content; a listing counts a transaction for each 5,000 blobs, as on Azure.</summary>
    private sealed class CountingDriver(IStorageDriver inner) : IStorageDriver
    {
        private const int BlobsPerPage = 5000;

        private int listed;
        private int calls;

        public int Calls => calls + (listed / BlobsPerPage) + 1;

        public Task<BlobStat?> Find(string path, CancellationToken cancellation) => Count(() => inner.Find(path, cancellation));

        public Task<Stream> Open(string path, long offset, long? length, CancellationToken cancellation) => Count(() => inner.Open(path, offset, length, cancellation));

        public Task Put(string path, System.Buffers.ReadOnlySequence<byte> content, BlobMetadata metadata, CancellationToken cancellation) => Count(() => inner.Put(path, content, metadata, cancellation));

        public Task StageBlock(string path, string blockId, System.Buffers.ReadOnlySequence<byte> content, CancellationToken cancellation) => throw new NotSupportedException();

        public Task CommitBlocks(string path, IReadOnlyList<string> blockIds, BlobMetadata metadata, CancellationToken cancellation) => throw new NotSupportedException();

        public Task<bool> Delete(string path, CancellationToken cancellation) => Count(() => inner.Delete(path, cancellation));

        public async IAsyncEnumerable<BlobListing> List(string prefix, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
        {
            await foreach (var blob in inner.List(prefix, cancellation))
            {
                listed++;
                yield return blob;
            }
        }

        public ValueTask<Uri?> SignReadUrl(string path, TimeSpan lifetime, CancellationToken cancellation) => throw new NotSupportedException();

        private T Count<T>(Func<T> call)
        {
            calls++;
            return call();
        }
    }
}
