using Registry.Access;
using Registry.Collection;
using Registry.Lifecycle;
using Registry.Storage;
using static Registry.Tests.Interleaving.CollectionScenario;

namespace Registry.Tests.Interleaving;

/// <summary>
/// The run that takes a tag by a policy, and the later one that removes what it led to, beside requests that make it needed once more: in every order of their storage calls. The policy keeps the newest tag:
/// <c>new</c>. The tag <c>old</c> is at an image, or at an index over it. docs/lifecycle.md has a row for each.
/// </summary>
public sealed class RetentionRaces
{
    private const int Runs = 5;

    private static readonly Image index = Image.Index(App);
    private static readonly Image outer = Image.Index(index);
    private static readonly byte[] more = Race.Bytes("more");
    private static readonly Image other = Image.Of(Client.Of(more));
    private static readonly Image signature = Image.Of(Client.Of(more), subject: App);
    private static readonly Image signed = Image.Index(other);
    private static readonly string attachment = $"sha256-{App.Digest.Hex}.sig";

    private static readonly WorldSetup byRetention = new() { Retention = new RetentionPolicy(RepositoryGlob.Parse("here")) { KeepNewest = 1 } };

    public static TheoryData<bool> Which => [false, true];

    [Theory, MemberData(nameof(Which))]
    public void A_tag_put_beside_the_run_that_takes_what_it_tags_keeps_it_whole(bool removes) => Explore(removes ? TagPutBesideRemoval : TagPut);

    [Theory, MemberData(nameof(Which))]
    public void A_tag_that_moves_beside_the_run_that_takes_it_stays_where_it_moved_to(bool removes) => Explore((s, w) => TagMove(s, w, removes));

    [Theory, MemberData(nameof(Which))]
    public void An_index_put_over_what_a_run_takes_keeps_it_or_is_refused(bool removes) => Explore(removes ? IndexPutBesideRemoval : IndexPut);

    [Theory, MemberData(nameof(Which))]
    public void An_index_put_over_an_index_that_a_run_takes_keeps_all_below_it_or_is_refused(bool removes) => Explore((s, w) => Given(s, w, index, removes)
        .Actor("index", c => c.Put(World.Here, outer, "again"))
        .Collector()
        .Then(Runs, ("index", [201, 404])));

    [Theory, MemberData(nameof(Which))]
    public void A_delete_of_what_a_run_takes_leaves_nothing_behind(bool removes) => Explore((s, w) => GoesAll(w, Given(s, w, App, removes)
        .Actor("delete", c => c.DeleteManifest(World.Here, App.Digest))
        .Collector()
        .Then(Runs, ("delete", [202, 404])), App));

    [Theory, MemberData(nameof(Which))]
    public void A_delete_below_what_a_run_takes_leaves_nothing_behind(bool removes) => Explore((s, w) => DeleteBelow(s, w, removes));

    [Fact]
    public void A_delete_of_the_tag_that_a_run_takes_leaves_it_to_whoever_came_first() => Explore((s, w) => Given(s, w, App, removes: false)
        .Actor("delete", c => c.DeleteTag(World.Here, "old"))
        .Collector()
        .Then(Runs, ("delete", [202, 404])));

    [Theory, MemberData(nameof(Which))]
    public void A_referrer_put_beside_the_run_that_takes_its_subject_is_stored_whole(bool removes) => Explore((s, w) =>
    {
        var check = Given(s, w, App, removes)
            .Actor("referrer", c => c.Put(World.Here, signature))
            .Collector()
            .ThenSafe(("referrer", [201, 404]));
        return () =>
        {
            // Whole now; with its subject it goes later.
            check();
            w.Ledger.LeaveToPolicy();
            w.CheckLeftovers(Runs);
        };
    });

    [Theory, MemberData(nameof(Which))]
    public void An_attachment_put_beside_the_run_that_takes_its_subject_is_stored_whole(bool removes) => Explore((s, w) =>
    {
        var check = Given(s, w, App, removes)
            .Actor("attachment", c => c.Put(World.Here, signed, attachment))
            .Collector()
            .ThenSafe(("attachment", [201]));
        return () =>
        {
            check();
            w.Ledger.LeaveToPolicy();
            w.CheckLeftovers(Runs);
        };
    });

    /// <summary>The tag of a signature stays and goes with what was signed, whatever puts that one anew meanwhile.</summary>
    [Theory, MemberData(nameof(Which))]
    public void A_tag_put_of_what_has_an_attachment_beside_its_run_keeps_the_attachment_with_it(bool removes) => Explore((s, w) =>
    {
        var scenario = Given(s, w, App, removes, isSigned: true);
        var before = w.ManifestPath(World.Here, App.Digest);
        var check = scenario
            .Actor("tag", c => c.Put(World.Here, App, "again"))
            .Collector()
            .Then(Runs, ("tag", removes ? [201, 404] : [201]));
        return () =>
        {
            check();

            // It has the blob that it had: it never went.
            if (w.ManifestPath(World.Here, App.Digest) == before && w.TagOf(attachment) != signed.Digest.ToString())
                throw new InvariantException("the signature's tag went, and what was signed stayed");
        };
    });

    [Fact]
    public void Two_collectors_take_a_tag_once() => Explore((s, w) => GoesAll(w, Given(s, w, index, removes: false).Collector("one").Collector("two").Then(Runs), index, App));

    /// <summary>Without the rule for untagged manifests nothing would take what a run that died in between left without a tag.</summary>
    [Theory]
    [MemberData(nameof(Strikes.Kinds), MemberType = typeof(Strikes))]
    public void A_run_struck_at_any_call_leaves_nothing_that_no_later_run_takes(FaultKind kind)
    {
        var calls = 0;
        foreach (var (removes, isSigned) in (ReadOnlySpan<(bool, bool)>)[(false, false), (true, false), (false, true), (true, true)])
        {
            calls += Strikes.AtEachCall(kind, fault =>
            {
                var (world, schedule) = (new World(byRetention with { MayFail = true }), new Schedule());
                Given(schedule, world, outer, removes, isSigned).Collector(fault: fault);
                schedule.Run([]);
                GoesAll(world, () => world.CheckLeftovers(Runs + 1), outer, index, App, signed)();
                Assert.NotNull(world.ManifestPath(World.Here, other.Digest));
                if (world.TagOf(attachment) is not null)
                    throw new InvariantException("the signature's tag is left");
            });
        }

        Assert.True(calls > 20, $"{calls} calls were struck");
    }

    [Fact]
    public void A_tag_that_is_taken_whatever_its_version_is_noticed() => Noticed((s, w) => TagMove(s, w, removes: false), byRetention with
    {
        CollectorTables = (t, _) => new AlteredTables(t) { Change = (table, o) => table == Tables.Manifests && o.Entity.Row[0] == Tables.TagPrefix ? Loosen(o) : o },
    });

    [Fact]
    public void A_released_manifest_that_is_removed_whatever_its_version_is_noticed() => Noticed(TagPutBesideRemoval, byRetention with
    {
        CollectorTables = (t, _) => new AlteredTables(t) { Change = (table, o) => table == Tables.Manifests ? Loosen(o) : o },
    });

    [Fact]
    public void A_note_that_is_written_whatever_became_of_the_manifest_is_noticed() => Noticed((s, w) => DeleteBelow(s, w, removes: false), byRetention with
    {
        CollectorTables = (t, _) => new AlteredTables(t)
        {
            Change = (table, o) => table == Tables.Manifests && o.Kind == TableOperationKind.Replace ? TableOperation.Upsert(o.Entity) : o,
        },
    });

    [Fact]
    public void A_tag_put_that_leaves_the_row_of_a_released_manifest_as_it_was_is_noticed() => Noticed(TagPutBesideRemoval, byRetention with
    {
        PusherTables = t => new AlteredTables(t) { Change = (table, o) => table == Tables.Manifests && o.Kind == TableOperationKind.Replace ? null : o },
    });

    [Fact]
    public void An_index_put_that_does_not_renew_a_released_child_is_noticed() => Noticed(IndexPutBesideRemoval, byRetention with
    {
        PusherTables = t => new AlteredTables(t)
        {
            Change = (table, o) => table == Tables.Manifests && o.Kind == TableOperationKind.Replace && o.Entity.FindString("digest") == App.Digest.ToString() ? null : o,
        },
    });

    private static Action TagPut(Schedule schedule, World world) => TagPut(schedule, world, removes: false);

    private static Action TagPutBesideRemoval(Schedule schedule, World world) => TagPut(schedule, world, removes: true);

    private static Action TagPut(Schedule schedule, World world, bool removes) => Given(schedule, world, App, removes)
        .Actor("tag", c => c.Put(World.Here, App, "again"))
        .Collector()
        .Then(Runs, ("tag", removes ? [201, 404] : [201]));

    private static Action TagMove(Schedule schedule, World world, bool removes)
    {
        var scenario = Given(schedule, world, App, removes);
        var check = scenario
            .Actor("move", c => c.Put(World.Here, index, "old"))
            .Collector()
            .Then(Runs, ("move", [201, 404]));
        return () =>
        {
            check();

            // It is the newest now.
            if (scenario.Race.Answers["move"].Status == 201 && world.TagOf("old") != index.Digest.ToString())
                throw new InvariantException("the tag that was moved a moment ago is not where it was moved to");
        };
    }

    private static Action IndexPut(Schedule schedule, World world) => IndexPut(schedule, world, removes: false);

    private static Action IndexPutBesideRemoval(Schedule schedule, World world) => IndexPut(schedule, world, removes: true);

    private static Action IndexPut(Schedule schedule, World world, bool removes) => Given(schedule, world, App, removes)
        .Actor("index", c => c.Put(World.Here, index, "again"))
        .Collector()
        .Then(Runs, ("index", [201, 404]));

    private static Action DeleteBelow(Schedule schedule, World world, bool removes) => GoesAll(
        world,
        Given(schedule, world, index, removes)
            .Actor("delete", c => c.DeleteManifest(World.Here, App.Digest))
            .Collector()
            .Then(Runs, ("delete", [202, 404])),
        index,
        App);

    /// <summary>The image under the tag <c>old</c> is whole, and another has been pushed after it.</summary>
    /// <param name="schedule">Of the race.</param>
    /// <param name="world">Where.</param>
    /// <param name="image">The image, an index over it, or an index over that.</param>
    /// <param name="removes">Whether the run in the race is the one that removes; an earlier one has taken the tag.</param>
    /// <param name="isSigned">Whether the image <see cref="App"/> has an attachment.</param>
    private static CollectionScenario Given(Schedule schedule, World world, Image image, bool removes, bool isSigned = false)
    {
        var scenario = new CollectionScenario(schedule, world).Given(c => c.Post(World.Here, Layer), c => c.Post(World.Here, more));
        foreach (var below in new[] { App, index, outer }.TakeWhile(i => i != image))
            scenario.Given(c => c.Put(World.Here, below));
        scenario.Given(c => c.Put(World.Here, image, "old")).Passed(TimeSpan.FromHours(1)).Given(c => c.Put(World.Here, other, "new"));
        if (isSigned)
            scenario.Given(c => c.Put(World.Here, signed, attachment));
        scenario.Passed(Old);
        if (removes)
            scenario.Collected().Passed(Old);
        return scenario.LeftToPolicy();
    }

    private static Action GoesAll(World world, Action check, params Image[] images) => () =>
    {
        check();
        if (images.FirstOrDefault(i => world.ManifestPath(World.Here, i.Digest) is not null) is { } left)
            throw new InvariantException($"{left.Digest} is left");
    };

    private static TableOperation Loosen(TableOperation operation) =>
        operation.Kind == TableOperationKind.Delete ? TableOperation.Delete(operation.Entity.Partition, operation.Entity.Row, etag: null) : operation;

    private static void Explore(Func<Schedule, World, Action> scenario) => Explorer.ExploreOrders(scenario, () => new World(byRetention));

    private static void Noticed(Func<Schedule, World, Action> scenario, WorldSetup broken)
    {
        var noticed = Assert.Throws<InterleavingException>(() => Explorer.ExploreOrders(scenario, () => new World(broken)));
        Assert.IsType<InvariantException>(noticed.InnerException);
        TestContext.Current.TestOutputHelper?.WriteLine($"broken: {noticed.Message.Split('\n')[0]}");
    }
}
