using Registry.Collection;
using Registry.Digests;
using Registry.Layers;
using Registry.Lifecycle;
using Registry.Manifests;
using Registry.Repositories;
using Registry.Storage;
using Registry.Storage.Memory;
using Registry.Tests.Layers;
using Registry.Tests.Support;

namespace Registry.Tests.Collection;

/// <summary>A registry in memory, whose clock the test moves, with what is needed to push images to it and to collect.</summary>
internal sealed class CollectionLab
{
    /// <summary>Deletes that cannot be undone: those that can have tests of their own.</summary>
    public static readonly CollectionOptions Plain = new() { RestorableFor = TimeSpan.Zero };

    private readonly LayerService layers;
    private readonly ManifestService manifests;
    private readonly UploadOptions uploads = new() { MinBlockSize = 8, BlockSize = 16, MemoryLimit = 4000 };

    private CollectionLab(CollectionOptions options, Func<ITableStore, ITableStore>? tablesAre, Func<IStorageDriver, IStorageDriver>? driverIs)
    {
        Options = options;
        (Tables, Driver) = (new MemoryTableStore(Clock), new MemoryStorageDriver(Clock));
        (SeenTables, SeenDriver) = (tablesAre?.Invoke(Tables) ?? Tables, driverIs?.Invoke(Driver) ?? Driver);
        layers = new LayerService(Driver, Tables, uploads, options, Clock, Ids);
        manifests = new ManifestService(Driver, Tables, new ManifestCache(0), new ImmutableTags(), new ManifestOptions(), options, Clock, Ids);
        Restoring = new RestoreService(Driver, Tables, manifests, options)
        {
            Report = (done, total) =>
            {
                RestoreProgress.Add((done, total));
                return ValueTask.CompletedTask;
            },
        };
    }

    public CollectionOptions Options { get; }

    public RestoreService Restoring { get; }

    /// <summary>What restores told of how far they were.</summary>
    public List<(long Done, long Total)> RestoreProgress { get; } = [];

    public TestClock Clock { get; } = new();

    public SeededIds Ids { get; } = new(TestSeed.Current);

    public MemoryTableStore Tables { get; }

    public MemoryStorageDriver Driver { get; }

    /// <summary>The storage as the collector sees it.</summary>
    public ITableStore SeenTables { get; }

    public IStorageDriver SeenDriver { get; }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static async Task<CollectionLab> Make(
        CollectionOptions? options = null, Func<ITableStore, ITableStore>? tablesAre = null, Func<IStorageDriver, IStorageDriver>? driverIs = null)
    {
        var lab = new CollectionLab(options ?? Plain, tablesAre, driverIs);
        foreach (var table in Registry.Storage.Tables.All)
            await lab.Tables.CreateTable(table, Cancel);
        return lab;
    }

    /// <summary>Pushes an image with all it refers to.</summary>
    public async Task<Digest> Push(string repository, TestImage image, params string[] tags)
    {
        foreach (var child in image.Children)
            await Push(repository, child);
        foreach (var blob in image.Blobs)
            await PushBlob(repository, blob);
        var stored = await manifests.Put(
            RepositoryName.Parse(repository), Reference.To(image.Digest), [.. tags.Select(t => Tag.Parse(t))], image.MediaType, image.Manifest, Cancel);
        return stored.Digest;
    }

    /// <summary>Pushes a blob, by its sha256 if no other name is given, and gives the digest that its content belongs to.</summary>
    public async Task<Digest> PushBlob(string repository, byte[] blob, Digest? named = null) =>
        (await layers.Upload(RepositoryName.Parse(repository), named ?? UploadLab.Sha256(blob), UploadLab.Body(blob), Cancel)).Digest;

    /// <summary>Pushes a blob as docker does, and leaves its upload's row behind.</summary>
    public async Task<Digest> PushBlobByUpload(string repository, byte[] blob, Digest? named = null)
    {
        var upload = await layers.Start(RepositoryName.Parse(repository), DigestAlgorithm.Sha256, Cancel);
        return (await upload.Finish(named ?? UploadLab.Sha256(blob), null, UploadLab.Body(blob), null, Cancel)).Digest;
    }

    /// <summary>Begins an upload, and leaves it alone.</summary>
    public async Task Abandon(string repository, byte[] part)
    {
        var upload = await layers.Start(RepositoryName.Parse(repository), DigestAlgorithm.Sha256, Cancel);
        await upload.Append(UploadLab.Body(part), null, Cancel);
    }

    public Task Delete(string repository, string reference) =>
        manifests.Delete(RepositoryName.Parse(repository), Reference.Parse(reference), Cancel);

    public Task DeleteBlob(string repository, Digest digest) => layers.Delete(RepositoryName.Parse(repository), digest, Cancel);

    /// <summary>Restores what people call so, and gives what came of it: a name that is there, or a name, a minus and why it is not.</summary>
    public async Task<IReadOnlyList<string>> Restore(string name)
    {
        var image = ImageName.Parse(name);
        var restored = await Restoring.Restore(image.Repository, image.Reference, Cancel);
        return [.. restored.Select(r => $"{r.Tag?.ToString() ?? r.Digest.ToString()}{(r.Problem is null ? "" : $" - {r.Problem}")}").Order(StringComparer.Ordinal)];
    }

    /// <summary>What can be restored: tags and digests.</summary>
    public async Task<IReadOnlyList<string>> Deleted(string repository) =>
        [.. (await Restoring.List(RepositoryName.Parse(repository), Cancel).ToListAsync(Cancel)).Select(d => d.Tag?.ToString() ?? d.Digest.ToString()).Order(StringComparer.Ordinal)];

    public async Task<string?> TagOf(string repository, string tag)
    {
        var row = await Tables.Find(Registry.Storage.Tables.Manifests, Registry.Storage.Tables.Key(RepositoryName.Parse(repository)), Registry.Storage.Tables.TagRow(Tag.Parse(tag)), Cancel);
        return row?.GetString("digest");
    }

    public Task Mount(string repository, Digest digest, string from) =>
        layers.Mount(RepositoryName.Parse(repository), digest, RepositoryName.Parse(from), _ => true, Cancel);

    public async Task<bool> Holds(string repository, Digest blob)
    {
        var link = await new LayerLinks(Tables, Options).Find(RepositoryName.Parse(repository), blob, Cancel);
        if (link is null)
            return false;
        await using var content = await Driver.Open(link.Path, 0, null, Cancel);
        return UploadLab.Sha256(await Content.ReadAll(content, Cancel)) == link.Digest;
    }

    /// <summary>Whether an image can be pulled: the manifest, its blobs and its children.</summary>
    public async Task<bool> CanPull(string repository, TestImage image)
    {
        try
        {
            await manifests.Get(RepositoryName.Parse(repository), Reference.To(image.Digest), Cancel);
        }
        catch (Registry.Errors.RegistryException)
        {
            return false;
        }

        foreach (var blob in image.Blobs)
        {
            if (!await Holds(repository, UploadLab.Sha256(blob)))
                return false;
        }

        foreach (var child in image.Children)
        {
            if (!await CanPull(repository, child))
                return false;
        }

        return true;
    }

    public GarbageCollector NewCollector() => new(SeenDriver, SeenTables, uploads, Options, Clock, Ids);

    /// <summary>Makes a whole run, and gives what went and what waits.</summary>
    public async Task<CollectionSeen> Collect(CollectionKind kind = CollectionKind.Collect, bool forgetDeleted = false)
    {
        var seen = new CollectionSeen();
        var slice = await NewCollector().Run(kind, forgetDeleted, seen, Cancel);
        Assert.Equal(CollectionOutcome.Finished, slice.Outcome);
        seen.Totals = slice.Totals;
        return seen;
    }

    /// <summary>Every row and blob, each as a line, the progress of the collector itself aside.</summary>
    public async Task<IReadOnlyList<string>> Everything()
    {
        var all = new List<string>();
        foreach (var table in Registry.Storage.Tables.All.Where(t => t != Registry.Storage.Tables.Progress))
            all.AddRange((await Tables.Query(table, new TableQuery(), Cancel)).Entities.Select(e => $"{table} {e.Partition} {e.Row}"));
        all.AddRange(await Driver.List("", Cancel).Select(b => b.Path).ToListAsync(Cancel));
        return all;
    }

    public async Task<IReadOnlyList<string>> Blobs() => await Driver.List("", Cancel).Select(b => b.Path).ToListAsync(Cancel);
}

/// <summary>Takes down what a run tells.</summary>
internal sealed class CollectionSeen : ICollectionObserver
{
    public List<CollectionItem> Items { get; } = [];

    public CollectionTotals Totals { get; set; } = new();

    /// <summary>What went, as <c>Kind repository</c>.</summary>
    public IEnumerable<string> Gone => Items.Where(i => i is { GoesAt: null, Kind: not (CollectedKind.Unreadable or CollectedKind.Kept) }).Select(i => $"{i.Kind} {i.Repository}".TrimEnd()).Order(StringComparer.Ordinal);

    public IEnumerable<string> Waiting => Items.Where(i => i.GoesAt is not null).Select(i => $"{i.Kind} {i.Repository}".TrimEnd()).Order(StringComparer.Ordinal);

    public void Item(CollectionItem item) => Items.Add(item);

    public ValueTask Progress(CollectionPhase phase, CollectionTotals totals, double? fraction) => ValueTask.CompletedTask;
}
