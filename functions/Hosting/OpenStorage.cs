using Azure.Identity;
using Registry.Storage;
using Registry.Storage.Azure;
using Registry.Storage.FileSystem;
using Registry.Storage.Memory;

namespace Registry.Functions.Hosting;

/// <summary>The storage that the settings name, opened: folders, containers and tables are there.</summary>
public sealed class OpenStorage : IAsyncDisposable
{
    private readonly FolderStorage? owner;
    private readonly AzureStorage? azure;

    private OpenStorage(IStorageDriver driver, ITableStore tables, FolderStorage? owner = null, AzureStorage? azure = null)
    {
        this.azure = azure;
        Driver = driver;
        Tables = tables;
        this.owner = owner;
    }

    /// <summary>Storage that is open already and belongs to another; the tables are made.</summary>
    internal static async Task<OpenStorage> Of(IStorageDriver driver, ITableStore tables, CancellationToken cancellation)
    {
        await Task.WhenAll(Registry.Storage.Tables.All.Select(table => tables.CreateTable(table, cancellation)));
        return new OpenStorage(driver, tables);
    }

    public IStorageDriver Driver { get; }

    public ITableStore Tables { get; }

    /// <summary>Whether it is a data folder, which no other process can open while this one has it.</summary>
    public bool IsExclusive => owner is not null;

    /// <summary>Storage's time less ours at its last answer; null where storage is in this process, or has not answered yet.</summary>
    public TimeSpan? ClockSkew => azure?.ClockSkew;

    /// <summary>Why a journal of embedded storage could not be compacted; null while nothing is wrong.</summary>
    public Exception? CompactionFailure => owner?.Driver.CompactionFailure ?? owner?.Tables.CompactionFailure;

    /// <exception cref="SettingException">The storage cannot be opened: the message says why, in one line.</exception>
    public static async Task<OpenStorage> Open(StorageSettings settings, TimeProvider time, IdSource ids, CancellationToken cancellation)
    {
        var storage = settings.Driver switch
        {
            StorageKind.Memory => new OpenStorage(new MemoryStorageDriver(time), new MemoryTableStore(time)),
            StorageKind.Azure => await OpenAzure(settings, time, cancellation),
            _ => await OpenFolder(settings, time, ids, cancellation),
        };
        try
        {
            await Task.WhenAll(Registry.Storage.Tables.All.Select(table => storage.Tables.CreateTable(table, cancellation)));
            return storage;
        }
        catch (StorageFailedException e)
        {
            await storage.DisposeAsync();
            throw Unreachable(e);
        }
    }

    public ValueTask DisposeAsync() => owner?.DisposeAsync() ?? ValueTask.CompletedTask;

    private static async Task<OpenStorage> OpenFolder(StorageSettings settings, TimeProvider time, IdSource ids, CancellationToken cancellation)
    {
        try
        {
            var folder = await FolderStorage.Open(settings.RootDirectory, time, ids, cancellation);
            return new OpenStorage(folder.Driver, folder.Tables, folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new SettingException($"The data folder of Registry:Storage:RootDirectory cannot be opened: {e.Message}") { IsBusy = e is DataDirectoryInUseException };
        }
    }

    private static async Task<OpenStorage> OpenAzure(StorageSettings settings, TimeProvider time, CancellationToken cancellation)
    {
        try
        {
            var options = new AzureStorageOptions(settings.Container, settings.TablePrefix) { Time = time };
            var azure = settings.ConnectionString is { } connection
                ? AzureStorage.FromConnectionString(connection, options)
                : AzureStorage.FromIdentity(settings.BlobServiceUri!, settings.TableServiceUri!, new DefaultAzureCredential(), options);
            await azure.Initialize(cancellation);
            return new OpenStorage(azure.Blobs, azure.Tables, azure: azure);
        }
        catch (FormatException e)
        {
            throw new SettingException($"Registry:Storage:ConnectionString is wrong: {e.Message}");
        }
        catch (ArgumentException e)
        {
            throw new SettingException($"Registry:Storage is wrong: {e.Message}");
        }
        catch (StorageFailedException e)
        {
            throw Unreachable(e);
        }
    }

    private static SettingException Unreachable(StorageFailedException e) =>
        new($"The storage of Registry:Storage cannot be opened: {e.Operation} '{e.Path}' answered {e.Status} {e.Code}. Check the address, the key or the identity's roles, and that the storage can be reached from here");
}
