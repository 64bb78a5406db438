using Registry.Digests;
using Registry.Errors;
using Registry.Manifests;

namespace Registry.Tests.Interleaving;

/// <summary>Puts, tags and deletes of manifests, in every order of their storage calls: no tag ever points at nothing.</summary>
public sealed class ManifestRaces
{
    private const string Type = "application/vnd.oci.image.index.v1+json";

    private static readonly byte[] one = Race.Bytes("""{"schemaVersion":2,"manifests":[],"annotations":{"n":"one"}}""");
    private static readonly byte[] two = Race.Bytes("""{"schemaVersion":2,"manifests":[],"annotations":{"n":"two"}}""");
    private static readonly Tag tag = Tag.Parse("latest");

    [Fact]
    public void Two_puts_of_one_manifest_are_both_stored() => Explorer.ExploreRace(3, (schedule, world) =>
    {
        var race = new Race(schedule, world);
        race.Actor("A", (_, _) => Put(world, one, Tag.Parse("a"))).Actor("B", (_, _) => Put(world, one, Tag.Parse("b")));
        return () =>
        {
            Assert.All(race.Answers.Values, a => Assert.Equal(201, a.Status));
            MustRead(world, Reference.To(Tag.Parse("a")), one);
            MustRead(world, Reference.To(Tag.Parse("b")), one);
        };
    });

    [Fact]
    public void A_tag_that_two_manifests_want_points_at_one_of_them() => Explorer.ExploreRace(3, (schedule, world) =>
    {
        var race = new Race(schedule, world);
        race.Actor("A", (_, _) => Put(world, one, tag)).Actor("B", (_, _) => Put(world, two, tag));
        return () =>
        {
            Assert.All(race.Answers.Values, a => Assert.Equal(201, a.Status));
            MustRead(world, Reference.To(Client.Of(one)), one);
            MustRead(world, Reference.To(Client.Of(two)), two);
            Assert.Contains(world.Read(Reference.To(tag)), new[] { one, two });
        };
    });

    [Fact]
    public void A_delete_beside_a_put_with_a_tag_leaves_the_tag_with_its_manifest_or_neither() => Explorer.ExploreRace(3, (schedule, world) =>
    {
        World.Require(Put(world, one, tag));
        var race = new Race(schedule, world);
        race.Actor("put", (_, _) => Put(world, one, Tag.Parse("new"))).Actor("delete", (_, _) => Delete(world, Client.Of(one)));
        return () =>
        {
            Assert.Equal(201, race.Answers["put"].Status);
            Assert.Equal(202, race.Answers["delete"].Status);
            World.Require(Put(world, one, tag));
            MustRead(world, Reference.To(tag), one);
        };
    });

    [Fact]
    public void A_delete_beside_a_put_that_moves_its_tag_leaves_the_moved_tag() => Explorer.ExploreRace(3, (schedule, world) =>
    {
        World.Require(Put(world, one, tag));
        var race = new Race(schedule, world);
        race.Actor("move", (_, _) => Put(world, two, tag)).Actor("delete", (_, _) => Delete(world, Client.Of(one)));
        return () =>
        {
            Assert.Equal(202, race.Answers["delete"].Status);
            MustRead(world, Reference.To(tag), two);
        };
    });

    [Fact]
    public void Two_deletes_of_one_manifest_end_with_none() => Explorer.ExploreRace(3, (schedule, world) =>
    {
        World.Require(Put(world, one, tag));
        var race = new Race(schedule, world);
        race.Actor("A", (_, _) => Delete(world, Client.Of(one))).Actor("B", (_, _) => Delete(world, Client.Of(one)));
        return () =>
        {
            Assert.Equal([202, 404], race.Answers.Values.Select(a => a.Status).Order());
            Assert.Null(world.Read(Reference.To(tag)));
        };
    });

    [Theory]
    [MemberData(nameof(Strikes.Kinds), MemberType = typeof(Strikes))]
    public void A_put_or_delete_struck_at_any_call_is_repeated(FaultKind kind)
    {
        var strikes = 0;
        foreach (var deletes in new[] { false, true })
        {
            strikes += Strikes.AtEachCall(kind, fault =>
            {
                var (world, schedule) = (new World(), new Schedule());
                if (deletes)
                    World.Require(Put(world, one, tag));
                schedule.Add("struck", () => deletes ? Delete(world, Client.Of(one)) : Put(world, one, tag), fault);
                schedule.Run([]);
                world.CheckManifests();
                World.Require(Put(world, one, tag));
                MustRead(world, Reference.To(tag), one);
                World.Require(Delete(world, Client.Of(one)));
                Assert.Null(world.Read(Reference.To(tag)));
                world.CheckManifests();
            });
        }

        Assert.True(strikes > 5);
    }

    private static Task<Answer> Put(World world, byte[] content, Tag tag) => Send(201, () =>
        world.NewManifests().Put(World.Here, Reference.To(tag), [], Type, content, CancellationToken.None));

    private static Task<Answer> Delete(World world, Digest digest) => Send(202, () =>
        world.NewManifests().Delete(World.Here, Reference.To(digest), CancellationToken.None));

    private static async Task<Answer> Send(int good, Func<Task> request)
    {
        try
        {
            await request();
            return new Answer(good);
        }
        catch (RegistryException e)
        {
            return new Answer(e.Error.Status);
        }
        catch (Registry.Storage.StorageFailedException)
        {
            return new Answer(503);
        }
    }

    private static void MustRead(World world, Reference reference, byte[] content) => Assert.Equal(content, world.Read(reference));
}
