using Registry.Digests;
using Registry.Storage;
using Registry.Tests.Digests;

namespace Registry.Tests.Interleaving;

/// <summary>Finishes by tarsum beside other requests, in every order of their storage calls. docs/uploads.md has a row for each.</summary>
public sealed class TarSumRaces
{
    private static readonly byte[] later = new TarFile("file") { Time = 2 }.Header();

    /// <summary>The smallest archive there is with an entry: a header, and no end.</summary>
    internal static byte[] Archive { get; } = new TarFile("file") { Time = 1 }.Header();

    internal static Digest Name { get; } = Digest.Parse(TarFile.Sum(new TarFile("file")));

    private static Digest Other { get; } = Digest.Parse(TarFile.Sum(new TarFile("another")));

    [Fact]
    public void Two_finishes_by_one_tarsum_are_both_told_that_it_is_stored() => Explorer.ExploreRace(3, (schedule, world) =>
    {
        var race = new Race(schedule, world).WithUpload(Archive)
            .Actor("A", (c, r) => c.Put(World.Here, r.Id, Name))
            .Actor("B", (c, r) => c.Put(World.Here, r.Id, Name));
        return () =>
        {
            Assert.All(race.Answers.Values, a => Assert.Equal(201, a.Status));
            race.MustRead(World.Here, Name);
            race.MustRead(World.Here, Client.Of(Archive));
            race.Repeated((c, r) => c.Put(World.Here, r.Id, Name), 201);
        };
    });

    /// <summary>Each records that it is still reading, and so takes the row from the other: neither is stopped by it.</summary>
    [Fact]
    public void Two_finishes_by_one_tarsum_that_record_that_they_read_do_not_stop_each_other() => Explorer.ExploreRace(
        2,
        (schedule, world) =>
        {
            var race = new Race(schedule, world).WithUpload(Archive)
                .Actor("A", (c, r) => c.Put(World.Here, r.Id, Name))
                .Actor("B", (c, r) => c.Put(World.Here, r.Id, Name))
                .Actor("wrong", (c, r) => c.Put(World.Here, r.Id, Other));
            return () =>
            {
                Assert.Contains(race.Answers["wrong"].Status, new[] { 400, 416 });
                Assert.All(new[] { "A", "B" }, a => Assert.Contains(race.Answers[a].Status, new[] { 201, 416 }));
                race.Repeated((c, r) => c.Put(World.Here, r.Id, Name), 201);
                race.MustRead(World.Here, Name);
            };
        },
        () => new World(uploads: World.Uploads with { VerifyCheckpointBytes = 2 }));

    [Fact]
    public void A_finish_by_tarsum_beside_one_by_sha256_ends_with_one_of_them() => Explorer.ExploreRace(3, (schedule, world) =>
    {
        var race = new Race(schedule, world).WithUpload(Archive)
            .Actor("tarsum", (c, r) => c.Put(World.Here, r.Id, Name))
            .Actor("sha256", (c, r) => c.Put(World.Here, r.Id, Client.Of(Archive)));
        return () =>
        {
            var (slow, quick) = (race.Answers["tarsum"], race.Answers["sha256"]);
            Assert.True((slow.Status, quick.Status) is (201, 400) or (416 or 400, 201), $"tarsum {slow}, sha256 {quick}");
            race.MustRead(World.Here, Client.Of(Archive));
        };
    });

    [Fact]
    public void A_wrong_tarsum_keeps_nobody_from_finishing_with_the_right_one() => Explorer.ExploreRace(3, (schedule, world) =>
    {
        var race = new Race(schedule, world).WithUpload(Archive)
            .Actor("wrong", (c, r) => c.Put(World.Here, r.Id, Other))
            .Actor("right", (c, r) => c.Put(World.Here, r.Id, Name));
        return () =>
        {
            Assert.Contains(race.Answers["wrong"].Status, new[] { 400, 416 });
            Assert.Contains(race.Answers["right"].Status, new[] { 201, 416 });
            race.Repeated((c, r) => c.Put(World.Here, r.Id, Name), 201);
            race.MustRead(World.Here, Name);
        };
    });

    [Fact]
    public void Of_two_archives_with_one_tarsum_the_first_is_what_it_stands_for_and_both_are_stored() => Explorer.ExploreRace(3, (schedule, world) =>
    {
        var race = new Race(schedule, world).WithUpload(Archive);
        var second = race.NewUpload(later);
        string? seen = null;
        race.Actor("A", (c, r) => c.Put(World.Here, r.Id, Name))
            .Actor("B", (c, _) => c.Put(World.Here, second, Name))
            .Background("a manifest", async w => seen = await w.FindCanonical(Name));
        return () =>
        {
            Assert.All(race.Answers.Values, a => Assert.Equal(201, a.Status));
            race.MustRead(World.Here, Client.Of(Archive));
            race.MustRead(World.Here, Client.Of(later));
            var meant = World.Require(world.FindCanonical(Name));
            Assert.Equal(seen ?? meant, meant);
            race.Repeated((c, r) => c.Put(World.Here, r.Id, Name), 201);
            race.Repeated((c, _) => c.Put(World.Here, second, Name), 201);
            Assert.Equal(meant, World.Require(world.FindCanonical(Name)));
        };
    });

    [Theory]
    [InlineData("by its sha256")]
    [InlineData("by its tarsum")]
    public void A_delete_of_the_blob_beside_its_finish_by_tarsum_comes_before_or_after_it(string how) => Explorer.ExploreRace(3, (schedule, world) =>
    {
        var race = new Race(schedule, world).WithUpload(Archive);
        world.Ledger.Doubt(World.Here, Name);
        race.Actor("finish", (c, r) => c.Put(World.Here, r.Id, Name))
            .Actor("delete", (c, _) => c.Delete(World.Here, how == "by its sha256" ? Client.Of(Archive) : Name));
        return () =>
        {
            Assert.Equal(201, race.Answers["finish"].Status);
            Assert.Contains(race.Answers["delete"].Status, new[] { 202, 404 });
            var reads = World.Require(world.NewClient().Head(World.Here, Name)).Status;
            Assert.True(race.Answers["delete"].Status == 202 || reads == 200, $"nothing was deleted, and it reads as {reads}");
            race.Repeated((c, r) => c.Put(World.Here, r.Id, Name), 201);
            race.MustRead(World.Here, Name);
        };
    });

    [Fact]
    public void A_finish_by_tarsum_that_is_held_up_for_minutes_anywhere_ends_well() => Explorer.ExploreRace(2, (schedule, world) =>
    {
        var race = new Race(schedule, world).WithUpload(Archive)
            .Actor("A", (c, r) => c.Put(World.Here, r.Id, Name))
            .Actor("B", (c, r) => c.Put(World.Here, r.Id, Name))
            .Background("time", w => w.Pass(World.Collection.RenewAfter));
        return () =>
        {
            Assert.All(race.Answers.Values, a => Assert.Equal(201, a.Status));
            race.MustRead(World.Here, Name);
        };
    });

    [Fact]
    public void A_purge_of_an_upload_that_ended_by_tarsum_leaves_its_content() => Explorer.ExploreRace(3, (schedule, world) =>
    {
        var race = new Race(schedule, world).WithUpload(Archive);
        Assert.Equal(201, World.Require(world.NewClient().Put(World.Here, race.Id, Name)).Status);
        world.Clock.Advance(World.Collection.GracePeriod + TimeSpan.FromSeconds(1));
        race.Actor("repeat", (c, r) => c.Put(World.Here, r.Id, Name)).Background("purge", w => w.Purge());
        return () =>
        {
            Assert.Contains(race.Answers["repeat"].Status, new[] { 201, 404 });
            race.MustRead(World.Here, Name);
        };
    });

    [Fact]
    public void An_alias_that_is_collected_beside_a_finish_by_that_tarsum_is_there_in_the_end() => Explorer.ExploreRace(3, (schedule, world) =>
    {
        var race = new Race(schedule, world).WithUpload(Archive);
        var before = race.NewUpload(later);
        Assert.Equal(201, World.Require(world.NewClient().Put(World.Here, before, Name)).Status);
        Assert.Equal(202, World.Require(world.NewClient().Delete(World.Here, Client.Of(later))).Status);
        world.Clock.Advance(World.Collection.GracePeriod + TimeSpan.FromSeconds(1));
        world.Ledger.Doubt(World.Here, Name);
        var id = race.NewUpload(Archive);
        race.Actor("finish", (c, _) => c.Put(World.Here, id, Name)).Background("collection", w => w.SweepAlias(Name));
        return () =>
        {
            Assert.Equal(201, race.Answers["finish"].Status);
            race.MustRead(World.Here, Name);
        };
    });
}
