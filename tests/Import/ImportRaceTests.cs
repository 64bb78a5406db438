using Registry.Digests;
using Registry.Import;
using Registry.Layers;
using Registry.Storage;
using Registry.Tests.Collection;
using Registry.Tests.Support;

namespace Registry.Tests.Import;

/// <summary>Imports beside the collector and beside pushes, and imports that die: nothing that was taken is ever lost.</summary>
public sealed class ImportRaceTests
{
    private static readonly TimeSpan day = TimeSpan.FromHours(24) + TimeSpan.FromMinutes(1);
    private static readonly TestImage app = SmallImages.Image("app", "base", "app");
    private static readonly TestImage sibling = SmallImages.Image("sibling", "base", "sibling");
    private static readonly TestImage multi = SmallImages.Index(SmallImages.Image("amd64", "base", "amd64"), SmallImages.Artifact("arm64", "application/vnd.example", app));

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_was_taken_is_kept_for_ever()
    {
        var lab = await Filled();
        await lab.Import();
        var blobs = await lab.Registry.Blobs();

        foreach (var _ in Enumerable.Range(0, 3))
        {
            lab.Registry.Clock.Advance(10 * day);
            Assert.Empty((await lab.Registry.Collect()).Gone);
        }

        Assert.Equal(blobs, (await lab.Registry.Blobs()).Where(b => !b.StartsWith(PathMapper.CollectionPrefix, StringComparison.Ordinal)));
        await AssertAllThere(lab);
    }

    [Fact]
    public async Task A_deleted_manifest_frees_what_no_other_repository_needs_and_its_own_blob_last_of_all()
    {
        var lab = await Filled();
        await lab.Import();
        lab.Registry.Clock.Advance(day);

        // The same manifest, one blob, in two repositories.
        await lab.Registry.Delete("app", app.Digest.ToString());
        await lab.Registry.Collect();
        lab.Registry.Clock.Advance(day);
        await lab.Registry.Collect();

        Assert.False(await lab.Registry.CanPull("app", app));
        Assert.True(await lab.Registry.CanPull("copy", app));
        Assert.True(await lab.Registry.CanPull("app", sibling));
        Assert.True(await lab.Registry.CanPull("multi", multi));

        await lab.Registry.Delete("copy", app.Digest.ToString());
        lab.Registry.Clock.Advance(day);
        await lab.Registry.Collect();
        lab.Registry.Clock.Advance(day);
        await lab.Registry.Collect();

        var left = await lab.Registry.Blobs();
        Assert.DoesNotContain(lab.Container.BlobPath(app.Manifest), left);
        Assert.DoesNotContain(lab.Container.BlobPath(SmallImages.Blob("app")), left);
        Assert.Contains(lab.Container.BlobPath(SmallImages.Blob("base")), left);
        Assert.True(await lab.Registry.CanPull("app", sibling));
        Assert.True(await lab.Registry.CanPull("multi", multi));
        Assert.DoesNotContain((await Rows(lab, Tables.Content)).Select(r => r.FindString("blob")), p => p is null || !left.Contains(p));
    }

    [Fact]
    public async Task What_was_not_taken_is_never_freed()
    {
        var lab = await Filled();
        await lab.Container.AddLayer("app", SmallImages.Blob("needed by nothing"));
        await lab.Container.Add("broken", SmallImages.Image("broken", "kept", "lost"), "1");
        await lab.Container.Remove(lab.Container.BlobPath(SmallImages.Blob("lost")));
        await lab.Import();
        var blobs = await lab.Registry.Blobs();

        foreach (var _ in Enumerable.Range(0, 3))
        {
            lab.Registry.Clock.Advance(day);
            await lab.Registry.Collect();
        }

        Assert.Equal(blobs, (await lab.Registry.Blobs()).Where(b => !b.StartsWith(PathMapper.CollectionPrefix, StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_manifest_that_policy_removes_leaves_its_blob_to_the_other_repository()
    {
        var registry = await CollectionLab.Make(CollectionLab.Plain with { UntaggedAfter = TimeSpan.FromDays(2) });
        var container = new DistributionContainer(registry.Driver);
        await container.Add("app", app);
        await container.Add("copy", app, "1");
        var import = new DistributionImport(registry.Driver, registry.Tables, new(), registry.Options, registry.Clock);
        Assert.NotNull(await import.Run(null, false, new ImportSeen(), Cancel));

        foreach (var _ in Enumerable.Range(0, 6))
        {
            registry.Clock.Advance(day);
            await registry.Collect();
        }

        Assert.False(await registry.CanPull("app", app));
        Assert.True(await registry.CanPull("copy", app));
    }

    /// <summary>When the import comes, seen from the collector that frees a layer.</summary>
    public static TheoryData<string> Moments => ["before the row is marked", "before the blob is deleted", "after the blob is deleted", "after the row is deleted"];

    [Theory]
    [MemberData(nameof(Moments))]
    public async Task An_import_while_the_collector_frees_a_layer_takes_nothing_that_goes(string moment)
    {
        ImportLab? lab = null;
        var during = new CollectorMoment(moment, async () => await lab!.Import());
        var registry = await CollectionLab.Make(tablesAre: t => during.Tables(t), driverIs: d => during.Driver(d));
        lab = ImportLab.On(registry);
        await lab.Container.Add("app", app, "1");
        await lab.Import();
        await registry.Delete("app", app.Digest.ToString());
        registry.Clock.Advance(day);
        await HoldAllButTheLayer(registry);

        await registry.Collect();

        Assert.True(during.WasThere);
        await AssertConsistent(lab);

        // And the next import and the collector go on from there.
        await lab.Import();
        await AssertConsistent(lab);
        foreach (var _ in Enumerable.Range(0, 3))
        {
            registry.Clock.Advance(day);
            await registry.Collect();
        }

        await AssertConsistent(lab);
        Assert.DoesNotContain(await Rows(lab, Tables.Content), r => r.FindBoolean(LayerLinks.FreedProperty) == true);
    }

    [Theory]
    [MemberData(nameof(Moments))]
    public async Task A_push_while_the_collector_frees_a_layer_that_was_taken_is_whole(string moment)
    {
        CollectionLab? registry = null;
        var during = new CollectorMoment(moment, async () => await registry!.Push("app", app, "again"));
        registry = await CollectionLab.Make(tablesAre: t => during.Tables(t), driverIs: d => during.Driver(d));
        var lab = ImportLab.On(registry);
        await lab.Container.Add("app", app, "1");
        await lab.Import();
        await registry.Delete("app", app.Digest.ToString());
        registry.Clock.Advance(day);
        await HoldAllButTheLayer(registry);

        await registry.Collect();

        Assert.True(during.WasThere);
        Assert.True(await registry.CanPull("app", app));
        foreach (var _ in Enumerable.Range(0, 3))
        {
            registry.Clock.Advance(day);
            await registry.Collect();
        }

        Assert.True(await registry.CanPull("app", app));
        await AssertConsistent(lab);
    }

    [Fact]
    public async Task A_collector_that_dies_between_row_and_blob_is_followed_by_one_that_ends_it()
    {
        var during = new CollectorMoment("before the blob is deleted", () => throw new StorageFailedException("delete", "", 503, "killed"));
        var registry = await CollectionLab.Make(tablesAre: t => during.Tables(t), driverIs: d => during.Driver(d));
        var lab = ImportLab.On(registry);
        await lab.Container.Add("app", app, "1");
        await lab.Import();
        await registry.Delete("app", app.Digest.ToString());
        registry.Clock.Advance(day);
        await Assert.ThrowsAsync<StorageFailedException>(() => registry.Collect());

        foreach (var _ in Enumerable.Range(0, 2))
        {
            registry.Clock.Advance(day);
            await registry.Collect();
        }

        Assert.Empty(await Rows(lab, Tables.Content));
        Assert.DoesNotContain(await registry.Blobs(), b => b.EndsWith("/data", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_import_that_dies_at_any_write_is_continued_by_the_next()
    {
        var whole = await Filled();
        await whole.Import();
        var expected = await whole.Dump(withVersions: false);

        for (var (at, died) = (0, true); died; at++)
        {
            var lab = await Filled();
            var tables = new DyingTables(lab.Registry.Tables, at);
            died = await Record.ExceptionAsync(() => lab.Import(tables: tables)) is not null;
            Assert.True(died || at > 20, "so few writes make no import");

            // Long after, so that the collector has taken what nothing seems to need: links, and no blob.
            foreach (var _ in Enumerable.Range(0, 3))
            {
                lab.Registry.Clock.Advance(day);
                await lab.Registry.Collect();
            }

            await lab.Import();

            Assert.Equal(expected, (await lab.Dump(withVersions: false)).Where(line => !line.StartsWith("progress collection Collect", StringComparison.Ordinal)));
            await AssertAllThere(lab);
        }
    }

    [Fact]
    public async Task Links_that_grew_old_before_their_manifest_was_written_are_renewed_after_it()
    {
        var lab = await ImportLab.Make();
        await lab.Container.Add("app", app, "1");

        var slow = new SlowRows(lab.Registry.Tables, Tables.Manifests, null, () => lab.Registry.Clock.Advance(TimeSpan.FromHours(20)));
        await lab.Import(tables: slow);

        Assert.True(slow.WasSlow);
        var rows = (await Rows(lab, Tables.Content)).Where(r => r.Row != Tables.ContentRow).ToList();
        Assert.Equal(4, rows.Count);
        Assert.All(rows, r => Assert.Equal(TimeSpan.Zero, r.Age));
    }

    [Fact]
    public async Task A_blob_that_goes_between_its_listing_and_its_link_is_told_as_missing()
    {
        var lab = await ImportLab.Make();
        await lab.Container.Add("app", app, "1");
        var path = lab.Container.BlobPath(SmallImages.Blob("app"));

        // Whoever it was: the collector that frees it, or distribution's own. Just before its own link: those of the others are written beside it.
        var seen = await lab.Import(tables: new SlowRows(lab.Registry.Tables, Tables.Content, Digest.Compute(DigestAlgorithm.Sha256, SmallImages.Blob("app")).ToString(), () => Assert.True(lab.Registry.Driver.Delete(path, Cancel).Result)));

        Assert.Equal([ImportProblemKind.Manifest, ImportProblemKind.Tag], seen.Problems.Select(p => p.Kind));
        Assert.Empty(await Rows(lab, Tables.Manifests));
        Assert.DoesNotContain(await Rows(lab, Tables.Content), r => r.FindString("blob") == path);
    }

    /// <summary>So that the one layer is all that goes, and is what decides.</summary>
    private static async Task HoldAllButTheLayer(CollectionLab registry)
    {
        foreach (var blob in app.Blobs.Append(app.Manifest).Where(b => !b.SequenceEqual(SmallImages.Blob("app"))))
            await registry.PushBlob("keep", blob);
    }

    /// <summary>Every row that can be read leads to a blob that is there, and every manifest to what it needs.</summary>
    private static async Task AssertConsistent(ImportLab lab)
    {
        foreach (var row in (await Rows(lab, Tables.Manifests)).Concat(await Rows(lab, Tables.Content)))
        {
            if (row.FindBoolean(LayerLinks.FreedProperty) != true)
                Assert.True(await lab.Registry.Driver.Find(row.GetString("blob"), Cancel) is not null, $"{row.Partition} {row.Row} leads nowhere");
        }

        if ((await Rows(lab, Tables.Manifests)).Any(r => r.Row[0] == Tables.ManifestPrefix))
            Assert.True(await lab.Registry.CanPull("app", app));
    }

    private static async Task<ImportLab> Filled()
    {
        var lab = await ImportLab.Make();
        await lab.Container.Add("app", app, "1", "latest");
        await lab.Container.Add("app", sibling, "2");
        await lab.Container.Add("copy", app, "1");
        await lab.Container.Add("multi", multi, "1");
        return lab;
    }

    private static async Task AssertAllThere(ImportLab lab)
    {
        foreach (var (repository, image) in ((string, TestImage)[])[("app", app), ("app", sibling), ("copy", app), ("multi", multi)])
            Assert.True(await lab.Registry.CanPull(repository, image), repository);
    }

    private static async Task<IReadOnlyList<TableEntity>> Rows(ImportLab lab, string table) => (await lab.Registry.Tables.Query(table, new TableQuery(), Cancel)).Entities;

    /// <summary>Acts once at a moment of the collector's work on the layer that only <see cref="app"/> has.</summary>
    private sealed class CollectorMoment(string moment, Func<Task> act)
    {
        private static readonly string layer = $"sha256:{DistributionContainer.Hex(SmallImages.Blob("app"))}";

        public bool WasThere { get; private set; }

        public ITableStore Tables(ITableStore inner) => new SeenTables(inner, this);

        public IStorageDriver Driver(IStorageDriver inner) => new SeenDriver(inner, this);

        private async Task At(string now)
        {
            if (now != moment || WasThere)
                return;
            WasThere = true;
            await act();
        }

        private sealed class SeenTables(ITableStore inner, CollectorMoment moments) : TableDecorator(inner)
        {
            public override async Task<TableResult> Write(string table, TableOperation operation, CancellationToken cancellation)
            {
                var (isContent, isDelete) = (operation.Entity.Partition == layer && operation.Entity.Row == Registry.Storage.Tables.ContentRow, operation.Kind == TableOperationKind.Delete);
                if (isContent && !isDelete)
                    await moments.At("before the row is marked");
                var result = await base.Write(table, operation, cancellation);
                if (isContent && isDelete)
                    await moments.At("after the row is deleted");
                return result;
            }
        }

        private sealed class SeenDriver(IStorageDriver inner, CollectorMoment moments) : DriverDecorator(inner)
        {
            public override async Task<bool> Delete(string path, CancellationToken cancellation)
            {
                var isLayer = path.Contains(layer["sha256:".Length..], StringComparison.Ordinal);
                if (isLayer)
                    await moments.At("before the blob is deleted");
                var deleted = await base.Delete(path, cancellation);
                if (isLayer)
                    await moments.At("after the blob is deleted");
                return deleted;
            }
        }
    }

    /// <summary>Passes on so many writes, and fails all later ones, with or without effect.</summary>
    private sealed class DyingTables(ITableStore inner, int writes) : TableDecorator(inner)
    {
        private readonly bool firstTakesEffect = writes % 2 == 0;
        private int left = writes;

        public override Task<TableResult> Write(string table, TableOperation operation, CancellationToken cancellation) => Pass(() => base.Write(table, operation, cancellation));

        public override Task<TableResult> WriteBatch(string table, IReadOnlyList<TableOperation> operations, CancellationToken cancellation) =>
            Pass(() => base.WriteBatch(table, operations, cancellation));

        private async Task<TableResult> Pass(Func<Task<TableResult>> write)
        {
            var number = Interlocked.Decrement(ref left);
            if (number >= 0)
                return await write();

            // The first that fails took effect, every other time.
            if (number == -1 && firstTakesEffect)
                await write();
            throw new StorageFailedException("write", "", 503, "killed");
        }
    }

    /// <summary>Acts before the first batch is written to a table.</summary>
    /// <param name="inner">The rows.</param>
    /// <param name="slow">The table whose first batch is slow.</param>
    /// <param name="partition">The partition whose first batch is; null for any.</param>
    /// <param name="act">What happens meanwhile.</param>
    private sealed class SlowRows(ITableStore inner, string slow, string? partition, Action act) : TableDecorator(inner)
    {
        private int batches;

        public bool WasSlow => batches > 0;

        public override Task<TableResult> WriteBatch(string table, IReadOnlyList<TableOperation> operations, CancellationToken cancellation)
        {
            if (table == slow && (partition is null || operations[0].Entity.Partition == partition) && Interlocked.Increment(ref batches) == 1)
                act();

            return base.WriteBatch(table, operations, cancellation);
        }
    }
}
