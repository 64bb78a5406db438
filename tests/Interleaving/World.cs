using System.Globalization;
using System.Text;
using Registry.Collection;
using Registry.Digests;
using Registry.Errors;
using Registry.Layers;
using Registry.Lifecycle;
using Registry.Manifests;
using Registry.Repositories;
using Registry.Storage;
using Registry.Storage.Memory;
using Registry.Tests.Support;
using Registry.Verification;

namespace Registry.Tests.Interleaving;

/// <summary>Fresh stores, instances of the registry over them, and what clients were told: everything one run needs.</summary>
internal sealed class World
{
    /// <summary>Small enough that a few bytes are a block: 8 at least, 16 at most.</summary>
    public static readonly UploadOptions Uploads = new() { MinBlockSize = 8, BlockSize = 16, MemoryLimit = 400 };

    /// <summary>Deletes that cannot be undone: those that can have races of their own.</summary>
    public static readonly CollectionOptions Collection = new() { RestorableFor = TimeSpan.Zero };

    public static readonly RepositoryName Here = RepositoryName.Parse("here");
    public static readonly RepositoryName There = RepositoryName.Parse("there");

    private readonly WorldSetup setup;
    private readonly IStorageDriver driver;
    private readonly ITableStore tables;
    private int instances;

    private readonly UploadOptions uploads;

    public World(WorldSetup? setup = null, UploadOptions? uploads = null)
    {
        this.uploads = uploads ?? Uploads;
        this.setup = setup ?? new WorldSetup();
        var memoryTables = this.setup.Tables(new MemoryTableStore(Clock));
        var memoryDriver = this.setup.Driver(new MemoryStorageDriver(Clock));
        tables = new GatedTables(memoryTables);
        driver = new GatedDriver(memoryDriver, this.setup.PromptDeletes);
        foreach (var table in Tables.All)
            Require(tables.CreateTable(table, CancellationToken.None));
        if (this.setup.Retention is { } policy)
            Require(new RetentionStore(tables).Set(policy, CancellationToken.None));
    }

    public World(Func<ITableStore, ITableStore>? tables, Func<IStorageDriver, IStorageDriver>? driver)
        : this(new WorldSetup { Tables = tables ?? (t => t), Driver = driver ?? (d => d) })
    {
    }

    public TestClock Clock { get; } = new();

    public Ledger Ledger { get; } = new();

    /// <summary>Another process of the registry over the same storage, and a client of it.</summary>
    public Client NewClient()
    {
        var layers = new LayerService(driver, PusherTables, uploads, setup.Pushers, PusherClock, NewIds());
        var manifests = NewManifests();
        return new(layers, manifests, new RestoreService(driver, PusherTables, manifests, setup.Pushers), Ledger, Clock);
    }

    /// <summary>Time that passes between two storage calls.</summary>
    public Task Pass(TimeSpan time) => Schedule.Point($"{time} pass", Touch.All, () =>
    {
        Clock.Advance(time);
        return Task.FromResult(true);
    });

    public ManifestService NewManifests(long cacheSize = 1024) =>
        new(driver, PusherTables, new ManifestCache(cacheSize), new ImmutableTags(), new ManifestOptions(), setup.Pushers, PusherClock, NewIds());

    /// <summary>Another process of the collector over the same storage.</summary>
    public GarbageCollector NewCollector() =>
        new(driver, setup.CollectorTables(tables, driver), Uploads, setup.Collector, Clock, NewIds());

    /// <summary>A whole run of the collector, whatever was under way; what fails in it is the fault that was struck.</summary>
    public async Task Collect(bool forgetDeleted = false)
    {
        try
        {
            await NewCollector().Run(CollectionKind.Collect, forgetDeleted, new Unseen(), CancellationToken.None);
        }
        catch (StorageFailedException) when (setup.MayFail)
        {
        }
    }

    /// <summary>Slices of a run that go on where the last one ended, page by page, each in a process of its own.</summary>
    public async Task CollectInSlices(TimeSpan limit = default)
    {
        try
        {
            while ((await NewCollector().RunSlice(limit, new Unseen(), CancellationToken.None)).Outcome == CollectionOutcome.Paused)
            {
            }
        }
        catch (StorageFailedException) when (setup.MayFail)
        {
        }
    }

    /// <summary>A whole verification that takes what is damaged out of use; what fails in it is the fault that was struck. One that runs beside it does not keep it from its work.</summary>
    public async Task Repair()
    {
        try
        {
            await new Verifier(driver, tables, new VerificationOptions { LeaseDuration = TimeSpan.Zero }, new ManifestOptions(), Clock, NewIds()).Run(repairs: true, new UnseenVerification(), CancellationToken.None);
        }
        catch (StorageFailedException) when (setup.MayFail)
        {
        }
    }

    /// <summary>The repair of one digest alone: all of a verification that writes what others read.</summary>
    public async Task Repair(Digest digest, Func<ITableStore, ITableStore>? seen = null)
    {
        try
        {
            await new Quarantine(driver, seen?.Invoke(tables) ?? tables).Content(digest, CancellationToken.None);
        }
        catch (StorageFailedException) when (setup.MayFail)
        {
        }
    }

    /// <summary>The repair of one link alone.</summary>
    public Task Mend(RepositoryName repository, Digest digest, Func<ITableStore, ITableStore> seen) =>
        new LinkRepair(seen(tables), new BlobCheck(driver)).Mend(digest.ToString(), Tables.Key(repository), CancellationToken.None);

    /// <summary>The repair of one manifest in <see cref="Here"/> alone.</summary>
    public async Task RepairManifest(Digest digest) =>
        await new Quarantine(driver, tables).Manifest(Tables.Key(Here), Tables.ManifestRow(digest), CancellationToken.None);

    /// <summary>Spoils what lies at a path: other bytes, or with null none.</summary>
    public void Spoil(string path, byte[]? bytes)
    {
        var metadata = Require(driver.Find(path, CancellationToken.None))!.Metadata;
        Require(bytes is null ? driver.Delete(path, CancellationToken.None) : driver.Put(path, new(bytes), metadata, CancellationToken.None));
    }

    /// <summary>Writes a row of the content table behind everybody's back, or with null takes it away.</summary>
    public void Alter(Digest digest, string row, Func<TableEntity, TableEntity?> change)
    {
        var before = Require(tables.Find(Tables.Content, digest.ToString(), row, CancellationToken.None))!;
        Require(tables.Write(Tables.Content, change(before.Copy()) is { } after ? TableOperation.Upsert(after) : TableOperation.Delete(before.Partition, row, etag: null), CancellationToken.None));
    }

    /// <summary>The blobs that call themselves by a digest.</summary>
    public IReadOnlyList<string> BlobsOf(Digest digest) =>
        [.. Require(driver.List(PathMapper.ContentPrefix, CancellationToken.None).ToListAsync(CancellationToken.None).AsTask()).Where(b => b.Stat.Metadata.Digest == digest.ToString()).Select(b => b.Path)];

    /// <summary>A digest's rows.</summary>
    public IReadOnlyList<TableEntity> ContentRows(Digest digest) => Require(tables.Query(Tables.Content, new TableQuery { Partition = digest.ToString() }, CancellationToken.None)).Entities;

    /// <summary>A manifest's bytes in <see cref="Here"/>; null when it is unknown.</summary>
    public byte[]? Read(Reference reference)
    {
        try
        {
            return Require(NewManifests().Get(Here, reference, CancellationToken.None)).Content.ToArray();
        }
        catch (RegistryException e) when (e.Error == RegistryError.ManifestUnknown)
        {
            return null;
        }
    }

    /// <summary>Looks at every upload, and purges those that are over.</summary>
    public async Task Purge()
    {
        var purge = new UploadPurge(driver, tables, Uploads, setup.Collector);
        foreach (var row in (await tables.Query(Tables.Uploads, new TableQuery { Select = UploadPurge.Columns }, CancellationToken.None)).Entities)
        {
            if (purge.IsOver(row))
                await purge.Purge(row, CancellationToken.None);
        }
    }

    /// <summary>Everything that an acknowledged manifest needs is there, all the way down, unless somebody asked for its delete.</summary>
    public void CheckNeeds() => Require(CheckAllNeeds());

    /// <summary>Once it is older than the grace period, what nothing needs goes within so many runs, and what is needed stays.</summary>
    public void CheckLeftovers(int runs = 2)
    {
        Clock.Advance(setup.Collector.RestorableFor);
        if (setup.Collector.UntaggedAfter is not null)
        {
            var rows = Require(tables.Query(Tables.Manifests, new TableQuery(), CancellationToken.None)).Entities;
            var live = Live(rows);
            Ledger.LeaveToPolicy((repository, digest) => !live.Contains(digest.ToString()));
        }

        for (var i = 0; i < runs; i++)
        {
            // By policy a manifest goes in two runs that lie apart, and its content in the next.
            if (i == 0 || setup.Collector.UntaggedAfter is not null || setup.Retention is not null)
                Clock.Advance(setup.Collector.GracePeriod + TimeSpan.FromSeconds(1));
            Require(Collect());
        }

        Require(CheckAllLeftovers());
        CheckManifests();
        CheckNeeds();
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

    /// <summary>What can be restored is as whole as on the day when it was deleted, unless it is there again.</summary>
    public void CheckRestorable(params Image[] deleted)
    {
        foreach (var image in deleted.Where(d => ManifestPath(Here, d.Digest) is null))
        {
            var answer = Require(NewClient().Restore(Here, image));
            if (answer.Status is not (201 or 409))
                throw new InvariantException($"{image.Digest} was deleted a moment ago and cannot be restored: {answer}");
        }

        Ledger.Trust(Here, deleted.Select(d => d.Digest));
        CheckManifests();
        CheckNeeds();
    }

    /// <summary>Where a tag points; null for one that is not there.</summary>
    public string? TagOf(string tag) => Require(tables.Find(Tables.Manifests, Tables.Key(Here), Tables.TagRow(Tag.Parse(tag)), CancellationToken.None))?.GetString("digest");

    /// <summary>No tag points at nothing, and every manifest's bytes are what its row says.</summary>
    public void CheckManifests() => Require(CheckAllManifests());

    /// <summary>Every blob is one that a row names: nothing was left behind.</summary>
    public void CheckNothingIsLeft() => Require(CheckBlobs());

    /// <summary>Nothing that was told is untrue: every link leads to content of its digest, and every acknowledged blob reads back.</summary>
    public void Check() => Require(CheckAll());

    /// <summary>Where a manifest's bytes lie, by its row; null for one that is not there.</summary>
    public string? ManifestPath(RepositoryName repository, Digest digest) =>
        Require(tables.Find(Tables.Manifests, Tables.Key(repository), Tables.ManifestRow(digest), CancellationToken.None))?.GetString("blob");

    /// <summary>Which rows and blobs there are, beside the collector's own.</summary>
    public IReadOnlyList<string> Names() =>
    [
        .. Tables.All.Except([Tables.Progress]).SelectMany(table => Require(tables.Query(table, new TableQuery(), CancellationToken.None)).Entities.Select(r => $"{table} {r.Partition} {r.Row}")),
        .. Require(driver.List("", CancellationToken.None).ToListAsync(CancellationToken.None).AsTask()).Select(b => b.Path),
    ];

    /// <summary>All that is stored, as a text that is the same for the same.</summary>
    public string Describe()
    {
        var text = new StringBuilder();
        foreach (var table in Tables.All)
        {
            foreach (var row in Require(tables.Query(table, new TableQuery(), CancellationToken.None)).Entities)
            {
                var properties = row.Properties.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => $"{p.Key}={(p.Value is byte[] bytes ? Convert.ToHexString(bytes) : p.Value)}");
                text.AppendLine(CultureInfo.InvariantCulture, $"{table} {row.Partition} {row.Row} {row.Timestamp:O} {string.Join(' ', properties)}");
            }
        }

        foreach (var blob in Require(driver.List("", CancellationToken.None).ToListAsync(CancellationToken.None).AsTask()))
            text.AppendLine(CultureInfo.InvariantCulture, $"{blob.Path} {blob.Stat}");
        return text.ToString();
    }

    /// <summary>Waits for what no schedule holds: it is done at once, a parallel loop in it aside.</summary>
    public static void Require(Task task)
    {
        if (!task.IsCompleted && !((IAsyncResult)task).AsyncWaitHandle.WaitOne(Patience.Limit))
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

            // Taken out of use: nobody is led there, and a push replaces it.
            if (row.Row == Tables.ContentRow && LayerLinks.IsFreed(row))
                continue;
            if (!page.Entities.Any(c => c.Partition == row.Partition && c.Row == Tables.ContentRow && !LayerLinks.IsFreed(c) && c.GetString("blob") == row.GetString("blob")))
                throw new InvariantException($"link {row.Row} of {digest} leads to a blob that the content row does not name");
            var bytes = await Read(row.GetString("blob"));
            if (bytes is null)
                throw new InvariantException($"row {row.Row} of {digest} leads to no blob");
            if (Digest.Compute(digest.Algorithm, bytes) != digest)
                throw new InvariantException($"row {row.Row} of {digest} leads to other bytes");
        }

        var client = NewClient();
        foreach (var (repository, digest) in Ledger.StoredSince(Clock.GetUtcNow() - Collection.GracePeriod))
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

    private async Task CheckAllNeeds()
    {
        var client = NewClient();
        var open = new Stack<(RepositoryName Repository, Digest Digest, Digest Root)>(Ledger.Manifests.Select(m => (m.Repository, m.Digest, m.Digest)));
        while (open.TryPop(out var next))
        {
            if (Ledger.Doubtful.Contains((next.Repository, next.Digest)))
                continue;
            var needs = Ledger.NeedsOf(next.Repository, next.Digest);
            if (await (needs is null ? client.Head(next.Repository, next.Digest) : client.GetManifest(next.Repository, next.Digest)) != Answer.Ok)
                throw new InvariantException($"{next.Repository} was told that it has the manifest {next.Root}, and {(next.Root == next.Digest ? "has it not" : $"{next.Digest} is missing")}");
            foreach (var need in needs ?? [])
                open.Push((next.Repository, need, next.Root));
        }
    }

    private async Task CheckAllLeftovers()
    {
        var rows = (await tables.Query(Tables.Manifests, new TableQuery(), CancellationToken.None)).Entities;
        var manifests = rows.Where(r => r.Row[0] == Tables.ManifestPrefix).ToList();
        var live = Live(rows);
        var content = (await tables.Query(Tables.Content, new TableQuery(), CancellationToken.None)).Entities;
        var uploads = (await tables.Query(Tables.Uploads, new TableQuery(), CancellationToken.None)).Entities;
        var needed = manifests.SelectMany(m => ManifestRows.References(m).Select(r => (r.Digest.ToString(), m.Partition))).ToHashSet();
        var blobs = manifests.Concat(content).Select(r => r.GetString("blob")).ToHashSet();

        if (setup.Collector.UntaggedAfter is not null)
            None("manifest", manifests.Where(m => !live.Contains(m.GetString("digest"))).Select(m => m.GetString("digest")));
        None("deleted row", rows.Where(r => r.Row[0] == Tables.DeletedPrefix).Select(r => r.Row));
        None("link", content.Where(c => c.Row != Tables.ContentRow && !needed.Contains((c.Partition, c.Row))).Select(c => $"{c.Row} {c.Partition}"));
        None("content", content.Where(c => c.Row == Tables.ContentRow && !content.Any(l => l.Row != Tables.ContentRow && l.Partition == c.Partition)).Select(c => c.Partition));
        None("upload", uploads.Where(u => u.GetString("phase") != nameof(UploadPhase.Open)).Select(u => u.Row));
        None("blob", (await driver.List("", CancellationToken.None).ToListAsync(CancellationToken.None)).Select(b => b.Path).Where(p => !blobs.Contains(p)));

        static void None(string what, IEnumerable<string> left)
        {
            if (left.FirstOrDefault() is { } one)
                throw new LeftoverException($"{what} {one} is left, and nothing needs it");
        }
    }

    /// <summary>What tags lead to, said anew: one repository is enough for the races of the policy.</summary>
    private static HashSet<string> Live(IReadOnlyList<TableEntity> rows)
    {
        var live = rows.Where(r => r.Row[0] == Tables.TagPrefix).Select(r => r.GetString("digest")).ToHashSet();
        for (var before = -1; before < live.Count;)
        {
            before = live.Count;
            foreach (var manifest in rows.Where(r => r.Row[0] == Tables.ManifestPrefix))
            {
                if (live.Contains(manifest.FindString("subject") ?? ""))
                    live.Add(manifest.GetString("digest"));
                if (live.Contains(manifest.GetString("digest")))
                    live.UnionWith(ManifestRows.References(manifest).Where(r => r.Kind == ReferenceKind.Child).Select(r => r.Digest.ToString()));
            }
        }

        return live;
    }

    private async Task CheckAllManifests()
    {
        var rows = (await tables.Query(Tables.Manifests, new TableQuery(), CancellationToken.None)).Entities;
        foreach (var row in rows.Where(r => r.Row[0] != Tables.DeletedPrefix))
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

    private ITableStore PusherTables => setup.PusherTables(tables);

    private TimeProvider PusherClock => setup.PusherClock ?? Clock;

    // Of its own: which ids a process gets does not depend on who else asks for some.
    private SeededIds NewIds() => new(++instances);

    private async Task<byte[]?> Read(string path)
    {
        if (await driver.Find(path, CancellationToken.None) is null)
            return null;
        await using var stream = await driver.Open(path, 0, null, CancellationToken.None);
        return await Content.ReadAll(stream, CancellationToken.None);
    }
}

/// <summary>How a world differs from a sound one, for scenarios that set times or break a rule.</summary>
internal sealed record WorldSetup
{
    /// <summary>Everybody's tables, behind the points of the schedule.</summary>
    public Func<ITableStore, ITableStore> Tables { get; init; } = t => t;

    /// <summary>Everybody's content, behind the points of the schedule.</summary>
    public Func<IStorageDriver, IStorageDriver> Driver { get; init; } = d => d;

    /// <summary>What those who push and delete see of the tables.</summary>
    public Func<ITableStore, ITableStore> PusherTables { get; init; } = t => t;

    /// <summary>What the collector sees of the tables.</summary>
    public Func<ITableStore, IStorageDriver, ITableStore> CollectorTables { get; init; } = (t, _) => t;

    /// <summary>What the collector takes tags by.</summary>
    public RetentionPolicy? Retention { get; init; }

    public CollectionOptions Pushers { get; init; } = World.Collection;

    public CollectionOptions Collector { get; init; } = World.Collection;

    /// <summary>What those who push measure elapsed time by; null for a sound clock.</summary>
    public TimeProvider? PusherClock { get; init; }

    /// <summary>Whether a blob's delete happens in the step of the call before it.</summary>
    public bool PromptDeletes { get; init; }

    /// <summary>Whether the collector may be struck by a fault of storage.</summary>
    public bool MayFail { get; init; }
}

/// <summary>Sees what a run tells, and keeps none of it.</summary>
internal sealed class Unseen : ICollectionObserver
{
    public void Item(CollectionItem item)
    {
    }

    public ValueTask Progress(CollectionPhase phase, CollectionTotals totals, double? fraction) => ValueTask.CompletedTask;
}

/// <summary>What clients have been told and may rely on.</summary>
internal sealed class Ledger
{
    private readonly Dictionary<(RepositoryName Repository, Digest Digest), DateTimeOffset> stored = [];
    private readonly HashSet<(RepositoryName Repository, Digest Digest)> manifests = [];
    private readonly Dictionary<(RepositoryName Repository, Digest Digest), Digest[]> needs = [];
    private readonly Dictionary<Guid, List<Piece>> pieces = [];

    /// <summary>Manifests that were acknowledged, and whose delete was not asked for.</summary>
    public IEnumerable<(RepositoryName Repository, Digest Digest)> Manifests => manifests.Where(m => !Doubtful.Contains(m));

    /// <summary>A delete that runs beside a push may come before or after it, so what it names is no longer promised from the moment it is asked for.</summary>
    public HashSet<(RepositoryName, Digest)> Doubtful { get; } = [];

    /// <summary>Blobs that were acknowledged since then, and whose delete was not asked for.</summary>
    public IEnumerable<(RepositoryName Repository, Digest Digest)> StoredSince(DateTimeOffset then) =>
        stored.Where(s => s.Value >= then && !Doubtful.Contains(s.Key)).Select(s => s.Key);

    public void Store(RepositoryName repository, Digest digest, DateTimeOffset now) => stored[(repository, digest)] = now;

    public void StoreManifest(RepositoryName repository, Image image)
    {
        manifests.Add((repository, image.Digest));
        needs[(repository, image.Digest)] = [.. image.Needs];
    }

    /// <summary>What an acknowledged manifest needs; null for what is none.</summary>
    public Digest[]? NeedsOf(RepositoryName repository, Digest digest) => needs.GetValueOrDefault((repository, digest));

    /// <summary>What was acknowledged so far, or some of it, may go by policy, unless something that is acknowledged from now on needs it.</summary>
    public void LeaveToPolicy(Func<RepositoryName, Digest, bool>? which = null) => manifests.RemoveWhere(m => which?.Invoke(m.Repository, m.Digest) != false);

    public void Doubt(RepositoryName repository, Digest digest) => Doubtful.Add((repository, digest));

    /// <summary>What was deleted is there again.</summary>
    public void Trust(RepositoryName repository, IEnumerable<Digest> digests) => Doubtful.ExceptWith(digests.Select(d => (repository, d)));

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

/// <summary>A promise of docs/uploads.md or docs/garbage-collection.md that did not hold.</summary>
internal sealed class InvariantException(string message) : Exception(message);

/// <summary>Something that nothing needs and that no run takes.</summary>
internal sealed class LeftoverException(string message) : Exception(message);
