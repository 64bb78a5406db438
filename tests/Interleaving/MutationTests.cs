using System.Buffers;
using Registry.Storage;
using Registry.Tests.Support;

namespace Registry.Tests.Interleaving;

/// <summary>The explorer is worth something only if it notices a broken rule. Each of these breaks one.</summary>
public sealed class MutationTests
{
    private static readonly byte[] one = Race.After(" one");
    private static readonly byte[] two = Race.After(" two, and longer than a block");

    [Fact]
    public void Appends_over_a_row_whatever_its_version_are_noticed() => Noticed(Appends, tables: t => new Lax(t, TableOperationKind.Replace));

    [Fact]
    public void A_finish_over_a_row_whatever_its_version_is_noticed() => Noticed(AppendAndFinish, tables: t => new Lax(t, TableOperationKind.Replace));

    [Fact]
    public void A_cancel_of_a_row_whatever_its_version_is_noticed() => Noticed(FinishAndCancel, tables: t => new Lax(t, TableOperationKind.Delete));

    [Fact]
    public void A_content_row_that_replaces_another_is_noticed() => Noticed(TwoUploads, tables: t => new Lax(t, TableOperationKind.Insert));

    [Fact]
    public void A_write_that_is_acknowledged_and_not_made_is_noticed() => Noticed(Appends, tables: t => new Forgetful(t));

    [Fact]
    public void A_block_that_is_acknowledged_and_not_staged_is_noticed() => Noticed(Appends, driver: d => new Dropping(d));

    private static Action Appends(Schedule schedule, World world)
    {
        var race = new Race(schedule, world).WithUpload()
            .Actor("A", (c, r) => c.Patch(World.Here, r.Id, one[10..], 10))
            .Actor("B", (c, r) => c.Patch(World.Here, r.Id, two[10..], 10));
        return () => race.ContinuesOrIsOver(mayBeOver: false);
    }

    private static Action AppendAndFinish(Schedule schedule, World world)
    {
        var race = new Race(schedule, world).WithUpload()
            .Actor("append", (c, r) => c.Patch(World.Here, r.Id, two[10..], 10))
            .Actor("finish", (c, r) => c.Put(World.Here, r.Id, Client.Of(one), one[10..], 10));
        return () => race.ContinuesOrIsOver(mayBeOver: race.Answers["finish"].Status == 201);
    }

    private static Action FinishAndCancel(Schedule schedule, World world)
    {
        new Race(schedule, world).WithUpload()
            .Actor("finish", (c, r) => c.Put(World.Here, r.Id, Client.Of(one), one[10..]))
            .Actor("cancel", (c, r) => c.Cancel(World.Here, r.Id));
        return () => { };
    }

    private static Action TwoUploads(Schedule schedule, World world)
    {
        var race = new Race(schedule, world).WithUpload();
        race.Actor("finish", (c, r) => c.Put(World.Here, r.Id, Client.Of(two), two[10..]))
            .Actor("post", (c, r) => c.Post(World.There, two));
        return () => { };
    }

    private static void Noticed(
        Func<Schedule, World, Action> scenario, Func<ITableStore, ITableStore>? tables = null, Func<IStorageDriver, IStorageDriver>? driver = null)
    {
        // Sound stores pass: it is the mutation that is noticed, not the scenario.
        Explorer.ExploreRace(4, scenario);
        var noticed = Assert.Throws<InterleavingException>(() => Explorer.ExploreRace(4, scenario, () => new World(tables, driver)));
        Assert.IsType<InvariantException>(noticed.InnerException);
        TestContext.Current.TestOutputHelper?.WriteLine(noticed.Message);
    }

    /// <summary>Drops the condition of one kind of write.</summary>
    private sealed class Lax(ITableStore inner, TableOperationKind kind) : TableDecorator(inner)
    {
        public override Task<TableResult> Write(string table, TableOperation operation, CancellationToken cancellation) =>
            base.Write(table, Loosen(operation), cancellation);

        public override Task<TableResult> WriteBatch(string table, IReadOnlyList<TableOperation> operations, CancellationToken cancellation) =>
            base.WriteBatch(table, [.. operations.Select(Loosen)], cancellation);

        private TableOperation Loosen(TableOperation operation) =>
            operation.Kind != kind ? operation
            : kind == TableOperationKind.Delete ? TableOperation.Delete(operation.Entity.Partition, operation.Entity.Row, etag: null)
            : TableOperation.Upsert(operation.Entity);
    }

    /// <summary>Says that an open upload's row was replaced, and leaves it as it was.</summary>
    private sealed class Forgetful(ITableStore inner) : TableDecorator(inner)
    {
        public override Task<TableResult> Write(string table, TableOperation operation, CancellationToken cancellation) =>
            operation.Kind == TableOperationKind.Replace && operation.Entity.FindString("phase") == "Open"
                ? Task.FromResult(new TableResult(TableStatus.Done, [operation.ETag]))
                : base.Write(table, operation, cancellation);
    }

    /// <summary>Says that a block is staged when it is the second of its upload, and drops it.</summary>
    private sealed class Dropping(IStorageDriver inner) : DriverDecorator(inner)
    {
        private int staged;

        public override Task StageBlock(string path, string blockId, ReadOnlySequence<byte> content, CancellationToken cancellation) =>
            ++staged == 2 ? Task.CompletedTask : base.StageBlock(path, blockId, content, cancellation);
    }
}
