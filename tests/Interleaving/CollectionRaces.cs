using static Registry.Tests.Interleaving.CollectionScenario;

namespace Registry.Tests.Interleaving;

/// <summary>The collector beside each request that relies on what it would take, in every order of their storage calls. docs/garbage-collection.md has a row for each.</summary>
public sealed class CollectionRaces
{
    [Fact]
    public void A_finish_of_new_content_beside_a_run_is_stored() => Explore((s, w) => new CollectionScenario(s, w)
        .WithUpload()
        .Actor("finish", (c, r) => c.Put(World.Here, r.Id, LayerDigest, Layer[10..]))
        .Collector()
        .Then(("finish", [201])));

    [Fact]
    public void A_finish_that_joins_content_which_a_run_takes_is_stored() => Explore(JoinBesideRun);

    [Fact]
    public void A_single_post_of_content_which_a_run_takes_is_stored() => Explore((s, w) => new CollectionScenario(s, w)
        .Given(c => c.Post(World.There, Layer)).Passed(Old)
        .Actor("post", c => c.Post(World.Here, Layer))
        .Collector()
        .Then(("post", [201])));

    [Fact]
    public void A_mount_of_content_which_a_run_takes_mounts_or_finds_nothing() => Explore(MountBesideRun);

    [Fact]
    public void A_manifest_put_on_the_word_of_a_head_beside_a_run_is_stored_whole_or_refused() => Explore(HeadThenManifest);

    [Fact]
    public void A_manifest_put_of_old_content_beside_a_run_is_stored_whole_or_refused() => Explore(ManifestOfOldContent);

    [Fact]
    public void A_push_beside_a_run_is_stored_whole() => Explore((s, w) => new CollectionScenario(s, w)
        .Given(c => c.Post(World.There, Layer)).Passed(Old)
        .Actor("push", async c => await c.Post(World.Here, Layer) is { Status: 201 } ? await c.Put(World.Here, App, "latest") : new Answer(0))
        .Collector()
        .Then(("push", [201])));

    [Fact]
    public void A_manifest_that_is_put_again_beside_a_run_keeps_what_it_needs() => Explore((s, w) => new CollectionScenario(s, w)
        .Given(c => c.Post(World.Here, Layer), c => c.Put(World.Here, App, "latest")).Passed(Old)
        .Actor("put", c => c.Put(World.Here, App, "other"))
        .Collector()
        .Then(("put", [201])));

    [Fact]
    public void A_tag_that_moves_beside_a_run_keeps_both_manifests_whole() => Explore((s, w) => new CollectionScenario(s, w)
        .Given(c => c.Post(World.Here, Layer), c => c.Put(World.Here, App, "latest")).Passed(Old)
        .Actor("move", c => c.Put(World.Here, Image.Index(App), "latest"))
        .Collector()
        .Then(("move", [201])));

    [Fact]
    public void A_delete_of_a_manifest_beside_a_run_leaves_nothing_behind() => Explore((s, w) => new CollectionScenario(s, w)
        .Given(c => c.Post(World.Here, Layer), c => c.Put(World.Here, App, "latest")).Passed(Old)
        .Actor("delete", c => c.DeleteManifest(World.Here, App.Digest))
        .Collector()
        .Then(("delete", [202])));

    [Fact]
    public void A_delete_of_a_blob_beside_a_run_leaves_nothing_behind() => Explore((s, w) => new CollectionScenario(s, w)
        .Given(c => c.Post(World.Here, Layer), c => c.Post(World.There, Layer)).Passed(Old)
        .Actor("delete", c => c.Delete(World.Here, LayerDigest))
        .Collector()
        .Then(("delete", [202, 404])));

    [Fact]
    public void A_finish_that_is_repeated_after_its_content_was_deleted_is_stored_or_unknown() => Explore((s, w) => UploadOfDeletedContent(s, w)
        .Actor("repeat", (c, r) => c.Put(World.Here, r.Id, LayerDigest))
        .Collector()
        .Then(("repeat", [201, 404])));

    internal static Action JoinBesideRun(Schedule schedule, World world) => new CollectionScenario(schedule, world)
        .Given(c => c.Post(World.There, Layer)).Passed(Old)
        .WithUpload()
        .Actor("finish", (c, r) => c.Put(World.Here, r.Id, LayerDigest, Layer[10..]))
        .Collector()
        .Then(("finish", [201]));

    internal static Action MountBesideRun(Schedule schedule, World world) => new CollectionScenario(schedule, world)
        .Given(c => c.Post(World.There, Layer)).Passed(Old)
        .Actor("mount", c => c.Mount(World.Here, LayerDigest, World.There))
        .Collector()
        .Then(("mount", [201, 202]));

    internal static Action HeadThenManifest(Schedule schedule, World world) => new CollectionScenario(schedule, world)
        .Given(c => c.Post(World.Here, Layer)).Passed(Old)
        .Actor("client", async c => await c.Has(World.Here, LayerDigest) == Answer.Ok ? await c.Put(World.Here, App) : new Answer(404))
        .Collector()
        .Then(("client", [201, 404]));

    internal static Action ManifestOfOldContent(Schedule schedule, World world) => new CollectionScenario(schedule, world)
        .Given(c => c.Post(World.Here, Layer)).Passed(Old)
        .Actor("put", c => c.Put(World.Here, App))
        .Collector()
        .Then(("put", [201, 404]));

    internal static CollectionScenario UploadOfDeletedContent(Schedule schedule, World world)
    {
        var scenario = new CollectionScenario(schedule, world).WithUpload();
        return scenario
            .Given(c => c.Put(World.Here, scenario.Race.Id, LayerDigest, Layer[10..]))
            .Given(c => c.Delete(World.Here, LayerDigest))
            .Passed(Old);
    }

    private static void Explore(Func<Schedule, World, Action> scenario) => Explorer.ExploreOrders(scenario);
}
