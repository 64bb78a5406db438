
namespace Registry.Tests.Interleaving;

/// <summary>Two or three requests on one upload, in every order of their storage calls. docs/uploads.md has a row for each.</summary>
public sealed class UploadRaces
{
    private static readonly byte[] one = Race.After(" one");
    private static readonly byte[] two = Race.After(" two, and longer than a block");

    [Fact]
    public void Of_two_appends_at_one_place_one_wins_and_the_other_is_told_where_it_stands() => Explore(
        (schedule, world) =>
        {
            var race = new Race(schedule, world).WithUpload()
                .Actor("A", (c, r) => c.Patch(World.Here, r.Id, one[10..], 10))
                .Actor("B", (c, r) => c.Patch(World.Here, r.Id, two[10..], 10));
            return () =>
            {
                // Both cannot win, for they begin at one place; that none wins would mean that they can stop each other for ever.
                Assert.Equal([202, 416], race.Answers.Values.Select(a => a.Status).Order());
                Assert.Contains(race.Answers.Values.Single(a => a.Status == 416).Offset, new long?[] { one.Length, two.Length });
                race.ContinuesOrIsOver(mayBeOver: false);
            };
        });

    [Fact]
    public void Of_two_appends_that_name_no_place_each_is_added_whole_or_refused() => Explore(
        (schedule, world) =>
        {
            var race = new Race(schedule, world).WithUpload()
                .Actor("A", (c, r) => c.Patch(World.Here, r.Id, one[10..]))
                .Actor("B", (c, r) => c.Patch(World.Here, r.Id, two[10..]));
            return () =>
            {
                Assert.All(race.Answers.Values, a => Assert.Contains(a.Status, new[] { 202, 416 }));
                Assert.Contains(race.Answers.Values, a => a.Status == 202);
                race.ContinuesOrIsOver(mayBeOver: false);
            };
        });

    [Fact]
    public void An_append_that_is_sent_twice_is_stored_once() => Explore(
        (schedule, world) =>
        {
            var race = new Race(schedule, world).WithUpload()
                .Actor("A", (c, r) => c.Patch(World.Here, r.Id, two[10..], 10))
                .Actor("A again", (c, r) => c.Patch(World.Here, r.Id, two[10..], 10));
            return () =>
            {
                Assert.Equal([202, 416], race.Answers.Values.Select(a => a.Status).Order());
                Assert.Equal(two.Length, race.Answers.Values.Single(a => a.Status == 416).Offset);
                race.ContinuesOrIsOver(mayBeOver: false);
            };
        });

    [Fact]
    public void An_append_beside_a_finish_comes_before_it_or_not_at_all() => Explore(
        (schedule, world) =>
        {
            var race = new Race(schedule, world).WithUpload()
                .Actor("append", (c, r) => c.Patch(World.Here, r.Id, two[10..], 10))
                .Actor("finish", (c, r) => c.Put(World.Here, r.Id, Client.Of(one), one[10..], 10));
            return () =>
            {
                var (append, finish) = (race.Answers["append"], race.Answers["finish"]);
                Assert.True(
                    (append.Status, finish.Status) is (202, 416) or (416 or 404, 201), $"append {append}, finish {finish}");
                race.ContinuesOrIsOver(mayBeOver: finish.Status == 201);
                race.AnewSucceeds(World.Here, one);
            };
        });

    [Fact]
    public void Two_finishes_of_one_digest_are_both_told_that_it_is_stored() => Explore(
        (schedule, world) =>
        {
            var race = new Race(schedule, world).WithUpload()
                .Actor("A", (c, r) => c.Put(World.Here, r.Id, Client.Of(two), two[10..]))
                .Actor("B", (c, r) => c.Put(World.Here, r.Id, Client.Of(two), two[10..], 10));
            return () =>
            {
                Assert.All(race.Answers.Values, a => Assert.Equal(201, a.Status));
                race.Repeated((c, r) => c.Put(World.Here, r.Id, Client.Of(two)), 201);
                race.Repeated((c, r) => c.Status(World.Here, r.Id), 404);
            };
        });

    [Fact]
    public void Of_two_finishes_with_different_digests_one_wins_and_the_other_is_told_the_difference() => Explore(
        (schedule, world) =>
        {
            var race = new Race(schedule, world).WithUpload()
                .Actor("A", (c, r) => c.Put(World.Here, r.Id, Client.Of(one), one[10..]))
                .Actor("B", (c, r) => c.Put(World.Here, r.Id, Client.Of(two), two[10..]));
            return () =>
            {
                Assert.Equal([201, 400], race.Answers.Values.Select(a => a.Status).Order());
                race.AnewSucceeds(World.Here, one);
                race.AnewSucceeds(World.Here, two);
            };
        });

    [Fact]
    public void A_cancel_beside_a_finish_ends_the_upload_or_is_refused() => Explore(
        (schedule, world) =>
        {
            var race = new Race(schedule, world).WithUpload()
                .Actor("finish", (c, r) => c.Put(World.Here, r.Id, Client.Of(one), one[10..]))
                .Actor("cancel", (c, r) => c.Cancel(World.Here, r.Id));
            return () =>
            {
                var (finish, cancel) = (race.Answers["finish"], race.Answers["cancel"]);
                Assert.True((finish.Status, cancel.Status) is (201, 400 or 404) or (404, 204), $"finish {finish}, cancel {cancel}");
                race.Repeated((c, r) => c.Put(World.Here, r.Id, Client.Of(one)), finish.Status);
                race.AnewSucceeds(World.Here, one);
            };
        });

    [Fact]
    public void A_cancel_beside_an_append_ends_the_upload() => Explore(
        (schedule, world) =>
        {
            var race = new Race(schedule, world).WithUpload()
                .Actor("append", (c, r) => c.Patch(World.Here, r.Id, two[10..], 10))
                .Actor("cancel", (c, r) => c.Cancel(World.Here, r.Id));
            return () =>
            {
                Assert.Equal(204, race.Answers["cancel"].Status);
                Assert.Contains(race.Answers["append"].Status, new[] { 202, 404 });
                race.Repeated((c, r) => c.Status(World.Here, r.Id), 404);
                race.Repeated((c, r) => c.Cancel(World.Here, r.Id), 404);
                race.AnewSucceeds(World.Here, two);
            };
        });

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Two_uploads_of_one_digest_end_as_one_content(bool inOneRepository) => Explore(
        (schedule, world) =>
        {
            var other = inOneRepository ? World.Here : World.There;
            var race = new Race(schedule, world).WithUpload();
            var id = World.Require(world.NewClient().Start(other));
            race.Actor("A", (c, r) => c.Put(World.Here, r.Id, Client.Of(two), two[10..]))
                .Actor("B", (c, r) => c.Put(other, id, Client.Of(two), two));
            return () =>
            {
                Assert.All(race.Answers.Values, a => Assert.Equal(201, a.Status));
                race.Repeated((c, r) => c.Put(World.Here, r.Id, Client.Of(two)), 201);
                race.Repeated((c, r) => c.Put(other, id, Client.Of(two)), 201);
            };
        });

    [Fact]
    public void A_single_post_beside_a_finish_of_the_same_content_succeeds_and_so_does_the_finish() => Explore(
        (schedule, world) =>
        {
            var race = new Race(schedule, world).WithUpload()
                .Actor("finish", (c, r) => c.Put(World.Here, r.Id, Client.Of(two), two[10..]))
                .Actor("post", (c, r) => c.Post(World.There, two));
            return () => Assert.All(race.Answers.Values, a => Assert.Equal(201, a.Status));
        });

    [Fact]
    public void A_delete_of_the_blob_beside_its_finish_comes_before_or_after_it() => Explore(
        (schedule, world) =>
        {
            var race = new Race(schedule, world).WithUpload()
                .Actor("finish", (c, r) => c.Put(World.Here, r.Id, Client.Of(one), one[10..]))
                .Actor("delete", (c, r) => c.Delete(World.Here, Client.Of(one)));
            return () =>
            {
                Assert.Equal(201, race.Answers["finish"].Status);
                race.Repeated((c, r) => c.Head(World.Here, Client.Of(one)), race.Answers["delete"].Status == 202 ? 404 : 200);
                race.Repeated((c, r) => c.Put(World.Here, r.Id, Client.Of(one)), 201);
                race.AnewSucceeds(World.Here, one);
            };
        });

    [Fact]
    public void A_digest_in_another_algorithm_beside_one_that_is_known_ends_with_one_of_them() => Explore(
        (schedule, world) =>
        {
            var race = new Race(schedule, world).WithUpload()
                .Actor("sha512", (c, r) => c.Put(World.Here, r.Id, Client.Of512(Race.Beginning)))
                .Actor("sha256", (c, r) => c.Put(World.Here, r.Id, Client.Of(Race.Beginning)));
            return () =>
            {
                var (slow, quick) = (race.Answers["sha512"], race.Answers["sha256"]);
                Assert.True((slow.Status, quick.Status) is (201, 400) or (416 or 400, 201), $"sha512 {slow}, sha256 {quick}");
                race.AnewSucceeds(World.Here, Race.Beginning);
            };
        });

    [Fact]
    public void Two_finishes_in_another_algorithm_are_both_told_that_it_is_stored() => Explore(
        (schedule, world) =>
        {
            var race = new Race(schedule, world).WithUpload()
                .Actor("A", (c, r) => c.Put(World.Here, r.Id, Client.Of512(Race.Beginning)))
                .Actor("B", (c, r) => c.Put(World.Here, r.Id, Client.Of512(Race.Beginning)));
            return () =>
            {
                Assert.All(race.Answers.Values, a => Assert.Equal(201, a.Status));
                race.Repeated((c, r) => c.Put(World.Here, r.Id, Client.Of512(Race.Beginning)), 201);
            };
        });

    [Fact]
    public void A_wrong_digest_in_another_algorithm_keeps_nobody_from_finishing_with_the_right_one() => Explore(
        (schedule, world) =>
        {
            var race = new Race(schedule, world).WithUpload()
                .Actor("wrong", (c, r) => c.Put(World.Here, r.Id, Client.Of512(one)))
                .Actor("right", (c, r) => c.Put(World.Here, r.Id, Client.Of512(Race.Beginning)));
            return () =>
            {
                Assert.Contains(race.Answers["wrong"].Status, new[] { 400, 416 });
                Assert.Contains(race.Answers["right"].Status, new[] { 201, 416 });
                race.Repeated((c, r) => c.Put(World.Here, r.Id, Client.Of512(Race.Beginning)), 201);
                race.MustRead(World.Here, Client.Of512(Race.Beginning));
            };
        });

    [Fact]
    public void A_sealed_upload_can_be_cancelled_while_it_is_verified() => Explore(
        (schedule, world) =>
        {
            var race = new Race(schedule, world).WithUpload()
                .Actor("finish", (c, r) => c.Put(World.Here, r.Id, Client.Of512(Race.Beginning)))
                .Actor("cancel", (c, r) => c.Cancel(World.Here, r.Id));
            return () =>
            {
                var (finish, cancel) = (race.Answers["finish"], race.Answers["cancel"]);
                Assert.True((finish.Status, cancel.Status) is (201, 400 or 404) or (404, 204), $"finish {finish}, cancel {cancel}");
                race.AnewSucceeds(World.Here, Race.Beginning);
            };
        });

    [Fact]
    public void An_append_never_reaches_an_upload_that_is_sealed() => Explore(
        (schedule, world) =>
        {
            var race = new Race(schedule, world).WithUpload()
                .Actor("wrong", (c, r) => c.Put(World.Here, r.Id, Client.Of512(two)))
                .Actor("append", (c, r) => c.Patch(World.Here, r.Id, one[10..], 10));
            return () =>
            {
                var (wrong, append) = (race.Answers["wrong"], race.Answers["append"]);
                Assert.True((wrong.Status, append.Status) is (400, 416 or 202) or (416, 202), $"wrong {wrong}, append {append}");
                race.Repeated((c, r) => c.Put(World.Here, r.Id, Client.Of(append.Status == 202 ? one : Race.Beginning)), 201);
            };
        });

    [Fact]
    public void A_mount_beside_a_delete_of_its_source_mounts_or_finds_nothing() => ExploreOrders(
        (schedule, world) =>
        {
            var race = new Race(schedule, world);
            Assert.Equal(201, World.Require(world.NewClient().Post(World.Here, one)).Status);
            world.Clock.Advance(World.Collection.GracePeriod + TimeSpan.FromSeconds(1));
            race.Actor("mount", (c, r) => c.Mount(World.There, Client.Of(one), World.Here))
                .Actor("delete", (c, r) => c.Delete(World.Here, Client.Of(one)))
                .Background("collector", w => w.Collect());
            return () =>
            {
                // The collector may have been first: no manifest needs the link.
                Assert.Contains(race.Answers["delete"].Status, new[] { 202, 404 });
                Assert.Contains(race.Answers["mount"].Status, new[] { 201, 202 });
                race.AnewSucceeds(World.Here, one);
            };
        });

    [Fact]
    public void A_finish_that_joins_content_beside_its_collection_keeps_the_content_or_brings_its_own() => ExploreOrders(
        (schedule, world) =>
        {
            Assert.Equal(201, World.Require(world.NewClient().Post(World.There, one)).Status);
            world.Clock.Advance(World.Collection.GracePeriod + TimeSpan.FromSeconds(1));
            var race = new Race(schedule, world).WithUpload();
            race.Actor("finish", (c, r) => c.Put(World.Here, r.Id, Client.Of(one), one[10..]))
                .Actor("delete", (c, r) => c.Delete(World.There, Client.Of(one)))
                .Background("collector", w => w.Collect());
            return () =>
            {
                Assert.Equal(201, race.Answers["finish"].Status);
                race.AnewSucceeds(World.There, one);
            };
        });

    [Fact]
    public void Three_clients_at_one_upload_lose_nothing() => Explore(
        (schedule, world) =>
        {
            var race = new Race(schedule, world).WithUpload()
                .Actor("append", (c, r) => c.Patch(World.Here, r.Id, two[10..], 10))
                .Actor("finish", (c, r) => c.Put(World.Here, r.Id, Client.Of(one), one[10..], 10))
                .Actor("cancel", (c, r) => c.Cancel(World.Here, r.Id));
            return () => race.ContinuesOrIsOver(mayBeOver: race.Answers["finish"].Status == 201 || race.Answers["cancel"].Status == 204);
        },
        preemptions: 3);

    [Fact]
    public void Three_finishes_of_one_upload_are_all_told_that_it_is_stored() => Explore(
        (schedule, world) =>
        {
            var race = new Race(schedule, world).WithUpload();
            foreach (var name in new[] { "A", "B", "C" })
                race.Actor(name, (c, r) => c.Put(World.Here, r.Id, Client.Of(Race.Beginning)));
            return () => Assert.All(race.Answers.Values, a => Assert.Equal(201, a.Status));
        },
        preemptions: 3);

    [Fact]
    public void Two_appends_beside_a_finish_in_another_algorithm_lose_nothing() => Explore(
        (schedule, world) =>
        {
            var race = new Race(schedule, world).WithUpload()
                .Actor("A", (c, r) => c.Patch(World.Here, r.Id, one[10..], 10))
                .Actor("B", (c, r) => c.Patch(World.Here, r.Id, two[10..], 10))
                .Actor("sha512", (c, r) => c.Put(World.Here, r.Id, Client.Of512(Race.Beginning)));
            return () =>
            {
                // Refused for its digest, the finish has sealed the upload all the same: it takes no more bytes, and ends with the right digest.
                if (race.Answers["sha512"].Status == 400)
                    race.Repeated((c, r) => c.Put(World.Here, r.Id, Client.Of(r.Ledger.Acknowledged(r.Id))), 201);
                else
                    race.ContinuesOrIsOver(mayBeOver: race.Answers["sha512"].Status == 201);
            };
        },
        preemptions: 3);

    [Theory]
    [InlineData("append")]
    [InlineData("finish")]
    public void A_purge_of_an_old_upload_beside_a_request_removes_it_or_leaves_it_whole(string request) => Explore(
        (schedule, world) =>
        {
            var race = new Race(schedule, world).WithUpload();

            // The purge finds it too old a moment after the request has found it young enough.
            world.Clock.Advance(World.Uploads.MaxIdle);
            race.Actor(request, (c, r) => request == "append" ? c.Patch(World.Here, r.Id, two[10..], 10) : c.Put(World.Here, r.Id, Client.Of(two), two[10..]));
            race.Background("purge", async w =>
            {
                await w.Pass(TimeSpan.FromSeconds(1));
                await w.Purge();
            });
            return () =>
            {
                Assert.Contains(race.Answers[request].Status, new[] { 201, 202, 404 });
                if (race.Answers[request].Status == 202)
                    race.ContinuesOrIsOver(mayBeOver: false);
                race.AnewSucceeds(World.Here, two);
            };
        });

    [Fact]
    public void A_finish_that_is_repeated_beside_a_delete_and_the_collection_links_only_what_stays() => ExploreOrders(RepeatBesideCollection);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_finish_that_is_held_up_for_minutes_anywhere_confirms_what_it_knew_and_ends_well(bool sha512) => Explore(
        (schedule, world) =>
        {
            var digest = sha512 ? Client.Of512(Race.Beginning) : Client.Of(Race.Beginning);
            var race = new Race(schedule, world).WithUpload()
                .Actor("A", (c, r) => c.Put(World.Here, r.Id, digest))
                .Actor("B", (c, r) => c.Put(World.Here, r.Id, digest))
                .Background("time", w => w.Pass(World.Collection.RenewAfter));
            return () =>
            {
                Assert.All(race.Answers.Values, a => Assert.Equal(201, a.Status));
                race.MustRead(World.Here, digest);
            };
        },
        preemptions: 3);

    [Fact]
    public void A_purge_of_a_finished_upload_leaves_its_content() => Explore(
        (schedule, world) =>
        {
            var race = new Race(schedule, world).WithUpload();
            Assert.Equal(201, World.Require(world.NewClient().Put(World.Here, race.Id, Client.Of(two), two[10..])).Status);
            world.Clock.Advance(World.Collection.GracePeriod + TimeSpan.FromSeconds(1));
            race.Actor("repeat", (c, r) => c.Put(World.Here, r.Id, Client.Of(two)))
                .Actor("post", (c, r) => c.Post(World.There, two))
                .Background("purge", w => w.Purge());
            return () =>
            {
                Assert.Contains(race.Answers["repeat"].Status, new[] { 201, 404 });
                race.MustRead(World.Here, Client.Of(two));
            };
        },
        preemptions: 3);

    [Fact]
    public void A_purge_of_a_finish_that_crashed_lets_a_late_finisher_link_only_what_is_there() => Explore(
        (schedule, world) =>
        {
            var race = new Race(schedule, world).WithUpload();
            var crashed = new Schedule();
            crashed.Add("crash", () => world.NewClient().Put(World.Here, race.Id, Client.Of(two), two[10..]), new Fault(FaultKind.StopBefore, 5));
            crashed.Run([]);
            world.Clock.Advance(World.Collection.GracePeriod + TimeSpan.FromSeconds(1));
            race.Actor("repeat", (c, r) => c.Put(World.Here, r.Id, Client.Of(two)))
                .Background("purge", w => w.Purge());
            return () =>
            {
                Assert.Contains(race.Answers["repeat"].Status, new[] { 201, 404 });
                race.AnewSucceeds(World.Here, two);
            };
        });

    internal static Action RepeatBesideCollection(Schedule schedule, World world)
    {
        var race = new Race(schedule, world).WithUpload();
        Assert.Equal(201, World.Require(world.NewClient().Put(World.Here, race.Id, Client.Of(two), two[10..])).Status);
        world.Clock.Advance(World.Collection.GracePeriod + TimeSpan.FromSeconds(1));
        race.Actor("repeat", (c, r) => c.Put(World.Here, r.Id, Client.Of(two)))
            .Actor("delete", (c, r) => c.Delete(World.Here, Client.Of(two)))
            .Background("collector", w => w.Collect());
        return () => Assert.Contains(race.Answers["repeat"].Status, new[] { 201, 404 });
    }

    private static void Explore(Func<Schedule, World, Action> scenario, int preemptions = Explorer.Unbounded) =>
        Explorer.ExploreRace(preemptions, scenario);

    private static void ExploreOrders(Func<Schedule, World, Action> scenario) => Explorer.ExploreOrders(scenario);
}
