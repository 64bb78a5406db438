using Registry.Storage;
using Registry.Storage.FileSystem;
using Registry.Storage.FileSystem.Journal;
using Registry.Tests.Support;

namespace Registry.Tests.Storage.FileSystem;

/// <summary>The tables of a data directory, open.</summary>
internal sealed class OpenTables : IAsyncDisposable
{
    public const string Table = "rows";

    /// <summary>Compacts all the time.</summary>
    public static readonly JournalOptions Eager = new(MinimumBytes: 600, SnapshotFactor: 1);

    private readonly DataDirectory directory;

    private OpenTables(DataDirectory directory, FileSystemTableStore store)
    {
        this.directory = directory;
        Store = store;
    }

    public FileSystemTableStore Store { get; }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static async Task<OpenTables> Open(string folder, Disk? disk = null, JournalOptions? options = null, int seed = 1)
    {
        DataDirectory directory = DataDirectory.Open(folder, disk ?? new UnflushedDisk());
        try
        {
            var store = FileSystemTableStore.Open(directory, new TestClock(), new SeededIds(seed), options ?? new JournalOptions());
            await store.CreateTable(Table, Cancel);
            return new OpenTables(directory, store);
        }
        catch
        {
            directory.Dispose();
            throw;
        }
    }

    public Task<TableResult> Write(TableOperation operation) => Store.Write(Table, operation, Cancel);

    public Task<TableResult> Put(string row, string value) => Write(TableOperation.Upsert(new TableEntity("p", row).Set("value", value)));

    public async Task<Dictionary<string, string>> Rows()
    {
        TablePage page = await Store.Query(Table, new TableQuery { Partition = "p" }, Cancel);
        return page.Entities.ToDictionary(e => e.Row, e => e.GetString("value"));
    }

    public async ValueTask DisposeAsync()
    {
        await Store.DisposeAsync();
        directory.Dispose();
    }
}
