using static Registry.Tests.Interleaving.CollectionScenario;

namespace Registry.Tests.Interleaving;

/// <summary>A repair of damaged content beside each request that relies on it, in every order of their storage calls. docs/verification.md has a row for each.</summary>
public sealed class RepairRaces
{
    public static TheoryData<Damage> Damages => [Damage.Flipped, Damage.Gone];

    [Theory]
    [MemberData(nameof(Damages))]
    public void A_push_beside_a_repair_is_stored_or_told_that_its_layer_has_gone(Damage damage) => Explore((s, w) => new RepairScenario(s, w)
        .Given(c => c.Post(World.There, Layer), c => c.Put(World.There, App, "latest"))
        .Damaged(damage)
        .Actor("push", async c => await c.Post(World.Here, Layer) is { Status: 201 } ? await c.Put(World.Here, App, "latest") : new Answer(0))
        .Repair()
        .Then(("push", [201, 404])));

    [Theory]
    [MemberData(nameof(Damages))]
    public void A_finish_that_joins_beside_a_repair_is_stored(Damage damage) => Explore((s, w) => new RepairScenario(s, w)
        .Given(c => c.Post(World.There, Layer))
        .Damaged(damage)
        .WithUpload()
        .Actor("finish", (c, r) => c.Put(World.Here, r.Id, LayerDigest, Layer[10..]))
        .Repair()
        .Then(("finish", [201])));

    [Theory]
    [MemberData(nameof(Damages))]
    public void A_finish_that_is_repeated_beside_a_repair_of_what_it_wrote_is_stored_or_unknown(Damage damage) => Explore((s, w) => OfUpload(s, w, damage)
        .Actor("repeat", (c, r) => c.Put(World.Here, r.Id, LayerDigest))
        .Repair()
        .Then(("repeat", [201, 404])));

    [Theory]
    [MemberData(nameof(Damages))]
    public void A_finish_that_is_repeated_after_a_repair_of_what_it_wrote_is_unknown_and_a_push_beside_it_is_stored(Damage damage) => Explore((s, w) => OfUpload(s, w, damage)
        .Repaired()
        .Actor("repeat", (c, r) => c.Put(World.Here, r.Id, LayerDigest))
        .Actor("push", c => c.Post(World.There, Layer))
        .Then(("repeat", [404]), ("push", [201])));

    [Theory]
    [MemberData(nameof(Damages))]
    public void A_mount_beside_a_repair_mounts_or_finds_nothing(Damage damage) => Explore((s, w) => new RepairScenario(s, w)
        .Given(c => c.Post(World.There, Layer))
        .Damaged(damage)
        .Actor("mount", c => c.Mount(World.Here, LayerDigest, World.There))
        .Repair()
        .Then(("mount", [201, 202])));

    [Theory]
    [MemberData(nameof(Damages))]
    public void A_manifest_put_on_the_word_of_a_head_beside_a_repair_is_stored_or_refused(Damage damage) => Explore((s, w) => new RepairScenario(s, w)
        .Given(c => c.Post(World.Here, Layer)).Passed(Late)
        .Damaged(damage)
        .Actor("client", async c => await c.Has(World.Here, LayerDigest) == Answer.Ok ? await c.Put(World.Here, App) : new Answer(404))
        .Repair()
        .Then(("client", [201, 404])));

    [Theory]
    [MemberData(nameof(Damages))]
    public void A_delete_of_the_blob_beside_a_repair_comes_before_or_after_it(Damage damage) => Explore((s, w) => new RepairScenario(s, w)
        .Given(c => c.Post(World.Here, Layer), c => c.Post(World.There, Layer))
        .Damaged(damage)
        .Actor("delete", c => c.Delete(World.Here, LayerDigest))
        .Repair()
        .Then(("delete", [202, 404])));

    [Theory]
    [MemberData(nameof(Damages))]
    public void A_repair_beside_a_run_of_the_collector_that_takes_the_same_content_ends_well(Damage damage) => Explore((s, w) => new RepairScenario(s, w)
        .Given(c => c.Post(World.There, Layer)).Passed(Old)
        .Damaged(damage)
        .Collector()
        .Repair()
        .Then());

    [Theory]
    [MemberData(nameof(Damages))]
    public void Two_repairs_at_once_end_as_one(Damage damage) => Explore((s, w) => new RepairScenario(s, w)
        .Given(c => c.Post(World.Here, Layer), c => c.Post(World.There, Layer), c => c.Put(World.Here, App, "latest"))
        .Damaged(damage)
        .Repair("one")
        .Repair("two")
        .Then());

    [Fact]
    public void Two_repairs_beside_a_push_leave_what_it_brought() => Race(2, (s, w) => new RepairScenario(s, w)
        .Given(c => c.Post(World.There, Layer))
        .Damaged(Damage.Flipped)
        .Actor("push", c => c.Post(World.Here, Layer))
        .Repair("one")
        .Repair("two")
        .Then(("push", [201])));

    [Fact]
    public void Pushes_to_two_repositories_beside_a_repair_are_stored() => Race(2, (s, w) => new RepairScenario(s, w)
        .Given(c => c.Post(World.There, Layer))
        .Damaged(Damage.Flipped)
        .Actor("here", c => c.Post(World.Here, Layer))
        .Actor("there", c => c.Post(World.There, Layer))
        .Repair()
        .Then(("here", [201]), ("there", [201])));

    [Fact]
    public void A_repair_and_a_run_of_the_collector_beside_a_push_leave_what_it_brought() => Race(2, (s, w) => new RepairScenario(s, w)
        .Given(c => c.Post(World.There, Layer)).Passed(Old)
        .Damaged(Damage.Flipped)
        .Actor("push", c => c.Post(World.Here, Layer))
        .Collector()
        .Repair()
        .Then(("push", [201])));

    [Fact]
    public void A_finish_that_is_repeated_when_the_collector_has_taken_what_was_repaired_is_unknown() => Race(2, (s, w) => OfUpload(s, w, Damage.Flipped)
        .Repaired()
        .Passed(Old)
        .Collector()
        .Actor("repeat", (c, r) => c.Put(World.Here, r.Id, LayerDigest))
        .Actor("push", c => c.Post(World.There, Layer))
        .Then(("repeat", [404]), ("push", [201])));

    [Theory]
    [MemberData(nameof(Strikes.Kinds), MemberType = typeof(Strikes))]
    public void A_repair_that_is_struck_at_any_call_beside_a_push_is_ended_by_another(FaultKind kind)
    {
        var runs = 0;
        Strikes.AtEachCall(kind, fault =>
            runs += Explorer.ExploreOrders(
                (s, w) => new RepairScenario(s, w)
                    .Given(c => c.Post(World.There, Layer))
                    .Damaged(Damage.Flipped)
                    .Actor("push", c => c.Post(World.Here, Layer))
                    .Repair(fault: fault)
                    .ThenAfterAnother(("push", [201])),
                () => new World(new WorldSetup { MayFail = true })));

        TestContext.Current.TestOutputHelper?.WriteLine($"{runs} interleavings in all");
    }

    [Theory]
    [MemberData(nameof(Damages))]
    public void A_manifest_that_is_put_beside_its_repair_is_whole_after_the_next_put(Damage damage) => Explore((s, w) => OfManifest(s, w, damage)
        .Actor("put", c => c.Put(World.Here, App, "other"))
        .Then(0, ("put", [201])), thenPut: true);

    [Theory]
    [MemberData(nameof(Damages))]
    public void A_manifest_that_was_repaired_is_whole_after_two_puts_at_once(Damage damage) => Explore((s, w) => OfManifest(s, w, damage, isRepaired: true)
        .Actor("one", c => c.Put(World.Here, App, "one"))
        .Actor("two", c => c.Put(World.Here, App, "two"))
        .Then(("one", [201]), ("two", [201])), thenPut: false);

    [Theory]
    [MemberData(nameof(Damages))]
    public void A_delete_of_a_manifest_that_was_repaired_beside_its_put_leaves_nothing_behind(Damage damage) => Explore((s, w) => OfManifest(s, w, damage, isRepaired: true)
        .Actor("put", c => c.Put(World.Here, App, "other"))
        .Actor("delete", c => c.DeleteManifest(World.Here, App.Digest))
        .Then(("put", [201]), ("delete", [202])), thenPut: false);

    // A put that came before the repair wrote nothing anew: the one after it does.
    private static void Explore(Func<Schedule, World, Action> scenario, bool thenPut) => Explorer.ExploreOrders((s, w) =>
    {
        var then = scenario(s, w);
        return () =>
        {
            if (thenPut)
                World.Require(w.NewClient().Put(World.Here, App, "next"));
            then();
        };
    });

    private static CollectionScenario OfManifest(Schedule schedule, World world, Damage damage, bool isRepaired = false)
    {
        var scenario = new CollectionScenario(schedule, world).Given(c => c.Post(World.Here, Layer), c => c.Put(World.Here, App, "latest"));
        world.Spoil(world.ManifestPath(World.Here, App.Digest)!, damage == Damage.Gone ? null : [.. App.Content.Select((b, i) => i == 3 ? (byte)(b ^ 1) : b)]);
        if (isRepaired)
            World.Require(world.RepairManifest(App.Digest));
        else
            scenario.Race.Background("repair", w => w.RepairManifest(App.Digest));
        return scenario;
    }

    private static RepairScenario OfUpload(Schedule schedule, World world, Damage damage)
    {
        var scenario = new RepairScenario(schedule, world).WithUpload();
        return scenario.Given(c => c.Put(World.Here, scenario.Race.Id, LayerDigest, Layer[10..])).Damaged(damage);
    }

    private static void Explore(Func<Schedule, World, Action> scenario) => Explorer.ExploreOrders(scenario);

    private static void Race(int preemptions, Func<Schedule, World, Action> scenario) => Explorer.ExploreRace(preemptions, scenario);
}
