using Registry.Storage;
using Registry.Tests.Support;
using static Registry.Tests.Interleaving.CollectionScenario;

namespace Registry.Tests.Interleaving;

/// <summary>The rules of a repair, broken one at a time: the races notice. docs/verification.md has a row for each.</summary>
public sealed class RepairMutationTests
{
    [Fact]
    public void A_mark_that_is_written_whatever_became_of_the_row_is_noticed() =>
        Noticed(t => new Unconditional(t, o => o.Entity.Row == Tables.ContentRow && o.Entity.FindBoolean(Registry.Layers.LayerLinks.FreedProperty) == true));

    [Fact]
    public void A_link_that_is_removed_whatever_its_version_is_noticed() =>
        Noticed(t => new Unconditional(t, o => o is { Kind: TableOperationKind.Delete } && o.Entity.Row != Tables.ContentRow));

    [Fact]
    public void The_sound_repair_of_the_same_race_passes() => Explorer.ExploreRace(2, Scenario(t => t));

    [Fact]
    public void A_link_that_is_led_to_content_whatever_became_of_both_is_noticed() =>
        Assert.Throws<InterleavingException>(() => Explorer.ExploreRace(2, Led(t => new Unconditional(t, o => o.Kind == TableOperationKind.Replace))));

    [Fact]
    public void The_sound_repair_of_that_link_passes() => Explorer.ExploreRace(2, Led(t => t));

    /// <summary>The collector takes link, content and blob while the link is led there.</summary>
    private static Func<Schedule, World, Action> Led(Func<ITableStore, ITableStore> tables) => (s, w) =>
    {
        var scenario = new CollectionScenario(s, w).Given(c => c.Post(World.Here, Layer));
        w.Alter(LayerDigest, Tables.Key(World.Here), row => row.Set("blob", "content/aa/left"));
        scenario.Passed(Old).Collector();
        s.Add("mend", () => w.Mend(World.Here, LayerDigest, tables));
        return scenario.Then();
    };

    private static void Noticed(Func<ITableStore, ITableStore> broken) => Assert.Throws<InterleavingException>(() => Explorer.ExploreRace(2, Scenario(broken)));

    private static Func<Schedule, World, Action> Scenario(Func<ITableStore, ITableStore> tables) => (s, w) => new RepairScenario(s, w)
        .Given(c => c.Post(World.There, Layer))
        .Damaged(Damage.Flipped)
        .Actor("push", c => c.Post(World.There, Layer))
        .Repair(tables: tables)
        .Repair("second")
        .Then(("push", [201]));

    /// <summary>Writes what it is told to whatever is there.</summary>
    private sealed class Unconditional(ITableStore inner, Func<TableOperation, bool> which) : TableDecorator(inner)
    {
        public override Task<TableResult> WriteBatch(string table, IReadOnlyList<TableOperation> operations, CancellationToken cancellation) =>
            base.WriteBatch(table, [.. operations.Select(o => which(o) && o.Kind != TableOperationKind.Delete ? TableOperation.Upsert(o.Entity) : o)], cancellation);

        public override Task<TableResult> Write(string table, TableOperation operation, CancellationToken cancellation)
        {
            if (!which(operation))
                return base.Write(table, operation, cancellation);
            var (partition, row) = (operation.Entity.Partition, operation.Entity.Row);
            return base.Write(table, operation.Kind == TableOperationKind.Delete ? TableOperation.Delete(partition, row, etag: null) : TableOperation.Upsert(operation.Entity), cancellation);
        }
    }
}
