using static Registry.Tests.Interleaving.CollectionScenario;

namespace Registry.Tests.Interleaving;

/// <summary>The run that removes untagged manifests, beside requests that make them needed once more.</summary>
public sealed class CollectionPolicyRaces
{
    private static readonly Image index = Image.Index(App);
    private static readonly Image outer = Image.Index(index);
    private static readonly Image signature = Image.Of(LayerDigest, subject: App);

    [Fact]
    public void A_tag_put_beside_the_removal_of_its_manifest_keeps_it_whole_or_is_refused() => Explore(TagPut);

    [Fact]
    public void An_index_put_beside_the_removal_of_its_child_keeps_it_or_is_refused() => Explore(IndexPut);

    [Fact]
    public void An_index_put_over_an_index_beside_the_removal_of_both_keeps_all_below_it_or_is_refused() => Explore((s, w) => Untagged(s, w)
        .Given(c => c.Put(World.Here, index)).Collected().Passed(Old).LeftToPolicy()
        .Actor("index", c => c.Put(World.Here, outer, "latest"))
        .Collector()
        .Then(4, ("index", [201, 404])));

    [Fact]
    public void A_tag_put_of_a_subject_beside_its_removal_keeps_its_referrer() => Explore((s, w) =>
    {
        var scenario = Untagged(s, w).Given(c => c.Put(World.Here, signature)).Collected().Passed(Old).LeftToPolicy();
        var before = w.ManifestPath(World.Here, App.Digest);
        var check = scenario
            .Actor("tag", c => c.Put(World.Here, App, "latest"))
            .Collector()
            .Then(4, ("tag", [201, 404]));
        return () =>
        {
            // A subject that went and was put anew had no referrer any more; one that stayed has all of them.
            if (w.ManifestPath(World.Here, App.Digest) == before && w.ManifestPath(World.Here, signature.Digest) is null)
                throw new InvariantException("the subject stayed, and its referrer went");
            check();
        };
    });

    [Fact]
    public void A_referrer_put_beside_the_removal_of_its_subject_is_stored_whole_or_refused() => Explore((s, w) => Untagged(s, w)
        .Collected().Passed(Old).LeftToPolicy()
        .Actor("referrer", c => c.Put(World.Here, signature))
        .Collector()
        .Then(4, ("referrer", [201, 404])));

    [Fact]
    public void A_tag_that_moves_away_and_back_beside_the_run_that_marks_keeps_both() => Explore((s, w) => Untagged(s, w)
        .Given(c => c.Put(World.Here, App, "latest")).Passed(Old)
        .Actor("move", async c => await c.Put(World.Here, index, "latest") is { Status: 201 } ? await c.Put(World.Here, App, "latest") : new Answer(0))
        .Collector()
        .Then(4, ("move", [201])));

    [Fact]
    public void A_delete_of_a_tag_beside_a_run_leaves_its_manifest_for_a_later_one() => Explore(TagDelete);

    [Fact]
    public void An_index_put_beside_a_run_that_took_days_and_the_next_is_stored_whole() => Explorer.ExploreRace(LongRunBound, IndexPutBesideLongRun, () => new World(LongRun));

    [Fact]
    public void An_index_put_right_after_the_run_that_marked_its_child_takes_the_mark_from_it()
    {
        var world = new World(ByPolicy);
        Untagged(new Schedule(), world).Collected().Given(c => c.Put(World.Here, index, "latest")).Passed(Old).Given(c => c.DeleteTag(World.Here, "latest"));
        World.Require(world.Collect());

        Assert.NotNull(world.ManifestPath(World.Here, App.Digest));
    }

    /// <summary>Enough for the clock to come in the first run, and the put to be left in its midst.</summary>
    internal const int LongRunBound = 3;

    internal static readonly WorldSetup LongRun = ByPolicy with { PromptDeletes = true };

    internal static Action TagPut(Schedule schedule, World world) => Untagged(schedule, world)
        .Collected().Passed(Old).LeftToPolicy()
        .Actor("tag", c => c.Put(World.Here, App, "latest"))
        .Collector()
        .Then(4, ("tag", [201, 404]));

    internal static Action IndexPut(Schedule schedule, World world) => Untagged(schedule, world)
        .Collected().Passed(Old).LeftToPolicy()
        .Actor("index", c => c.Put(World.Here, index, "latest"))
        .Collector()
        .Then(4, ("index", [201, 404]));

    internal static Action TagDelete(Schedule schedule, World world)
    {
        var check = Untagged(schedule, world)
            .Given(c => c.Put(World.Here, index, "latest")).Passed(Old).LeftToPolicy()
            .Actor("delete", c => c.DeleteTag(World.Here, "latest"))
            .Collector()
            .Then(6, ("delete", [202]));
        return () =>
        {
            if (world.ManifestPath(World.Here, index.Digest) is null || world.ManifestPath(World.Here, App.Digest) is null)
                throw new InvariantException("what was tagged a moment ago is gone");
            check();
        };
    }

    /// <summary>A run that begins, takes days, and marks the child of the index just before the next run begins.</summary>
    internal static Action IndexPutBesideLongRun(Schedule schedule, World world)
    {
        var scenario = new CollectionScenario(schedule, world)
            .Given(c => c.Post(World.Here, Layer)).Passed(Old)
            .Actor("client", async c => await c.Put(World.Here, App) is { Status: 201 } ? await c.Put(World.Here, index, "latest") : new Answer(404))
            .Collectors(2).Clock(Old);
        return () =>
        {
            // A manifest that stayed untagged for as long may go.
            if (scenario.Race.Answers["client"].Status == 404)
                scenario.LeftToPolicy();
            scenario.ThenSafe(("client", [201, 404]))();
        };
    }

    private static CollectionScenario Untagged(Schedule schedule, World world) => new CollectionScenario(schedule, world)
        .Given(c => c.Post(World.Here, Layer), c => c.Put(World.Here, App)).Passed(Old);

    private static void Explore(Func<Schedule, World, Action> scenario) => Explorer.ExploreOrders(scenario, () => new World(ByPolicy));
}
