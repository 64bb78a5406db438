using Registry.Digests;
using Registry.Errors;
using Registry.Manifests;
using Registry.Storage;

namespace Registry.Tests.Interleaving;

/// <summary>Puts of a tag that may not move, in every order of their storage calls: it points at the manifest that came first, and who came second is refused.</summary>
public sealed class FixedTagRaces
{
    private const int Stored = 201;
    private const int Refused = 409;
    private const string Type = "application/vnd.oci.image.index.v1+json";

    private static readonly byte[] one = Race.Bytes("""{"schemaVersion":2,"manifests":[],"annotations":{"n":"one"}}""");
    private static readonly byte[] two = Race.Bytes("""{"schemaVersion":2,"manifests":[],"annotations":{"n":"two"}}""");
    private static readonly Tag tag = Tag.Parse("v1");
    private static readonly Reference byTag = Reference.To(tag);

    [Fact]
    public void Of_two_manifests_that_want_it_one_is_stored_and_the_other_refused_whole() => Explorer.ExploreOrders(TwoManifests);

    [Fact]
    public void One_manifest_put_twice_under_it_is_stored_both_times() => Explorer.ExploreOrders((schedule, world) =>
    {
        var race = new Race(schedule, world);
        race.Actor("A", (_, _) => Put(world, one)).Actor("B", (_, _) => Put(world, one));
        return () =>
        {
            Assert.Equal([Stored, Stored], race.Answers.Values.Select(a => a.Status));
            Assert.Equal(one, world.Read(byTag));
            world.CheckNothingIsLeft();
        };
    });

    [Fact]
    public void A_put_of_another_manifest_beside_a_delete_of_the_tag_has_it_or_is_refused() => Explorer.ExploreOrders((schedule, world) =>
    {
        World.Require(Put(world, one));
        var race = new Race(schedule, world);
        race.Actor("put", (_, _) => Put(world, two)).Actor("delete", (_, _) => Delete(world, byTag));
        return () =>
        {
            Assert.Contains(race.Answers["put"].Status, new[] { Stored, Refused });
            var stored = race.Answers["put"].Status == Stored;
            Assert.Equal(202, race.Answers["delete"].Status);
            Assert.Equal(stored ? two : null, world.Read(byTag));
            Assert.Equal(one, world.Read(Reference.To(Client.Of(one))));
            world.CheckNothingIsLeft();
        };
    });

    [Fact]
    public void A_put_again_beside_a_delete_of_the_tag_is_stored() => Explorer.ExploreOrders((schedule, world) =>
    {
        World.Require(Put(world, one));
        var race = new Race(schedule, world);
        race.Actor("put", (_, _) => Put(world, one)).Actor("delete", (_, _) => Delete(world, byTag));
        return () =>
        {
            Assert.Equal(Stored, race.Answers["put"].Status);
            Assert.Equal(202, race.Answers["delete"].Status);
            world.CheckNothingIsLeft();
        };
    });

    [Fact]
    public void A_put_of_another_manifest_beside_a_delete_of_the_one_it_is_on_is_stored_or_refused() => Explorer.ExploreOrders((schedule, world) =>
    {
        World.Require(Put(world, one));
        var race = new Race(schedule, world);
        race.Actor("put", (_, _) => Put(world, two)).Actor("delete", (_, _) => Delete(world, Reference.To(Client.Of(one))));
        return () =>
        {
            Assert.Contains(race.Answers["put"].Status, new[] { Stored, Refused });
            var stored = race.Answers["put"].Status == Stored;
            Assert.Equal(202, race.Answers["delete"].Status);
            Assert.Null(world.Read(Reference.To(Client.Of(one))));
            Assert.Equal(stored ? two : null, world.Read(byTag));
            world.CheckNothingIsLeft();
        };
    });

    /// <summary>A put that knows of no rule yet, because its instance's copy is old, moves the tag; who knows of it never does.</summary>
    [Fact]
    public void A_put_that_may_move_it_beside_one_that_may_not_leaves_it_at_one_of_both() => Explorer.ExploreOrders((schedule, world) =>
    {
        var race = new Race(schedule, world);
        race.Actor("fixed", (_, _) => Put(world, one)).Actor("moving", (_, _) => Put(world, two, mayMove: true));
        return () =>
        {
            Assert.Equal(Stored, race.Answers["moving"].Status);
            Assert.Equal(two, world.Read(byTag));
            world.CheckNothingIsLeft();
        };
    });

    [Theory]
    [MemberData(nameof(Strikes.Kinds), MemberType = typeof(Strikes))]
    public void A_put_struck_at_any_call_is_stored_when_it_is_repeated_and_never_refused_by_its_own_tag(FaultKind kind)
    {
        var strikes = 0;
        foreach (var isThere in new[] { false, true })
        {
            strikes += Strikes.AtEachCall(kind, fault =>
            {
                var (world, schedule) = (new World(), new Schedule());
                if (isThere)
                    World.Require(Put(world, one));
                var answer = new Answer(0);
                schedule.Add("struck", async () => answer = await Put(world, one), fault);
                schedule.Run([]);
                if (kind == FaultKind.Repeat)
                    Assert.Equal(Stored, answer.Status);
                world.CheckManifests();
                Assert.Equal(Stored, World.Require(Put(world, one)).Status);
                Assert.Equal(Refused, World.Require(Put(world, two)).Status);
                Assert.Equal(one, world.Read(byTag));
                world.CheckManifests();
            });
        }

        Assert.True(strikes > 5, $"{strikes} calls were struck");
    }

    [Fact]
    public void A_delete_and_a_put_of_another_beside_a_put_again_leave_the_tag_where_who_came_last_was_told_that_it_is() =>
        Explorer.ExploreOrders(PutAgainBesideDeleteAndPut);

    [Fact]
    public void A_tag_that_is_inserted_over_another_is_noticed() => Noticed(TwoManifests, TableOperationKind.Insert);

    [Fact]
    public void A_tag_that_is_written_again_whatever_its_version_is_noticed() => Noticed(PutAgainBesideDeleteAndPut, TableOperationKind.Replace);

    private static Action TwoManifests(Schedule schedule, World world)
    {
        var race = new Race(schedule, world);
        race.Actor("one", (_, _) => Put(world, one)).Actor("two", (_, _) => Put(world, two));
        return () =>
        {
            Assert.Equal([Stored, Refused], race.Answers.Values.Select(a => a.Status).Order());
            var (first, other) = race.Answers["one"].Status == Stored ? (one, two) : (two, one);
            Assert.Equal(first, world.Read(byTag));
            Assert.Null(world.Read(Reference.To(Client.Of(other))));
            world.CheckNothingIsLeft();
        };
    }

    private static Action PutAgainBesideDeleteAndPut(Schedule schedule, World world)
    {
        World.Require(Put(world, one));
        var race = new Race(schedule, world);
        race.Actor("again", (_, _) => Put(world, one)).Actor("delete", (_, _) => Delete(world, byTag)).Actor("two", (_, _) => Put(world, two));
        return () =>
        {
            // Only after the delete can the tag be given to another, and after that it cannot be given back.
            if (race.Answers["two"].Status == Stored)
                Assert.Equal(two, world.Read(byTag));
            Assert.All(race.Answers.Values, a => Assert.Contains(a.Status, new[] { Stored, 202, Refused }));
            world.CheckNothingIsLeft();
        };
    }

    private static void Noticed(Func<Schedule, World, Action> scenario, TableOperationKind kind)
    {
        var setup = new WorldSetup
        {
            PusherTables = t => new AlteredTables(t)
            {
                Change = (_, o) => o.Kind == kind && o.Entity.Row[0] == Tables.TagPrefix ? TableOperation.Upsert(o.Entity) : o,
            },
        };
        var noticed = Assert.Throws<InterleavingException>(() => Explorer.ExploreOrders(scenario, () => new World(setup)));
        TestContext.Current.TestOutputHelper?.WriteLine(noticed.Message);
    }

    private static Task<Answer> Put(World world, byte[] content, bool mayMove = false) => Send(async () =>
    {
        var outcome = await world.NewManifests().TryPut(World.Here, byTag, [new TagPut(tag, mayMove)], Type, content, CancellationToken.None);
        return new Answer(outcome.IsStored ? Stored : Refused);
    });

    private static Task<Answer> Delete(World world, Reference reference) => Send(async () =>
    {
        await world.NewManifests().Delete(World.Here, reference, CancellationToken.None);
        return new Answer(202);
    });

    private static async Task<Answer> Send(Func<Task<Answer>> request)
    {
        try
        {
            return await request();
        }
        catch (RegistryException e)
        {
            return new Answer(e.Error.Status);
        }
        catch (StorageFailedException)
        {
            return new Answer(503);
        }
    }
}
