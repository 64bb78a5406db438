using Registry.Collection;
using Registry.Digests;
using Registry.Layers;
using Registry.Manifests;
using Registry.Repositories;
using Registry.Storage;
using Registry.Storage.Memory;
using Registry.Tests.Support;

namespace Registry.Tests.Interleaving;

/// <summary>Fresh stores, instances of the registry over them, and what clients were told: everything one run needs.</summary>
internal sealed class World
{
    /// <summary>Small enough that a few bytes are a block: 8 at least, 16 at most.</summary>
    public static readonly UploadOptions Uploads = new() { MinBlockSize = 8, BlockSize = 16, MemoryLimit = 400 };

    public static readonly CollectionOptions Collection = new();

    public static readonly RepositoryName Here = RepositoryName.Parse("here");
    public static readonly RepositoryName There = RepositoryName.Parse("there");

    private readonly IStorageDriver driver;
    private readonly ITableStore tables;
    private readonly SeededIds ids = new(1);

    private readonly UploadOptions uploads;

    public World(Func<ITableStore, ITableStore>? tablesAre = null, Func<IStorageDriver, IStorageDriver>? driverIs = null, UploadOptions? uploads = null)
    {
        this.uploads = uploads ?? Uploads;
        var memoryTables = new MemoryTableStore(Clock);
        var memoryDriver = new MemoryStorageDriver(Clock);
        tables = new GatedTables(tablesAre?.Invoke(memoryTables) ?? memoryTables);
        driver = new GatedDriver(driverIs?.Invoke(memoryDriver) ?? memoryDriver);
        foreach (var table in Tables.All)
            Require(tables.CreateTable(table, CancellationToken.None));
    }

    public TestClock Clock { get; } = new();

    public Ledger Ledger { get; } = new();

    /// <summary>Another process of the registry over the same storage, and a client of it.</summary>
    public Client NewClient() => new(new LayerService(driver, tables, uploads, Collection, Clock, ids), Ledger);

    /// <summary>Time that passes between two storage calls.</summary>
    public Task Pass(TimeSpan time) => Schedule.Point($"{time} pass", () =>
    {
        Clock.Advance(time);
        return Task.FromResult(true);
    });

    public ManifestService NewManifests(long cacheSize = 1024)
    {
        var verifier = new ReferenceVerifier(tables, new LayerLinks(tables, Collection), new ManifestOptions(), Collection);
        return new ManifestService(
            driver, tables, new RepositoryCatalog(tables), verifier, new ManifestCache(cacheSize), new ManifestOptions(), Collection, Clock, ids);
    }

    /// <summary>Looks at every upload, and purges those that are over.</summary>
    public async Task Purge()
    {
        var purge = new UploadPurge(driver, tables, Uploads, Collection);
        foreach (var row in (await tables.Query(Tables.Uploads, new TableQuery { Select = UploadPurge.Columns }, CancellationToken.None)).Entities)
        {
            if (purge.IsOver(row))
                await purge.Purge(row, CancellationToken.None);
        }
    }

    /// <summary>A collector of content in short: a content row that no link stands beside goes if-match, then its blob.</summary>
    /// <param name="digest">Whose content.</param>
    /// <param name="sparesUploads">Whether a blob whose upload still has its row is left to the purge: a finish of that upload may still be under way, and would link the blob once more.</param>
    public async Task SweepContent(Digest digest, bool sparesUploads = true)
    {
        var page = await tables.Query(Tables.Content, new TableQuery { Partition = digest.ToString() }, CancellationToken.None);
        if (page.Entities is not [{ Row: Tables.ContentRow } content])
            return;
        var delete = TableOperation.Delete(content.Partition, content.Row, content.ETag);
        if (!(await tables.Write(Tables.Content, delete, CancellationToken.None)).IsDone)
            return;
        var blob = content.GetString("blob");
        var uploads = await tables.Query(Tables.Uploads, new TableQuery(), CancellationToken.None);
        if (!sparesUploads || !uploads.Entities.Any(u => PathMapper.Content(u.Row.Replace("-", "", StringComparison.Ordinal)) == blob))
            await driver.Delete(blob, CancellationToken.None);
    }

    /// <summary>The collector's part in aliases, in short: one that is old goes if-match, when the link that it stands for is not there.</summary>
    public async Task SweepAlias(Digest tarsum)
    {
        if (await tables.Find(Tables.Content, tarsum.ToString(), Tables.Key(Here), CancellationToken.None) is not { } alias
            || alias.Age <= Collection.GracePeriod
            || await tables.Find(Tables.Content, alias.GetString("canonical"), alias.Row, CancellationToken.None) is not null)
            return;
        await tables.Write(Tables.Content, TableOperation.Delete(alias.Partition, alias.Row, alias.ETag), CancellationToken.None);
    }

    /// <summary>What a tarsum stands for in <see cref="Here"/>; null for nothing.</summary>
    public async Task<string?> FindCanonical(Digest tarsum) =>
        (await tables.Find(Tables.Content, tarsum.ToString(), Tables.Key(Here), CancellationToken.None))?.GetString("canonical");

    /// <summary>No tag points at nothing, and every manifest's bytes are what its row says.</summary>
    public void CheckManifests() => Require(CheckAllManifests());

    /// <summary>Every blob is one that a row names: nothing was left behind.</summary>
    public void CheckNothingIsLeft() => Require(CheckBlobs());

    /// <summary>Nothing that was told is untrue: every link leads to content of its digest, and every acknowledged blob reads back.</summary>
    public void Check() => Require(CheckAll());

    /// <summary>Waits for what no schedule holds: it is done at once, a parallel loop in it aside.</summary>
    public static void Require(Task task)
    {
        if (!task.IsCompleted && !((IAsyncResult)task).AsyncWaitHandle.WaitOne(TimeSpan.FromSeconds(20)))
            throw new InvalidOperationException("a call outside of the schedule does not end");
        task.GetAwaiter().GetResult();
    }

    public static T Require<T>(Task<T> task)
    {
        Require((Task)task);
        return task.Result;
    }

    private async Task CheckAll()
    {
        var page = await tables.Query(Tables.Content, new TableQuery(), CancellationToken.None);
        foreach (var row in page.Entities)
        {
            var digest = Digest.Parse(row.Partition);
            if (!digest.Algorithm.IsHash)
            {
                await CheckAlias(page.Entities, row, digest);
                continue;
            }

            if (!page.Entities.Any(c => c.Partition == row.Partition && c.Row == Tables.ContentRow && c.GetString("blob") == row.GetString("blob")))
                throw new InvariantException($"link {row.Row} of {digest} leads to a blob that the content row does not name");
            var bytes = await Read(row.GetString("blob"));
            if (bytes is null)
                throw new InvariantException($"row {row.Row} of {digest} leads to no blob");
            if (Digest.Compute(digest.Algorithm, bytes) != digest)
                throw new InvariantException($"row {row.Row} of {digest} leads to other bytes");
        }

        var client = NewClient();
        foreach (var (repository, digest) in Ledger.Stored)
        {
            if (await client.Head(repository, digest) != Answer.Ok)
                throw new InvariantException($"{repository} was told that it has {digest}, and has it not");
        }
    }

    // Without the link that it stands for, an alias stands for nothing, and does no harm.
    private async Task CheckAlias(IReadOnlyList<TableEntity> rows, TableEntity alias, Digest digest)
    {
        var link = rows.FirstOrDefault(r => r.Row == alias.Row && r.Partition == alias.GetString("canonical"));
        if (link is not null && !Client.Is(await Read(link.GetString("blob")) ?? [], digest))
            throw new InvariantException($"{alias.Row} calls other content {digest}");
    }

    private async Task CheckAllManifests()
    {
        var rows = (await tables.Query(Tables.Manifests, new TableQuery(), CancellationToken.None)).Entities;
        foreach (var row in rows)
        {
            var digest = Digest.Parse(row.GetString("digest"));
            var manifest = rows.FirstOrDefault(r => r.Partition == row.Partition && r.Row == Tables.ManifestRow(digest))
                ?? throw new InvariantException($"row {row.Row} leads to a manifest that is gone");
            if (manifest.GetString("blob") != row.GetString("blob"))
                throw new InvariantException($"row {row.Row} names another blob than its manifest");
            var content = Digest.Parse(row.FindString("bytes") ?? row.GetString("digest"));
            if (await Read(row.GetString("blob")) is not { } bytes || Digest.Compute(content.Algorithm, bytes) != content)
                throw new InvariantException($"row {row.Row} leads to no content of {content}");
            if ((await driver.Find(row.GetString("blob"), CancellationToken.None))!.Metadata.Digest != content.ToString())
                throw new InvariantException($"row {row.Row} leads to a blob that calls itself otherwise than {content}");
        }
    }

    private async Task CheckBlobs()
    {
        var rows = new List<TableEntity>();
        foreach (var table in (string[])[Tables.Content, Tables.Manifests])
            rows.AddRange((await tables.Query(table, new TableQuery(), CancellationToken.None)).Entities);
        await foreach (var blob in driver.List(PathMapper.ContentPrefix, CancellationToken.None))
        {
            if (!rows.Any(r => r.GetString("blob") == blob.Path))
                throw new InvariantException($"no row names {blob.Path}, {blob.Stat.Metadata.Digest}");
        }
    }

    private async Task<byte[]?> Read(string path)
    {
        if (await driver.Find(path, CancellationToken.None) is null)
            return null;
        await using var stream = await driver.Open(path, 0, null, CancellationToken.None);
        return await Content.ReadAll(stream, CancellationToken.None);
    }
}

/// <summary>What clients have been told and may rely on.</summary>
internal sealed class Ledger
{
    private readonly HashSet<(RepositoryName, Digest)> stored = [];
    private readonly Dictionary<Guid, List<Piece>> pieces = [];

    /// <summary>Blobs that were acknowledged, and whose delete was not asked for.</summary>
    public IReadOnlyCollection<(RepositoryName Repository, Digest Digest)> Stored => stored;

    /// <summary>A delete that runs beside a push may come before or after it, so what it names is no longer promised from the moment it is asked for.</summary>
    public HashSet<(RepositoryName, Digest)> Doubtful { get; } = [];

    public void Store(RepositoryName repository, Digest digest)
    {
        if (!Doubtful.Contains((repository, digest)))
            stored.Add((repository, digest));
    }

    public void Doubt(RepositoryName repository, Digest digest)
    {
        stored.Remove((repository, digest));
        Doubtful.Add((repository, digest));
    }

    public void Append(Guid upload, long end, byte[] content)
    {
        if (!pieces.TryGetValue(upload, out var list))
            pieces.Add(upload, list = []);
        list.Add(new Piece(end - content.Length, content));
    }

    /// <summary>The bytes of an upload that were acknowledged. Two that claim one place contradict each other.</summary>
    public byte[] Acknowledged(Guid upload)
    {
        var all = new List<byte>();
        foreach (var piece in pieces.GetValueOrDefault(upload, []).OrderBy(p => p.From).ThenBy(p => p.Content.Length))
        {
            if (piece.From > all.Count)
                throw new InvariantException($"bytes from {piece.From} were acknowledged, and those before end at {all.Count}");
            var known = all.Skip((int)piece.From).Take(piece.Content.Length).ToArray();
            if (!known.AsSpan().SequenceEqual(piece.Content.AsSpan(0, known.Length)))
                throw new InvariantException($"two requests were both told that their bytes are at {piece.From}");
            all.AddRange(piece.Content[known.Length..]);
        }

        return [.. all];
    }

    private sealed record Piece(long From, byte[] Content);
}

/// <summary>A promise of docs/uploads.md that did not hold.</summary>
internal sealed class InvariantException(string message) : Exception(message);
