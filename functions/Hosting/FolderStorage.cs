using Registry.Storage.FileSystem;

namespace Registry.Functions.Hosting;

/// <summary>A data folder with its two stores, closed in the order that they need.</summary>
internal sealed class FolderStorage : IAsyncDisposable
{
    private readonly DataDirectory directory;

    private FolderStorage(DataDirectory directory, FileSystemDriver driver, FileSystemTableStore tables)
    {
        this.directory = directory;
        Driver = driver;
        Tables = tables;
    }

    public FileSystemDriver Driver { get; }

    public FileSystemTableStore Tables { get; }

    public static async Task<FolderStorage> Open(string root, TimeProvider time, IdSource ids, CancellationToken cancellation)
    {
        var directory = DataDirectory.Open(root);
        FileSystemTableStore? tables = null;
        try
        {
            tables = FileSystemTableStore.Open(directory, time, ids);
            return new FolderStorage(directory, await FileSystemDriver.Open(directory, time, ids, cancellation), tables);
        }
        catch
        {
            if (tables is not null)
                await tables.DisposeAsync();
            directory.Dispose();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Driver.DisposeAsync();
        await Tables.DisposeAsync();
        directory.Dispose();
    }
}
