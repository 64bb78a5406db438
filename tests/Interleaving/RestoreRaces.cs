using static Registry.Tests.Interleaving.CollectionScenario;

namespace Registry.Tests.Interleaving;

/// <summary>Deletes that can be undone, and their undoing, beside a run of the collector and beside each other, in every order of their storage calls. docs/lifecycle.md has a row for each.</summary>
public sealed class RestoreRaces
{
    private static readonly TimeSpan never = Restorable.Collector.RestorableFor + TimeSpan.FromSeconds(1);
    private static readonly Image index = Image.Index(App);
    private static readonly byte[] more = Race.Bytes("more");
    private static readonly Image other = Image.Of(Client.Of(more));

    [Fact]
    public void What_is_deleted_beside_a_run_can_be_restored() => Explore(DeleteBesideRun);

    [Fact]
    public void What_is_deleted_again_beside_the_run_that_takes_the_first_deletion_can_be_restored() => Explore(DeleteAgainBesideRun);

    [Fact]
    public void A_tag_that_is_deleted_beside_a_run_can_be_restored() => Explore((s, w) =>
    {
        var check = Pushed(s, w).Passed(Old)
            .Actor("delete", c => c.DeleteTag(World.Here, "latest"))
            .Collector()
            .ThenSafe(("delete", [202]));
        return () =>
        {
            check();
            Require(201, w.NewClient().Restore(World.Here, App, "latest"));
            Require(w.TagOf("latest") == App.Digest.ToString());
            w.CheckLeftovers();
        };
    });

    [Fact]
    public void A_restore_beside_the_run_that_takes_it_is_whole_or_told_that_it_is_gone() => Explore((s, w) => Deleted(s, w).Passed(never)
        .Actor("restore", c => Restore(w, c, App))
        .Collector()
        .Then(("restore", [201, 404])));

    [Fact]
    public void A_restore_of_an_index_beside_the_run_that_takes_it_is_whole_or_told_that_it_is_gone() => Explore((s, w) => Deleted(s, w, c => c.Put(World.Here, index, "outer"), c => c.DeleteManifest(World.Here, index.Digest)).Passed(never)
        .Actor("restore", c => Restore(w, c, index))
        .Collector()
        .Then(("restore", [201, 404])));

    [Fact]
    public void A_restore_beside_a_run_that_forgets_is_whole_or_told_that_it_is_gone() => Explore((s, w) => Deleted(s, w).Passed(Old)
        .Actor("restore", c => Restore(w, c, App))
        .Forgetter()
        .Then(("restore", [201, 404])));

    [Fact]
    public void A_restore_beside_a_delete_of_what_it_restores_leaves_it_there_or_restorable() => Explore((s, w) =>
    {
        var check = Deleted(s, w)
            .Actor("restore", c => c.Restore(World.Here, App))
            .Actor("delete", c => c.DeleteManifest(World.Here, App.Digest))
            .ThenSafe(("restore", [201]), ("delete", [202, 404]));
        return () =>
        {
            check();
            w.CheckRestorable(App);
            w.CheckLeftovers();
        };
    });

    [Fact]
    public void Of_two_restores_of_one_manifest_one_restores_it_and_the_other_does_or_finds_nothing_to_restore() => Explore((s, w) =>
    {
        var scenario = Deleted(s, w).Actor("one", c => Restore(w, c, App)).Actor("other", c => Restore(w, c, App, "latest"));
        var check = scenario.Then(("one", [201, 404]), ("other", [201, 404]));
        return () =>
        {
            Require(scenario.Race.Answers.Values.Any(a => a.Status == 201));
            check();
        };
    });

    [Fact]
    public void A_restore_beside_a_push_of_the_same_manifest_keeps_it() => Explore((s, w) => Deleted(s, w)
        .Actor("restore", c => Restore(w, c, App))
        .Actor("push", c => c.Put(World.Here, App, "v2"))
        .Then(("restore", [201]), ("push", [201])));

    [Fact]
    public void A_restore_never_takes_a_tag_from_a_push_beside_it() => Explore((s, w) =>
    {
        var check = Deleted(s, w, c => c.Post(World.Here, more))
            .Actor("restore", c => Restore(w, c, App, "latest"))
            .Actor("push", c => c.Put(World.Here, other, "latest"))
            .Then(("restore", [201, 409]), ("push", [201]));
        return () =>
        {
            Require(w.TagOf("latest") == other.Digest.ToString());
            check();
        };
    });

    [Fact]
    public void A_push_of_the_same_manifest_beside_a_delete_leaves_it_there_or_restorable() => Explore((s, w) =>
    {
        var check = Pushed(s, w)
            .Actor("push", c => c.Put(World.Here, App, "v2"))
            .Actor("delete", c => c.DeleteManifest(World.Here, App.Digest))
            .ThenSafe(("push", [201]), ("delete", [202]));
        return () =>
        {
            check();
            w.CheckRestorable(App);
            w.CheckLeftovers();
        };
    });

    [Theory]
    [MemberData(nameof(Strikes.Kinds), MemberType = typeof(Strikes))]
    public void A_restore_struck_at_any_call_is_repeated(FaultKind kind) => Strike(kind, (w, c) => Restore(w, c, index), restored: true);

    [Theory]
    [MemberData(nameof(Strikes.Kinds), MemberType = typeof(Strikes))]
    public void A_delete_struck_at_any_call_is_repeated_and_undone(FaultKind kind) => Strike(kind, (_, c) => c.DeleteManifest(World.Here, App.Digest), restored: false);

    internal static Action DeleteBesideRun(Schedule schedule, World world) =>
        ThenRestorable(world, Pushed(schedule, world).Passed(Old).Actor("delete", c => c.DeleteManifest(World.Here, App.Digest)).Collector());

    internal static Action DeleteAgainBesideRun(Schedule schedule, World world) =>
        ThenRestorable(world, Deleted(schedule, world).Passed(never).Given(c => c.Put(World.Here, App, "latest")).Actor("delete", c => c.DeleteManifest(World.Here, App.Digest)).Collector());

    private static Action ThenRestorable(World world, CollectionScenario scenario)
    {
        var check = scenario.ThenSafe(("delete", [202]));
        return () =>
        {
            check();
            world.CheckRestorable(App);
            world.CheckLeftovers();
        };
    }

    private static void Strike(FaultKind kind, Func<World, Client, Task<Answer>> request, bool restored)
    {
        var strikes = Strikes.AtEachCall(kind, fault =>
        {
            var (world, schedule) = (new World(Restorable), new Schedule());
            var scenario = restored
                ? Deleted(schedule, world, c => c.Put(World.Here, index, "outer"), c => c.DeleteManifest(World.Here, index.Digest))
                : Pushed(schedule, world);
            scenario.Race.Actor("struck", (c, _) => request(world, c), fault);
            schedule.Run([]);

            var again = World.Require(request(world, world.NewClient()));
            Require(again.Status is 201 or 202 or 404);
            if (restored)
                world.Ledger.Trust(World.Here, [index.Digest, App.Digest]);
            world.CheckRestorable(restored ? [index] : [App]);
            world.CheckLeftovers();
        });

        Assert.True(strikes >= 3, $"only {strikes} calls");
    }

    /// <summary>A manifest and its tag.</summary>
    private static CollectionScenario Pushed(Schedule schedule, World world) =>
        new CollectionScenario(schedule, world).Given(c => c.Post(World.Here, Layer), c => c.Put(World.Here, App, "latest"));

    /// <summary>The same, deleted after some more.</summary>
    private static CollectionScenario Deleted(Schedule schedule, World world, params Func<Client, Task<Answer>>[] more) =>
        Pushed(schedule, world).Given(more).Given(c => c.DeleteManifest(World.Here, App.Digest));

    /// <summary>Restores where nobody deletes meanwhile: from then on it is promised once more.</summary>
    private static async Task<Answer> Restore(World world, Client client, Image image, string? tag = null)
    {
        var answer = await client.Restore(World.Here, image, tag);
        if (answer.Status is 201 or 409)
            world.Ledger.Trust(World.Here, [image.Digest, App.Digest]);
        return answer;
    }

    private static void Require(int status, Task<Answer> answer) => Assert.Equal(status, World.Require(answer).Status);

    private static void Require(bool holds)
    {
        if (!holds)
            throw new InvariantException("the tag points elsewhere, or the answer is none of those");
    }

    private static void Explore(Func<Schedule, World, Action> scenario) => Explorer.ExploreOrders(scenario, () => new World(Restorable));
}
