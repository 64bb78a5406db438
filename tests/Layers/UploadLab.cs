using System.Buffers;
using System.IO.Pipelines;
using Registry.Collection;
using Registry.Digests;
using Registry.Layers;
using Registry.Repositories;
using Registry.Storage;
using Registry.Storage.Memory;
using Registry.Tests.Support;

namespace Registry.Tests.Layers;

/// <summary>The layer service over memory, with a clock, ids and a driver that the test controls. Blocks are 64 to 256 bytes.</summary>
internal sealed class UploadLab
{
    public static readonly RepositoryName Here = RepositoryName.Parse("here");
    public static readonly RepositoryName There = RepositoryName.Parse("there");
    public static readonly UploadOptions Small = new() { MinBlockSize = 64, BlockSize = 256, MemoryLimit = 32 * 1024 };

    public UploadLab(UploadOptions? options = null, Func<ITableStore, ITableStore>? tablesAre = null)
    {
        Options = options ?? Small;
        var memory = new MemoryTableStore(Clock);
        Tables = tablesAre?.Invoke(memory) ?? memory;
        Driver = new ObservedDriver(new MemoryStorageDriver(Clock));
        Layers = NewInstance();
    }

    public UploadOptions Options { get; }

    public TestClock Clock { get; } = new();

    public SeededIds Ids { get; } = new(TestSeed.Current);

    public ITableStore Tables { get; }

    public ObservedDriver Driver { get; }

    public LayerService Layers { get; }

    public static async Task<UploadLab> Make(UploadOptions? options = null, Func<ITableStore, ITableStore>? tablesAre = null)
    {
        var lab = new UploadLab(options, tablesAre);
        foreach (var table in Registry.Storage.Tables.All)
            await lab.Tables.CreateTable(table, CancellationToken.None);
        return lab;
    }

    /// <summary>Another process over the same storage.</summary>
    public LayerService NewInstance() => new(Driver, Tables, Options, new CollectionOptions(), Clock, Ids);

    public static Digest Sha256(byte[] content) => Digest.Compute(DigestAlgorithm.Sha256, content);

    public static Digest Sha512(byte[] content) => Digest.Compute(DigestAlgorithm.Sha512, content);

    public static PipeReader Body(params byte[][] pieces)
    {
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        foreach (var piece in pieces)
            pipe.Writer.Write(piece);
        pipe.Writer.Complete();
        return pipe.Reader;
    }

    public async Task<LayerUpload> Start() => await Layers.Start(Here, DigestAlgorithm.Sha256, CancellationToken.None);

    public async Task<LayerUpload> Resume(Guid id) => await NewInstance().Resume(Here, id, CancellationToken.None);

    public async Task<byte[]> Read(RepositoryName repository, Digest digest)
    {
        await using var layer = await Layers.Open(repository, digest, CancellationToken.None);
        return await Content.ReadAll(layer, CancellationToken.None);
    }
}

/// <summary>A driver that tells what was asked of it, and lets a test act before each block is staged.</summary>
internal sealed class ObservedDriver(IStorageDriver inner) : IStorageDriver
{
    private readonly Lock gate = new();
    private readonly List<string> calls = [];
    private int staged;

    /// <summary>Calls so far, by their name.</summary>
    public IReadOnlyList<string> Calls
    {
        get
        {
            lock (gate)
                return [.. calls];
        }
    }

    /// <summary>Runs before a block is staged; it is given how many came before it.</summary>
    public Func<int, Task>? BeforeStage { get; set; }

    /// <summary>Runs before blocks are committed.</summary>
    public Action? BeforeCommit { get; set; }

    public Task<BlobStat?> Find(string path, CancellationToken cancellation)
    {
        Note("find");
        return inner.Find(path, cancellation);
    }

    public Task<Stream> Open(string path, long offset, long? length, CancellationToken cancellation)
    {
        Note($"open {offset}");
        return inner.Open(path, offset, length, cancellation);
    }

    public Task Put(string path, ReadOnlySequence<byte> content, BlobMetadata metadata, CancellationToken cancellation)
    {
        Note($"put {content.Length}");
        return inner.Put(path, content, metadata, cancellation);
    }

    public async Task StageBlock(string path, string blockId, ReadOnlySequence<byte> content, CancellationToken cancellation)
    {
        Note($"stage {content.Length}");
        if (BeforeStage is { } before)
            await before(Interlocked.Increment(ref staged) - 1);
        await inner.StageBlock(path, blockId, content, cancellation);
    }

    public async Task CommitBlocks(string path, IReadOnlyList<string> blockIds, BlobMetadata metadata, CancellationToken cancellation)
    {
        Note($"commit {blockIds.Count}");
        BeforeCommit?.Invoke();
        await inner.CommitBlocks(path, blockIds, metadata, cancellation);
    }

    public Task<bool> Delete(string path, CancellationToken cancellation)
    {
        Note("delete");
        return inner.Delete(path, cancellation);
    }

    public IAsyncEnumerable<BlobListing> List(string prefix, CancellationToken cancellation) => inner.List(prefix, cancellation);

    public ValueTask<Uri?> SignReadUrl(string path, TimeSpan lifetime, CancellationToken cancellation) => inner.SignReadUrl(path, lifetime, cancellation);

    private void Note(string call)
    {
        lock (gate)
            calls.Add(call);
    }
}
