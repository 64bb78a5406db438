using System.Buffers;
using Registry.Collection;
using Registry.Storage;
using Registry.Tests.Support;
using static Registry.Tests.Interleaving.CollectionScenario;

namespace Registry.Tests.Interleaving;

/// <summary>The races of the collector are worth something only if they notice a broken rule. Each of these breaks one of docs/garbage-collection.md.</summary>
public sealed class CollectionMutationTests
{
    private static readonly DateTimeOffset longAgo = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_link_that_is_written_whatever_became_of_the_content_is_noticed() => Noticed(CollectionRaces.JoinBesideRun, new WorldSetup
    {
        Tables = t => new AlteredTables(t) { Change = (table, o) => IsContent(table, o) && o.Kind == TableOperationKind.Replace ? null : o },
    });

    [Fact]
    public void A_link_that_leaves_the_content_row_as_it_was_is_noticed() => Noticed(CollectionRaces.JoinBesideRun, new WorldSetup { Tables = t => new Unbumped(t) });

    [Fact]
    public void A_content_row_that_is_deleted_whatever_its_version_is_noticed() => Noticed(CollectionRaces.JoinBesideRun, new WorldSetup
    {
        CollectorTables = (t, _) => new AlteredTables(t) { Change = (table, o) => IsContent(table, o) ? Loosen(o) : o },
    });

    [Fact]
    public void A_blob_that_is_deleted_before_its_row_is_noticed() => Noticed(CollectionRaces.JoinBesideRun, new WorldSetup { CollectorTables = (t, d) => new BlobFirst(t, d) });

    [Fact]
    public void A_link_that_is_deleted_whatever_its_version_is_noticed() => Noticed(CollectionRaces.ManifestOfOldContent, new WorldSetup
    {
        CollectorTables = (t, _) => new AlteredTables(t) { Change = (table, o) => table == Tables.Content && !IsContent(table, o) ? Loosen(o) : o },
    });

    [Fact]
    public void A_manifest_put_that_renews_no_link_is_noticed() => Noticed(CollectionRaces.HeadThenManifest, new WorldSetup
    {
        PusherTables = t => new AlteredTables(t) { Change = (table, o) => table == Tables.Content && o.Kind == TableOperationKind.Replace && !IsContent(table, o) ? null : o },
    });

    [Fact]
    public void A_manifest_put_that_takes_days_and_does_not_look_again_is_noticed() =>
        Noticed(CollectionTriples.ManifestThatTakesDays, PromptDeletes with { PusherTables = t => new ReadsOnce(t) });

    [Fact]
    public void A_manifest_put_that_takes_days_by_a_clock_that_stands_still_is_noticed() =>
        Noticed(CollectionTriples.ManifestThatTakesDays, PromptDeletes with { PusherClock = new TestClock() });

    [Fact]
    public void A_blob_that_waited_for_its_row_and_is_not_written_once_more_is_noticed() =>
        Noticed(CollectionTriples.ManifestThatTakesDays, PromptDeletes with { Driver = d => new PutsOnce(d) });

    [Fact]
    public void A_grace_period_shorter_than_what_is_renewed_is_noticed() =>
        Noticed(CollectionTriples.ManifestOfYoungContent, new WorldSetup { Collector = World.Collection with { GracePeriod = TimeSpan.FromMinutes(1) } });

    [Fact]
    public void An_age_that_is_measured_at_the_delete_is_noticed() =>
        Noticed(CollectionTriples.ManifestThatTakesDays, PromptDeletes with { CollectorTables = (t, _) => new AgesNow(t) });

    [Fact]
    public void Marks_that_were_read_before_the_time_was_noted_are_noticed() =>
        Noticed(CollectionTriples.ManifestThatTakesDays, PromptDeletes with { CollectorTables = (t, _) => new MarksEarly(t) });

    [Fact]
    public void Content_that_is_taken_right_after_it_was_joined_is_noticed() => Noticed(
        CollectionTriples.TwoFinishesBesideDelete,
        new WorldSetup { CollectorTables = (t, _) => new AlteredTables(t) { Read = (table, row) => table == Tables.Content && row.Row == Tables.ContentRow ? AlteredTables.Copy(row, longAgo) : row } },
        CollectionTriples.TwoFinishesBound);

    [Fact]
    public void A_collector_that_deletes_the_blob_of_an_upload_with_a_row_is_noticed() => Noticed(CollectionTriples.RepeatBesideDelete, new WorldSetup
    {
        CollectorTables = (t, _) => new AlteredTables(t) { Read = (table, row) => table == Tables.Uploads ? null : row, ReadsLists = false },
    });

    [Theory]
    [InlineData(Tables.Uploads)]
    [InlineData(Tables.Manifests)]
    [InlineData(Tables.Content)]
    public void Blobs_that_are_taken_for_nobodys_are_noticed(string table) =>
        Noticed(table == Tables.Uploads ? RepeatBesideRun : KeptBesideRun, new WorldSetup { CollectorTables = (t, _) => new AlteredTables(t) { Read = (of, row) => WithoutBlob(table, of, row) } });

    [Theory]
    [InlineData(Tables.Uploads)]
    [InlineData(Tables.Manifests)]
    [InlineData(Tables.Content)]
    public void A_name_that_was_not_gathered_is_found_by_the_last_look(string table) => Explorer.ExploreOrders(
        table == Tables.Uploads ? RepeatBesideRun : KeptBesideRun,
        () => new World(new WorldSetup { CollectorTables = (t, _) => new AlteredTables(t) { Read = (of, row) => WithoutBlob(table, of, row), ReadsFinds = false } }));

    [Fact]
    public void A_manifest_that_is_removed_whatever_its_version_is_noticed() => Noticed(CollectionPolicyRaces.TagPut, ByPolicy with
    {
        CollectorTables = (t, _) => new AlteredTables(t) { Change = (table, o) => table == Tables.Manifests ? Loosen(o) : o },
    });

    [Fact]
    public void A_manifest_that_is_removed_in_the_run_that_first_sees_it_untagged_is_noticed() => Noticed(CollectionPolicyRaces.TagDelete, ByPolicy with
    {
        CollectorTables = (t, _) => new AlteredTables(t)
        {
            Read = (table, row) => table == Tables.Manifests && row.Row[0] == Tables.ManifestPrefix ? AlteredTables.Copy(row).Set(UntaggedManifests.Since, longAgo) : row,
        },
    });

    [Fact]
    public void A_manifest_that_is_removed_though_its_row_is_young_is_noticed() => Noticed(CollectionPolicyRaces.IndexPutBesideLongRun, CollectionPolicyRaces.LongRun with
    {
        CollectorTables = (t, _) => new AlteredTables(t) { Read = (table, row) => table == Tables.Manifests ? AlteredTables.Copy(row, longAgo) : row },
    }, CollectionPolicyRaces.LongRunBound);

    [Fact]
    public void An_index_put_that_does_not_renew_its_children_is_noticed() => Noticed(CollectionPolicyRaces.IndexPut, ByPolicy with
    {
        PusherTables = t => new Unrenewed(t),
    });

    [Fact]
    public void A_tag_put_that_leaves_the_row_of_its_manifest_as_it_was_is_noticed() => Noticed(CollectionPolicyRaces.TagPut, ByPolicy with
    {
        PusherTables = t => new AlteredTables(t) { Change = (table, o) => table == Tables.Manifests && o.Kind == TableOperationKind.Replace ? null : o },
    });

    [Fact]
    public void A_deleted_manifest_whose_needs_are_not_marked_is_noticed() => Noticed(RestoreRaces.DeleteBesideRun, Restorable with
    {
        CollectorTables = (t, _) => new AlteredTables(t) { Read = (table, row) => table == Tables.Manifests && row.Row[0] == Tables.DeletedPrefix ? null : row },
    });

    [Fact]
    public void A_deleted_row_that_is_removed_whatever_its_version_is_noticed() => Noticed(RestoreRaces.DeleteAgainBesideRun, Restorable with
    {
        CollectorTables = (t, _) => new AlteredTables(t) { Change = (_, o) => o.Entity.Row[0] == Tables.DeletedPrefix ? Loosen(o) : o },
    });

    private static void Noticed(Func<Schedule, World, Action> scenario, WorldSetup broken, int? preemptions = null)
    {
        // The sound world of the same times passes: it is the mutation that is noticed, not the scenario. (The large ones are tests of their own.)
        if (preemptions is null)
        {
            var times = broken.Collector.GracePeriod == World.Collection.GracePeriod ? broken.Collector : World.Collection;
            Explore(new WorldSetup { PromptDeletes = broken.PromptDeletes, Pushers = broken.Pushers, Collector = times });
        }

        var noticed = Assert.Throws<InterleavingException>(() => Explore(broken));
        Assert.IsType<InvariantException>(noticed.InnerException);
        TestContext.Current.TestOutputHelper?.WriteLine($"broken: {noticed.Message.Split('\n')[0]}");

        int Explore(WorldSetup setup) =>
            preemptions is { } bound ? Explorer.ExploreRace(bound, scenario, () => new World(setup)) : Explorer.ExploreOrders(scenario, () => new World(setup));
    }

    private static bool IsContent(string table, TableOperation operation) => table == Tables.Content && operation.Entity.Row == Tables.ContentRow;

    private static TableOperation Loosen(TableOperation operation) =>
        operation.Kind == TableOperationKind.Delete ? TableOperation.Delete(operation.Entity.Partition, operation.Entity.Row, etag: null) : operation;

    private static TableEntity? WithoutBlob(string hidden, string table, TableEntity row) =>
        table != hidden ? row
        : table == Tables.Uploads ? null
        : row.Row == Tables.ContentRow || row.Row[0] == Tables.ManifestPrefix ? AlteredTables.Copy(row, null, "blob") : row;

    private static Action RepeatBesideRun(Schedule schedule, World world) => CollectionRaces.UploadOfDeletedContent(schedule, world)
        .Actor("repeat", (c, r) => c.Put(World.Here, r.Id, LayerDigest))
        .Collector()
        .ThenSafe(("repeat", [201, 404]));

    private static Action KeptBesideRun(Schedule schedule, World world) => new CollectionScenario(schedule, world)
        .Given(c => c.Post(World.Here, Layer), c => c.Put(World.Here, App, "latest")).Passed(Old)
        .Actor("put", c => c.Put(World.Here, App, "other"))
        .Collector()
        .ThenSafe(("put", [201]));

    /// <summary>A join that looks at the content row, and does not write it.</summary>
    private sealed class Unbumped(ITableStore inner) : TableDecorator(inner)
    {
        public override async Task<TableResult> WriteBatch(string table, IReadOnlyList<TableOperation> operations, CancellationToken cancellation)
        {
            if (!IsContent(table, operations[0]) || operations[0].Kind != TableOperationKind.Replace)
                return await base.WriteBatch(table, operations, cancellation);
            var (partition, etag) = (operations[0].Entity.Partition, operations[0].ETag);
            if (await Find(table, partition, Tables.ContentRow, cancellation) is not { } row || row.ETag != etag)
                return new TableResult(TableStatus.Changed, []);
            var link = await Write(table, operations[1], cancellation);
            return link with { ETags = [etag, link.ETag] };
        }
    }

    /// <summary>Deletes the blob of a content row, then the row.</summary>
    private sealed class BlobFirst(ITableStore inner, IStorageDriver driver) : TableDecorator(inner)
    {
        private readonly Dictionary<string, string> blobs = [];

        public override async Task<TablePage> Query(string table, TableQuery query, CancellationToken cancellation)
        {
            var page = await base.Query(table, query, cancellation);
            foreach (var row in page.Entities.Where(r => r.Row == Tables.ContentRow))
                blobs[row.Partition] = row.GetString("blob");
            return page;
        }

        public override async Task<TableResult> Write(string table, TableOperation operation, CancellationToken cancellation)
        {
            if (IsContent(table, operation))
                await driver.Delete(blobs[operation.Entity.Partition], cancellation);
            return await base.Write(table, operation, cancellation);
        }
    }

    /// <summary>Answers what was read before with what was read then.</summary>
    private sealed class ReadsOnce(ITableStore inner) : TableDecorator(inner)
    {
        private readonly Dictionary<string, TableEntity?> read = [];

        public override async Task<TableEntity?> Find(string table, string partition, string row, CancellationToken cancellation) =>
            read.TryGetValue(partition + row, out var known) ? known : read[partition + row] = await base.Find(table, partition, row, cancellation);
    }

    /// <summary>Shows links older than they are by the time since the run began: so an age is as of now and not as of then.</summary>
    private sealed class AgesNow(ITableStore inner) : TableDecorator(inner)
    {
        private DateTimeOffset began;

        public override async Task<TableEntity?> Find(string table, string partition, string row, CancellationToken cancellation)
        {
            var found = await base.Find(table, partition, row, cancellation);
            began = table == Tables.Progress && found is not null ? found.Timestamp : began;
            return found;
        }

        public override async Task<TablePage> Query(string table, TableQuery query, CancellationToken cancellation)
        {
            var page = await base.Query(table, query, cancellation);
            return table == Tables.Content ? page with { Entities = [.. page.Entities.Select(r => AlteredTables.Copy(r, r.Timestamp - (r.ReadAt - began)))] } : page;
        }
    }

    /// <summary>Reads the manifests before the run writes its row, which notes the time.</summary>
    private sealed class MarksEarly(ITableStore inner) : TableDecorator(inner)
    {
        private TablePage? manifests;

        public override async Task<TableEntity?> Find(string table, string partition, string row, CancellationToken cancellation)
        {
            manifests ??= await base.Query(Tables.Manifests, new TableQuery(), cancellation);
            return await base.Find(table, partition, row, cancellation);
        }

        public override Task<TablePage> Query(string table, TableQuery query, CancellationToken cancellation) =>
            table == Tables.Manifests ? Task.FromResult(manifests!) : base.Query(table, query, cancellation);
    }

    /// <summary>Says that a row of a manifest was written alone, as a renewal is, and leaves it.</summary>
    private sealed class Unrenewed(ITableStore inner) : TableDecorator(inner)
    {
        public override Task<TableResult> Write(string table, TableOperation operation, CancellationToken cancellation) =>
            table == Tables.Manifests ? Task.FromResult(new TableResult(TableStatus.Done, [operation.ETag])) : base.Write(table, operation, cancellation);
    }

    /// <summary>Puts a blob the first time, and says so every time.</summary>
    private sealed class PutsOnce(IStorageDriver inner) : DriverDecorator(inner)
    {
        private readonly HashSet<string> put = [];

        public override Task Put(string path, ReadOnlySequence<byte> content, BlobMetadata metadata, CancellationToken cancellation) =>
            put.Add(path) ? base.Put(path, content, metadata, cancellation) : Task.CompletedTask;
    }
}
