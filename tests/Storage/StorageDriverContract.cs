using Registry.Storage;
using Registry.Tests.Support;

namespace Registry.Tests.Storage;

/// <summary>What <see cref="IStorageDriver"/> promises, held against every implementation.</summary>
/// <remarks>
/// Each test has paths of its own, the same in every run. Blobs and staged blocks are left behind: on Azure a listing after each test would
/// cost more than the tests, uncommitted blocks cannot be listed across blobs at all, and the container goes as a whole.
/// A local driver's own tests look for what must not be left behind, such as temporary files.
/// </remarks>
public abstract partial class StorageDriverContract : IAsyncLifetime
{
    private SeededIds ids = null!;

    protected IStorageDriver Driver { get; set; } = null!;

    /// <summary>Whether <see cref="IStorageDriver.Delete"/> drops the staged blocks of a blob that was never committed.</summary>
    protected virtual bool DeleteDropsStagedBlocks => true;

    /// <summary>Whether <see cref="IStorageDriver.Delete"/> says of a blob that has only staged blocks that there was none.</summary>
    protected virtual bool DeleteOfStagedBlocksFindsNothing => true;

    /// <summary>Whether the storage can sign URLs.</summary>
    protected virtual bool SignsUrls => false;

    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>A driver on a storage in which the test's paths are not yet used.</summary>
    protected abstract ValueTask<IStorageDriver> CreateDriver();

    public virtual async ValueTask InitializeAsync()
    {
        ids = new SeededIds(TestSeed.Current);
        Driver = await CreateDriver();
    }

    public virtual ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    /// <summary>A path that nothing else uses.</summary>
    protected string NewPath() => PathMapper.Content(ids.NewHex(16));

    protected byte[] Bytes(int length) => Content.Bytes(ids.Seed, length);

    protected Task Stage(string path, string blockId, byte[] content) =>
        Driver.StageBlock(path, blockId, Content.Sequence(content), Cancel);

    protected Task Commit(string path, params string[] blockIds) =>
        Driver.CommitBlocks(path, blockIds, BlobMetadata.None, Cancel);

    protected Task Put(string path, byte[] content) =>
        Driver.Put(path, Content.Sequence(content), BlobMetadata.None, Cancel);

    protected async Task<byte[]> Read(string path, long offset = 0, long? length = null)
    {
        await using Stream stream = await Driver.Open(path, offset, length, Cancel);
        return await Content.ReadAll(stream, Cancel);
    }

    protected async Task<List<BlobListing>> List(string prefix)
    {
        var found = new List<BlobListing>();
        await foreach (BlobListing listing in Driver.List(prefix, Cancel))
            found.Add(listing);
        return found;
    }

    protected async Task AssertAbsent(string path)
    {
        Assert.Null(await Driver.Find(path, Cancel));
        Assert.Empty(await List(path));
        await Assert.ThrowsAsync<StorageNotFoundException>(() => Driver.Open(path, 0, null, Cancel));
    }
}
