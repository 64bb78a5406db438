using Registry.Digests;
using Registry.Errors;
using Registry.Manifests;
using Registry.Storage;
using Registry.Tests.Manifests.Schema1;

namespace Registry.Tests.Interleaving;

/// <summary>One payload signed more than once, in every order of the storage calls: whoever wins, tag and digest lead to one signing, whole, and nothing of another is left.</summary>
public sealed class SigningRaces
{
    private static readonly byte[] layer = Race.Bytes("a layer");
    private static readonly byte[] payload = Schema1Samples.Payload("here", "v1", Client.Of(layer).ToString());
    private static readonly byte[] next = Schema1Samples.Payload("here", "v1", Client.Of(layer).ToString(), Client.Of(layer).ToString());
    private static readonly byte[] first = Schema1Samples.Sign(payload, "ES256");
    private static readonly byte[] second = Schema1Samples.Sign(payload, "ES384");
    private static readonly byte[] third = Schema1Samples.Sign(payload, "RS256");
    private static readonly byte[] moved = Schema1Samples.Sign(next, "ES256");

    private static readonly Reference tag = Reference.To(Tag.Parse("v1"));
    private static readonly Reference digest = Reference.To(Client.Of(payload));

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public void Of_two_signings_one_is_there_and_the_other_is_gone(bool byDigest, bool signedBefore) => Explorer.ExploreRace(3, (schedule, world) =>
    {
        var race = Begin(schedule, world, signedBefore ? first : null);
        race.Actor("A", (_, _) => Put(world, tag, second)).Actor("B", (_, _) => Put(world, byDigest ? digest : tag, third));
        return () =>
        {
            Assert.All(race.Answers.Values, a => Assert.Equal(201, a.Status));
            var read = world.Read(digest)!;
            Assert.Contains(read, new[] { second, third });
            Assert.Equal(read, world.Read(tag));
            world.CheckNothingIsLeft();
        };
    });

    [Fact]
    public void A_plain_manifest_beside_a_signing_of_it_is_one_or_the_other() => Explorer.ExploreRace(3, (schedule, world) =>
    {
        var race = Begin(schedule, world, null);
        race.Actor("plain", (_, _) => Put(world, tag, payload)).Actor("signed", (_, _) => Put(world, tag, second));
        return () =>
        {
            Assert.All(race.Answers.Values, a => Assert.Equal(201, a.Status));
            var read = world.Read(digest)!;
            Assert.Contains(read, new[] { payload, second });
            Assert.Equal(read, world.Read(tag));
            world.CheckNothingIsLeft();
        };
    });

    /// <summary>The blob that is being replaced may go between the row and its bytes; then the row is read once more.</summary>
    [Fact]
    public void A_pull_beside_a_signing_has_the_old_bytes_or_the_new() => Explorer.ExploreRace(3, (schedule, world) =>
    {
        var race = Begin(schedule, world, first);
        var pulled = new List<byte[]>();
        race.Actor("sign", (_, _) => Put(world, digest, second));
        race.Actor("pull", async (_, _) =>
        {
            var manifests = world.NewManifests();
            foreach (var reference in new[] { tag, digest })
                pulled.Add((await manifests.Get(World.Here, reference, CancellationToken.None)).Content.ToArray());
            return new Answer(200);
        });
        return () =>
        {
            Assert.All(pulled, p => Assert.Contains(p, new[] { first, second }));
            Assert.Equal(2, pulled.Count);
            Assert.Equal(second, world.Read(tag));
            world.CheckNothingIsLeft();
        };
    });

    [Fact]
    public void A_tag_that_moves_beside_a_signing_by_digest_leads_to_the_manifest_that_it_moved_to() => Explorer.ExploreRace(3, (schedule, world) =>
    {
        var race = Begin(schedule, world, first);
        race.Actor("sign", (_, _) => Put(world, digest, second)).Actor("move", (_, _) => Put(world, tag, moved));
        return () =>
        {
            Assert.All(race.Answers.Values, a => Assert.Equal(201, a.Status));
            Assert.Equal(moved, world.Read(tag));
            Assert.Equal(second, world.Read(digest));
            world.CheckNothingIsLeft();
        };
    });

    /// <summary>The tag comes to point at the manifest after the signing by digest has looked for it.</summary>
    [Fact]
    public void A_tag_that_comes_beside_a_signing_by_digest_leads_to_what_the_digest_leads_to() => Explorer.ExploreRace(3, (schedule, world) =>
    {
        var race = Begin(schedule, world, null);
        World.Require(Put(world, digest, first));
        race.Actor("sign", (_, _) => Put(world, digest, second)).Actor("tag", (_, _) => Put(world, tag, first));
        return () =>
        {
            Assert.All(race.Answers.Values, a => Assert.Equal(201, a.Status));
            Assert.Equal(world.Read(digest), world.Read(tag));
            world.CheckNothingIsLeft();
        };
    });

    [Fact]
    public void A_delete_beside_a_signing_leaves_all_of_it_or_nothing() => Explorer.ExploreRace(3, (schedule, world) =>
    {
        var race = Begin(schedule, world, first);
        race.Actor("sign", (_, _) => Put(world, digest, second)).Actor("delete", async (_, _) =>
        {
            await world.NewManifests().Delete(World.Here, digest, CancellationToken.None);
            return new Answer(202);
        });
        return () =>
        {
            Assert.Equal(201, race.Answers["sign"].Status);
            Assert.Contains(world.Read(digest), new[] { second, null });
            world.CheckNothingIsLeft();
        };
    });

    /// <summary>What an instance keeps in memory is kept by the blob, not by the digest.</summary>
    [Fact]
    public void An_instance_that_knows_the_old_bytes_serves_the_new_ones()
    {
        var world = new World();
        Begin(new Schedule(), world, first);
        var (one, other) = (world.NewManifests(1024 * 1024), world.NewManifests(1024 * 1024));
        foreach (var signed in new[] { first, second, third, first })
        {
            World.Require(one.Put(World.Here, digest, [], null, signed, CancellationToken.None));
            foreach (var reference in new[] { tag, digest, tag })
            {
                var manifest = World.Require(other.Get(World.Here, reference, CancellationToken.None));
                Assert.Equal(signed, manifest.Content.ToArray());
                Assert.Equal(Client.Of(signed), manifest.Info.Bytes);
                Assert.Equal(Client.Of(payload), manifest.Info.Digest);
            }
        }

        world.CheckManifests();
        world.CheckNothingIsLeft();
    }

    [Theory]
    [MemberData(nameof(Strikes.Kinds), MemberType = typeof(Strikes))]
    public void A_second_signing_struck_at_any_call_is_repeated(FaultKind kind)
    {
        var strikes = 0;
        foreach (var reference in new[] { tag, digest })
        {
            strikes += Strikes.AtEachCall(kind, fault =>
            {
                var (world, schedule) = (new World(), new Schedule());
                Begin(schedule, world, first);
                schedule.Add("struck", () => Put(world, reference, second), fault);
                schedule.Run([]);
                world.CheckManifests();
                Assert.Contains(world.Read(tag), new[] { first, second });
                World.Require(Put(world, reference, second));
                Assert.Equal(second, world.Read(tag));
                Assert.Equal(second, world.Read(digest));
                world.CheckManifests();
                if (kind == FaultKind.Repeat)
                    world.CheckNothingIsLeft();
            });
        }

        Assert.True(strikes > 5);
    }

    private static Race Begin(Schedule schedule, World world, byte[]? signed)
    {
        var race = new Race(schedule, world);
        race.AnewSucceeds(World.Here, layer);
        if (signed is not null)
            Assert.Equal(201, World.Require(Put(world, tag, signed)).Status);
        return race;
    }

    private static async Task<Answer> Put(World world, Reference reference, byte[] content)
    {
        try
        {
            await world.NewManifests().Put(World.Here, reference, [], null, content, CancellationToken.None);
            return new Answer(201);
        }
        catch (StorageFailedException)
        {
            return new Answer(503);
        }
    }
}
