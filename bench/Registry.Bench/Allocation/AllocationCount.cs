using System.Text.Json;
using Registry.Bench.Http;
using Registry.Bench.Load;
using Registry.Collection;
using Registry.Digests;
using Registry.Functions.Hosting;
using Registry.Layers;
using Registry.Repositories;
using Registry.Storage;
using Registry.Storage.Azure;
using Registry.Storage.Memory;

namespace Registry.Bench.Allocation;

/// <summary>Counts what the registry allocates, in a process that does nothing else: <c>Registry.Bench allocation [CONNECTION]</c> prints a line of JSON.</summary>
/// <remarks>
/// Counted, not timed, so the same on a machine that is busy. What is told is the slope: the difference between a long run and a short
/// one, divided by the difference in work, so that what is paid once a request does not count for a MiB. Of some repetitions of each the
/// least stands, because the runtime's own threads allocate too.
/// </remarks>
internal static class AllocationCount
{
    private const int Repetitions = 5;
    private const int MiB = 1024 * 1024;

    // What one read of a socket gives, about.
    private const int Piece = 64 * 1024;

    public static async Task<int> Run(string[] args)
    {
        var counts = new AllocationCounts
        {
            HashAndCopy = await HashAndCopy(),
            StagedToAzure = args is [var connection] ? await StagedToAzure(connection) : null,
            PushedToDisk = await OnServer(Disk, PushSlope),
            PulledFromDisk = await OnServer(Disk, PullSlope),
            ManifestInMemory = await OnServer(Memory, ManifestSlope),
            ManifestOnDisk = await OnServer(Disk, ManifestSlope),
        };
        Console.WriteLine(JsonSerializer.Serialize(counts));
        return 0;
    }

    /// <summary>Within one block: what is received, copied into slabs and hashed.</summary>
    private static Task<double> HashAndCopy()
    {
        var layers = Layers(new NoStorage(), Tables());
        return Slope(MiB, 7 * MiB, MiB, length => Append(layers, length));
    }

    private static async Task<double> StagedToAzure(string connection)
    {
        var storage = AzureStorage.FromConnectionString(connection, new AzureStorageOptions($"alloc-{IdSource.Random.NewHex(4)}", $"a{IdSource.Random.NewHex(4)}"));
        await storage.Initialize(CancellationToken.None);
        await storage.Tables.CreateTable(Registry.Storage.Tables.Uploads, CancellationToken.None);
        var layers = Layers(storage.Blobs, storage.Tables);
        return await Slope(64 * MiB, 192 * MiB, MiB, length => Append(layers, length));
    }

    private static Task<double> PushSlope(int port)
    {
        using var client = new RegistryClient(port);
        var (few, many) = (new ContentSource(64 * MiB), new ContentSource(192 * MiB));
        return Slope(64 * MiB, 192 * MiB, MiB, length =>
        {
            client.Push((length == 64 * MiB ? few : many).Next());
            return Task.CompletedTask;
        });
    }

    private static Task<double> PullSlope(int port)
    {
        using var client = new RegistryClient(port);
        var (few, many) = (new ContentSource(64 * MiB).Next(), new ContentSource(192 * MiB).Next());
        client.Push(few);
        client.Push(many);
        return Slope(64 * MiB, 192 * MiB, MiB, length =>
        {
            client.Pull((length == 64 * MiB ? few : many).Digest);
            return Task.CompletedTask;
        });
    }

    private static Task<double> ManifestSlope(int port)
    {
        using (var client = new RegistryClient(port))
            client.PushImage("latest");
        using var connection = new RawConnection(port);
        var request = RegistryClient.ManifestRequest(port, "latest");
        return Slope(500, 2500, 1, count =>
        {
            for (var i = 0; i < count; i++)
            {
                connection.Send(request);
                connection.Receive();
            }

            return connection.Status == 200 ? Task.CompletedTask : throw new InvalidDataException($"{connection.Status} instead of 200");
        });
    }

    private static async Task<double> OnServer(string[] settings, Func<int, Task<double>> measure)
    {
        var folder = Directory.CreateTempSubdirectory("registry-bench-");
        try
        {
            await using var registry = await RegistryApplication.Create([.. settings, $"--Registry:Storage:RootDirectory={Path.Join(folder.FullName, "data")}", "--urls=http://127.0.0.1:0"]);
            await registry.Start(CancellationToken.None);
            return await measure(new Uri(registry.Urls.First()).Port);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static string[] Disk => ["--Registry:Storage:Driver=filesystem"];

    private static string[] Memory => ["--Registry:Storage:Driver=memory"];

    private static MemoryTableStore Tables()
    {
        var tables = new MemoryTableStore(TimeProvider.System);
        tables.CreateTable(Registry.Storage.Tables.Uploads, CancellationToken.None).GetAwaiter().GetResult();
        return tables;
    }

    private static LayerService Layers(IStorageDriver driver, ITableStore tables) =>
        new(driver, tables, new UploadOptions(), new CollectionOptions(), TimeProvider.System, IdSource.Random);

    private static async Task Append(LayerService layers, long length)
    {
        var upload = await layers.Start(RepositoryName.Parse(RegistryClient.Repository), DigestAlgorithm.Sha256, CancellationToken.None);
        await upload.Append(new RepeatedBody(new byte[Piece], length), null, CancellationToken.None);
    }

    private static async Task<double> Slope(int few, int many, int unit, Func<int, Task> run)
    {
        await run(many);
        var (lessWork, moreWork) = (long.MaxValue, long.MaxValue);
        for (var i = 0; i < Repetitions; i++)
        {
            lessWork = Math.Min(lessWork, await Allocated(run, few));
            moreWork = Math.Min(moreWork, await Allocated(run, many));
        }

        return (moreWork - lessWork) / (double)((many - few) / unit);
    }

    private static async Task<long> Allocated(Func<int, Task> run, int work)
    {
        var before = GC.GetTotalAllocatedBytes(precise: true);
        await run(work);
        return GC.GetTotalAllocatedBytes(precise: true) - before;
    }
}

/// <summary>Bytes allocated for a MiB, or for a request.</summary>
internal sealed record AllocationCounts
{
    /// <summary>For a MiB that is received, copied and hashed.</summary>
    public double HashAndCopy { get; init; }

    /// <summary>For a MiB that is staged to Azure, all told; null when it was not asked for.</summary>
    public double? StagedToAzure { get; init; }

    /// <summary>For a MiB that is pushed to disk by HTTP, in the whole process.</summary>
    public double PushedToDisk { get; init; }

    /// <summary>For a MiB that is pulled from disk by HTTP, in the whole process.</summary>
    public double PulledFromDisk { get; init; }

    /// <summary>For a GET of a manifest by its tag, in memory and warm.</summary>
    public double ManifestInMemory { get; init; }

    /// <summary>For a GET of a manifest by its tag, on disk and warm.</summary>
    public double ManifestOnDisk { get; init; }
}
