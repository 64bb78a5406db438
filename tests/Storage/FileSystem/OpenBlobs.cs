using Registry.Storage;
using Registry.Storage.FileSystem;
using Registry.Storage.FileSystem.Journal;
using Registry.Tests.Support;

namespace Registry.Tests.Storage.FileSystem;

/// <summary>The content of a data directory, open.</summary>
internal sealed class OpenBlobs : IAsyncDisposable
{
    private static int opened;

    private readonly DataDirectory directory;

    private OpenBlobs(DataDirectory directory, FileSystemDriver driver)
    {
        this.directory = directory;
        Driver = driver;
    }

    public FileSystemDriver Driver { get; }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static async Task<OpenBlobs> Open(string folder, Disk? disk = null, TimeProvider? clock = null, JournalOptions? options = null)
    {
        DataDirectory directory = DataDirectory.Open(folder, disk ?? new UnflushedDisk());
        try
        {
            // Ids differ from one opening to the next, as they do outside tests: a file of one must not meet its namesake of another.
            var ids = new SeededIds(Interlocked.Increment(ref opened));
            FileSystemDriver driver = await FileSystemDriver.Open(
                directory, clock ?? new TestClock(), ids, options ?? new JournalOptions(), Cancel);
            return new OpenBlobs(directory, driver);
        }
        catch
        {
            directory.Dispose();
            throw;
        }
    }

    public Task Stage(string path, string block, byte[] content) => Driver.StageBlock(path, block, Content.Sequence(content), Cancel);

    public Task Commit(string path, params string[] blocks) => Commit(path, BlobMetadata.None, blocks);

    public Task Commit(string path, BlobMetadata metadata, params string[] blocks) => Driver.CommitBlocks(path, blocks, metadata, Cancel);

    public Task Put(string path, byte[] content, BlobMetadata metadata) => Driver.Put(path, Content.Sequence(content), metadata, Cancel);

    public Task<BlobStat?> Find(string path) => Driver.Find(path, Cancel);

    public async Task<byte[]> Read(string path)
    {
        await using Stream stream = await Driver.Open(path, 0, null, Cancel);
        return await Content.ReadAll(stream, Cancel);
    }

    /// <summary>The files of the staging folder.</summary>
    public FileInfo[] StagingFiles() => new DirectoryInfo(Path.Combine(directory.Root, "staging")).GetFiles();

    public async ValueTask DisposeAsync()
    {
        await Driver.DisposeAsync();
        directory.Dispose();
    }
}
