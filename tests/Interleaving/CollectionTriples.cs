using static Registry.Tests.Interleaving.CollectionScenario;

namespace Registry.Tests.Interleaving;

/// <summary>Two beside the collector: a request and a delete, a second collector, or the clock.</summary>
public sealed class CollectionTriples
{
    [Fact]
    public void A_finish_that_joins_beside_a_delete_and_a_run_is_stored() => Explore((s, w) => new CollectionScenario(s, w)
        .Given(c => c.Post(World.There, Layer)).Passed(Old)
        .WithUpload()
        .Actor("finish", (c, r) => c.Put(World.Here, r.Id, LayerDigest, Layer[10..]))
        .Actor("delete", c => c.Delete(World.There, LayerDigest))
        .Collector()
        .Then(("finish", [201])));

    [Fact]
    public void A_finish_that_is_repeated_beside_a_delete_and_a_run_links_only_what_stays() => Explore(RepeatBesideDelete);

    [Fact]
    public void A_manifest_put_beside_a_delete_of_its_like_and_a_run_is_stored_whole_or_refused() => Explore((s, w) => new CollectionScenario(s, w)
        .Given(c => c.Post(World.Here, Layer), c => c.Put(World.Here, App, "latest")).Passed(Old)
        .Actor("put", c => c.Put(World.Here, Image.Index(App), "latest"))
        .Actor("delete", c => c.DeleteManifest(World.Here, App.Digest))
        .Collector()
        .Then(("put", [201, 404]), ("delete", [202])));

    [Fact]
    public void A_push_beside_a_delete_of_what_held_its_content_and_a_run_is_stored_whole() => Explore((s, w) => new CollectionScenario(s, w)
        .Given(c => c.Post(World.There, Layer), c => c.Put(World.There, App, "latest")).Passed(Old)
        .Actor("push", async c => await c.Mount(World.Here, LayerDigest, World.There) is { Status: 201 } ? await c.Put(World.Here, App, "latest") : new Answer(202))
        .Actor("delete", async c => await c.DeleteManifest(World.There, App.Digest) is { Status: 202 } ? await c.Delete(World.There, LayerDigest) : new Answer(0))
        .Collector()
        .Then(("push", [201, 202]), ("delete", [202, 404])));

    [Fact]
    public void Two_collectors_beside_a_push_lose_nothing() => Explore((s, w) => new CollectionScenario(s, w)
        .Given(c => c.Post(World.There, Layer)).Passed(Old)
        .Actor("push", async c => await c.Post(World.Here, Layer) is { Status: 201 } ? await c.Put(World.Here, App, "latest") : new Answer(0))
        .Collector("one").Collector("two")
        .Then(("push", [201])));

    [Fact]
    public void Two_collectors_of_one_run_beside_a_push_lose_nothing() => Explore((s, w) => new CollectionScenario(s, w)
        .Given(c => c.Post(World.There, Layer)).Passed(Old)
        .Actor("mount", c => c.Mount(World.Here, LayerDigest, World.There))
        .Slices("one").Slices("two").Clock(World.Collection.LeaseDuration)
        .Then(("mount", [201, 202])), Sliced, preemptions: 1);

    [Fact]
    public void A_run_in_slices_beside_a_push_loses_nothing() => Explore((s, w) => new CollectionScenario(s, w)
        .Given(c => c.Post(World.There, Layer), c => c.Post(World.Here, Layer), c => c.Put(World.Here, App, "latest")).Passed(Old)
        .Actor("client", async c => await c.Has(World.There, LayerDigest) == Answer.Ok ? await c.Put(World.There, App) : new Answer(404))
        .Slices()
        .Then(("client", [201, 404])), Sliced);

    [Fact]
    public void A_finish_that_is_held_up_for_minutes_beside_a_run_is_stored() => Explore((s, w) => new CollectionScenario(s, w)
        .Given(c => c.Post(World.There, Layer)).Passed(Old)
        .WithUpload()
        .Actor("finish", (c, r) => c.Put(World.Here, r.Id, LayerDigest, Layer[10..]))
        .Collector().Clock(Late)
        .Then(("finish", [201])));

    [Fact]
    public void A_repeated_finish_that_is_held_up_for_minutes_beside_a_run_is_stored_or_unknown() => Explore((s, w) => CollectionRaces.UploadOfDeletedContent(s, w)
        .Actor("repeat", (c, r) => c.Put(World.Here, r.Id, LayerDigest))
        .Collector().Clock(Late)
        .Then(("repeat", [201, 404])));

    [Fact]
    public void A_manifest_put_that_takes_minutes_beside_a_run_is_stored_whole_or_refused() => Explore((s, w) => new CollectionScenario(s, w)
        .Given(c => c.Post(World.Here, Layer)).Passed(Old)
        .Actor("client", async c => await c.Has(World.Here, LayerDigest) == Answer.Ok ? await c.Put(World.Here, App) : new Answer(404))
        .Collector().Clock(Late, Late)
        .Then(("client", [201, 404])));

    [Fact]
    public void A_manifest_put_that_takes_days_beside_a_run_is_stored_whole_or_refused() => Explore(ManifestThatTakesDays, PromptDeletes);

    [Fact]
    public void Two_finishes_of_an_upload_beside_a_delete_and_a_run_are_stored() => Explore(TwoFinishesBesideDelete, preemptions: TwoFinishesBound);

    [Fact]
    public void A_put_of_an_index_that_takes_days_beside_a_delete_and_a_run_is_stored_whole_or_refused() => Explore((s, w) => new CollectionScenario(s, w)
        .Given(c => c.Post(World.Here, Layer), c => c.Put(World.Here, App, "latest"))
        .Actor("put", c => c.Put(World.Here, Image.Index(App), "latest"))
        .Actor("delete", c => c.DeleteManifest(World.Here, App.Digest))
        .Collector().Clock(Old)
        .Then(("put", [201, 404]), ("delete", [202])), PromptDeletes with { Collector = ByPolicy.Collector }, preemptions: 2);

    /// <summary>Enough for one finisher to be left before it drops its blob, and the other before it links.</summary>
    internal const int TwoFinishesBound = 2;

    internal static Action TwoFinishesBesideDelete(Schedule schedule, World world) => new CollectionScenario(schedule, world)
        .Given(c => c.Post(World.There, Layer), c => c.Delete(World.There, LayerDigest)).Passed(Old)
        .WithUpload()
        .Actor("A", (c, r) => c.Put(World.Here, r.Id, LayerDigest, Layer[10..]))
        .Actor("B", (c, r) => c.Put(World.Here, r.Id, LayerDigest, Layer[10..]))
        .Actor("delete", c => c.Delete(World.Here, LayerDigest))
        .Collector()
        .Then(("A", [201, 404, 416]), ("B", [201, 404, 416]));

    internal static Action ManifestThatTakesDays(Schedule schedule, World world) => new CollectionScenario(schedule, world)
        .Given(c => c.Post(World.Here, Layer))
        .Actor("client", async c => await c.Has(World.Here, LayerDigest) == Answer.Ok ? await c.Put(World.Here, App) : new Answer(404))
        .Collector().Clock(Old)
        .Then(("client", [201, 404]));

    internal static Action ManifestOfYoungContent(Schedule schedule, World world) => new CollectionScenario(schedule, world)
        .Given(c => c.Post(World.Here, Layer)).Passed(TimeSpan.FromMinutes(2))
        .Actor("put", c => c.Put(World.Here, App))
        .Collector()
        .Then(("put", [201, 404]));

    internal static Action RepeatBesideDelete(Schedule schedule, World world)
    {
        var scenario = new CollectionScenario(schedule, world).WithUpload();
        return scenario
            .Given(c => c.Put(World.Here, scenario.Race.Id, LayerDigest, Layer[10..])).Passed(Old)
            .Actor("repeat", (c, r) => c.Put(World.Here, r.Id, LayerDigest))
            .Actor("delete", c => c.Delete(World.Here, LayerDigest))
            .Collector()
            .Then(("repeat", [201, 404]));
    }

    private static void Explore(Func<Schedule, World, Action> scenario, WorldSetup? setup = null, int? preemptions = null)
    {
        if (preemptions is { } bound)
            Explorer.ExploreRace(bound, scenario, () => new World(setup));
        else
            Explorer.ExploreOrders(scenario, () => new World(setup));
    }
}
