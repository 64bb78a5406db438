using Registry.Storage;
using static Registry.Tests.Interleaving.CollectionScenario;

namespace Registry.Tests.Interleaving;

/// <summary>A whole verification that repairs, from its first read to its last, beside those who push, restore and collect. docs/verification.md has a row for each.</summary>
public sealed class PassRaces
{
    [Fact]
    public void A_push_beside_a_whole_pass_is_stored_or_told_that_its_layer_has_gone() => Race(2, (s, w) => new RepairScenario(s, w)
        .Given(c => c.Post(World.There, Layer), c => c.Put(World.There, App, "latest"))
        .Damaged(Damage.Flipped)
        .Actor("push", async c => await c.Post(World.Here, Layer) is { Status: 201 } ? await c.Put(World.Here, App, "latest") : new Answer(0))
        .Pass()
        .Then(("push", [201, 404])));

    /// <summary>The push is where the collector and the pass come between its two requests.</summary>
    [Fact]
    public void A_manifest_put_beside_a_whole_pass_and_a_run_of_the_collector_is_stored_or_told_that_its_layer_has_gone() => Race(1, (s, w) => new RepairScenario(s, w)
        .Given(c => c.Post(World.Here, Layer)).Passed(Old)
        .Damaged(Damage.Flipped)
        .Actor("put", c => c.Put(World.Here, App, "latest"))
        .Collector()
        .Pass()
        .Then(("put", [201, 404])));

    [Fact]
    public void A_run_of_the_collector_beside_a_whole_pass_ends_well() => Race(2, (s, w) => new RepairScenario(s, w)
        .Given(c => c.Post(World.There, Layer), c => c.Post(World.Here, Layer), c => c.Put(World.Here, App, "latest")).Passed(Old)
        .Damaged(Damage.Flipped)
        .Collector()
        .Pass()
        .Then());

    [Fact]
    public void A_restore_beside_a_whole_pass_brings_back_all_or_is_told_what_is_gone() => Race(1, (s, w) => new RepairScenario(s, w)
        .Given(c => c.Post(World.Here, Layer), c => c.Put(World.Here, App, "latest"), c => c.DeleteManifest(World.Here, App.Digest))
        .Damaged(Damage.Flipped)
        .Actor("restore", c => c.Restore(World.Here, App))
        .Pass()
        .Then(("restore", [201, 404])), () => new World(Restorable));

    /// <summary>The pass leads the link that was left to what the push brings, or removes it.</summary>
    [Fact]
    public void A_link_that_a_dead_repair_left_beside_a_push_elsewhere_is_led_to_sound_content_or_gone() => Race(1, (s, w) => new RepairScenario(s, w)
        .Given(c => c.Post(World.Here, Layer))
        .Damaged(Damage.Flipped)
        .Marked()
        .Actor("push", c => c.Post(World.There, Layer))
        .Pass()
        .Then(("push", [201])));

    [Fact]
    public void A_link_that_a_dead_repair_left_beside_its_delete_stays_deleted() => Race(2, (s, w) => new RepairScenario(s, w)
        .Given(c => c.Post(World.Here, Layer), c => c.Post(World.There, Layer))
        .Damaged(Damage.Flipped)
        .Marked()
        .Given(c => c.Post(World.There, Layer))
        .Actor("delete", c => c.Delete(World.Here, LayerDigest))
        .Pass()
        .Then(("delete", [202])));

    [Fact]
    public void A_link_that_a_dead_repair_left_beside_a_run_of_the_collector_leads_nobody_astray() => Race(1, (s, w) => new RepairScenario(s, w)
        .Given(c => c.Post(World.Here, Layer), c => c.Post(World.There, Layer)).Passed(Old)
        .Damaged(Damage.Flipped)
        .Marked()
        .Given(c => c.Post(World.There, Layer))
        .Collector()
        .Pass()
        .Then());

    /// <summary>The blob is whole, and the row is lost that says so.</summary>
    [Fact]
    public void A_content_row_that_is_written_again_beside_a_push_is_the_push_s_or_the_one_that_was_lost() => Race(1, (s, w) =>
    {
        var check = new CollectionScenario(s, w).Given(c => c.Post(World.Here, Layer), c => c.Put(World.Here, App, "latest"))
            .Actor("push", async c => await c.Post(World.There, Layer) is { Status: 201 } ? await c.Put(World.There, App, "latest") : new Answer(0))
            .Then(("push", [201]));
        w.Alter(LayerDigest, Tables.ContentRow, _ => null);
        s.Add("pass", w.Repair);
        return check;
    });

    [Theory]
    [InlineData(FaultKind.StopBefore)]
    [InlineData(FaultKind.StopAfter)]
    [InlineData(FaultKind.FailAfter)]
    [InlineData(FaultKind.Repeat)]
    public void A_whole_pass_that_is_struck_at_any_call_beside_a_push_is_ended_by_another(FaultKind kind)
    {
        var struck = true;
        for (var call = 0; struck; call++)
        {
            var fault = new Fault(kind, call);
            Explorer.ExploreRace(
                0,
                (s, w) => new RepairScenario(s, w)
                    .Given(c => c.Post(World.There, Layer), c => c.Put(World.There, App, "latest"))
                    .Damaged(Damage.Flipped)
                    .Actor("push", c => c.Post(World.Here, Layer))
                    .Pass(fault: fault)
                    .ThenAfterAnother(("push", [201])),
                () => new World(new WorldSetup { MayFail = true }));
            struck = fault.Struck;
        }
    }

    private static void Race(int preemptions, Func<Schedule, World, Action> scenario, Func<World>? newWorld = null) => Explorer.ExploreRace(preemptions, scenario, newWorld);
}
