using System.Buffers;
using Microsoft.Extensions.Configuration;
using Registry.Functions.Hosting;
using Registry.Storage;
using Registry.Storage.Memory;
using Registry.Tests.Support;

namespace Registry.Tests.Verification;

/// <summary>Each of the storages, with what lies in it within reach of a test that spoils it.</summary>
internal sealed class VerificationStorage : IAsyncDisposable
{
    /// <summary>The storages; to add one is to add a line.</summary>
    private static readonly Dictionary<string, Func<VerificationStorage, Task>> kinds = new()
    {
        ["memory"] = async s => await s.Use(new MemoryStorageDriver(s.Clock), new MemoryTableStore(s.Clock)),
        ["disk"] = async s =>
        {
            var settings = Settings.Read(new ConfigurationBuilder().AddInMemoryCollection([new("Registry:Storage:Driver", "filesystem"), new("Registry:Storage:RootDirectory", s.folder["data"])]).Build());
            s.open = await OpenStorage.Open(settings.Storage, s.Clock, IdSource.Random, Cancel);
            (s.Driver, s.Tables) = (s.open.Driver, s.open.Tables);
        },
        ["azurite"] = async s =>
        {
            var azurite = await TestContext.Current.GetFixture<AzuriteFixture>() ?? throw new InvalidOperationException("the tests have no Azurite");
            var storage = await (await azurite.NewAccount()).OpenReady(Cancel);
            await s.Use(storage.Blobs, storage.Tables);
        },
    };

    private readonly TemporaryFolder folder = new();
    private OpenStorage? open;

    private VerificationStorage()
    {
    }

    public static TheoryData<string> Names => [.. kinds.Keys];

    public TestClock Clock { get; } = new();

    public IStorageDriver Driver { get; private set; } = null!;

    public ITableStore Tables { get; private set; } = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static async Task<VerificationStorage> Open(string kind)
    {
        var storage = new VerificationStorage();
        await kinds[kind](storage);
        return storage;
    }

    /// <summary>Changes a blob behind the registry's back: on disk the file itself. Null takes it away.</summary>
    public async Task Spoil(string path, Func<byte[], byte[]?> change)
    {
        byte[] bytes;
        await using (var stream = await Driver.Open(path, 0, null, Cancel))
            bytes = await Content.ReadAll(stream, Cancel);
        var (spoiled, file) = (change(bytes), Path.Combine(folder["data"], "blobs", path));
        if (File.Exists(file))
        {
            if (spoiled is null)
                File.Delete(file);
            else
                await File.WriteAllBytesAsync(file, spoiled, Cancel);
        }
        else if (spoiled is null)
        {
            await Driver.Delete(path, Cancel);
        }
        else
        {
            await Driver.Put(path, new ReadOnlySequence<byte>(spoiled), (await Driver.Find(path, Cancel))!.Metadata, Cancel);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (open is not null)
            await open.DisposeAsync();
        folder.Dispose();
    }

    private async Task Use(IStorageDriver driver, ITableStore tables)
    {
        (Driver, Tables) = (driver, tables);
        foreach (var table in Registry.Storage.Tables.All)
            await tables.CreateTable(table, Cancel);
    }
}
