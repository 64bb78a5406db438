using Registry.Collection;
using Registry.Repositories;
using Registry.Storage;
using Registry.Tests.Layers;
using Registry.Tests.Support;

namespace Registry.Tests.Collection;

/// <summary>What a run keeps, what it takes, and when. That nothing can be lost beside it is shown in <c>Interleaving</c> and in <c>Faults</c>.</summary>
public sealed class GarbageCollectorTests
{
    private static readonly TimeSpan day = TimeSpan.FromHours(24) + TimeSpan.FromMinutes(1);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_manifests_need_is_kept_for_ever_with_or_without_a_tag()
    {
        var lab = await CollectionLab.Make();
        var (tagged, untagged, index) = (SmallImages.Image("a", "base", "a"), SmallImages.Image("b", "base", "b"), SmallImages.Index(SmallImages.Image("c", "c")));
        await lab.Push("team/app", tagged, "latest");
        await lab.Push("team/app", untagged);
        await lab.Push("team/other", index, "multi");
        var before = await lab.Everything();

        foreach (var _ in Enumerable.Range(0, 3))
        {
            lab.Clock.Advance(10 * day);
            Assert.Empty((await lab.Collect()).Gone);
        }

        Assert.Equal(before, await lab.Everything());
    }

    /// <summary>On Azure a page's continuation is encoded: it is no key, and tells nothing of the rows that follow.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Where_pages_end_in_the_middle_of_a_digests_rows_what_is_needed_is_kept_and_the_rest_goes(int rows)
    {
        var lab = await CollectionLab.Make(tablesAre: t => new ShortPages(t, rows));
        var image = SmallImages.Image("app", "base", "app");
        await lab.Push("app", image, "latest");
        await lab.Push("other", image, "latest");
        await lab.PushBlob("app", [1]);

        lab.Clock.Advance(day);
        Assert.Equal(["Content", "Link app"], (await lab.Collect()).Gone);
        Assert.True(await lab.CanPull("app", image) && await lab.CanPull("other", image));
    }

    [Fact]
    public async Task What_no_manifest_needs_goes_when_it_is_older_than_the_grace_period_link_and_content_in_one_run()
    {
        var lab = await CollectionLab.Make();
        var blob = await lab.PushBlob("app", [1, 2, 3]);

        lab.Clock.Advance(TimeSpan.FromHours(23));
        var early = await lab.Collect();
        lab.Clock.Advance(TimeSpan.FromHours(2));
        var late = await lab.Collect();

        Assert.Equal([], early.Gone);
        Assert.Equal(["Link app"], early.Waiting);
        Assert.Equal(["Content", "Link app"], late.Gone);
        Assert.Equal((2, 3), (late.Totals.Removed, late.Totals.Freed));
        Assert.False(await lab.Holds("app", blob));
        Assert.Empty(await lab.Blobs());
    }

    [Fact]
    public async Task A_run_says_when_what_waits_can_go()
    {
        var lab = await CollectionLab.Make();
        var pushed = lab.Clock.GetUtcNow();
        await lab.PushBlob("app", [1]);
        lab.Clock.Advance(TimeSpan.FromHours(1));
        await lab.PushBlob("app", [2]);

        var run = await lab.Collect();

        Assert.Equal((2, pushed.AddHours(24)), (run.Totals.Waiting, run.Totals.NextAt));
    }

    [Fact]
    public async Task Content_goes_with_the_last_repository_that_needs_it()
    {
        var lab = await CollectionLab.Make();
        var (here, there) = (SmallImages.Image("here", "base"), SmallImages.Image("there", "base"));
        await lab.Push("here", here, "v1");
        await lab.Push("there", there, "v1");

        await lab.Delete("here", here.Digest.ToString());
        lab.Clock.Advance(day);
        var first = await lab.Collect();
        Assert.Equal(["Content", "Link here", "Link here"], first.Gone);
        Assert.True(await lab.CanPull("there", there));

        await lab.Delete("there", there.Digest.ToString());
        lab.Clock.Advance(day);
        await lab.Collect();
        Assert.Empty(await lab.Blobs());
    }

    [Fact]
    public async Task A_mounted_layer_that_no_manifest_came_to_need_goes_and_its_source_stays()
    {
        var lab = await CollectionLab.Make();
        var image = SmallImages.Image("a", "base");
        await lab.Push("source", image, "v1");
        await lab.Mount("target", UploadLab.Sha256(SmallImages.Blob("base")), "source");

        lab.Clock.Advance(day);

        Assert.Equal(["Link target"], (await lab.Collect()).Gone);
        Assert.True(await lab.CanPull("source", image));
    }

    [Fact]
    public async Task An_uploads_row_goes_after_the_grace_period_and_its_content_stays()
    {
        var lab = await CollectionLab.Make();
        var image = SmallImages.Image("a", "base");
        foreach (var blob in image.Blobs)
            await lab.PushBlobByUpload("app", blob);
        await lab.Push("app", image, "v1");

        lab.Clock.Advance(day);

        Assert.Equal(image.Blobs.Select(_ => "Upload app"), (await lab.Collect()).Gone);
        Assert.True(await lab.CanPull("app", image));
    }

    [Fact]
    public async Task A_blob_whose_upload_still_has_its_row_goes_with_that_row()
    {
        var lab = await CollectionLab.Make();
        await lab.PushBlobByUpload("app", [1, 2, 3]);

        lab.Clock.Advance(day);
        var run = await lab.Collect();

        Assert.Equal(["Content", "Link app", "Upload app"], run.Gone);
        Assert.Empty(await lab.Blobs());
    }

    [Fact]
    public async Task An_upload_that_was_left_alone_goes_by_its_own_age()
    {
        var lab = await CollectionLab.Make();
        await lab.Abandon("app", [.. Enumerable.Repeat((byte)7, 100)]);

        lab.Clock.Advance(TimeSpan.FromDays(5));
        Assert.Empty((await lab.Collect()).Gone);
        lab.Clock.Advance(TimeSpan.FromDays(2));
        Assert.Equal(["Upload app"], (await lab.Collect()).Gone);
    }

    [Fact]
    public async Task A_blob_that_no_row_names_goes_by_age()
    {
        var lab = await CollectionLab.Make();
        var image = SmallImages.Image("a", "base");
        await lab.Push("app", image, "v1");
        var path = PathMapper.Content(lab.Ids.NewUuid().ToString("N"));
        await lab.Driver.Put(path, Content.Sequence([1, 2, 3, 4]), new BlobMetadata("app", UploadLab.Sha256([1, 2, 3, 4]).ToString()), Cancel);

        lab.Clock.Advance(TimeSpan.FromHours(23));
        Assert.Equal(["Blob app"], (await lab.Collect()).Waiting);
        lab.Clock.Advance(TimeSpan.FromHours(2));
        var run = await lab.Collect();

        Assert.Equal(["Blob app"], run.Gone);
        Assert.Equal(4, run.Totals.Freed);
        Assert.True(await lab.CanPull("app", image));
    }

    [Fact]
    public async Task What_cannot_be_read_is_kept_and_told()
    {
        var lab = await CollectionLab.Make();
        var blob = await lab.PushBlob("app", [1, 2, 3]);
        var other = await lab.PushBlob("fine", [4, 5, 6]);
        await lab.Tables.Write(Tables.Manifests, TableOperation.Insert(new TableEntity("app", "msha256:odd").Set("refs0", new byte[] { 1, 2 })), Cancel);
        await lab.Tables.Write(Tables.Uploads, TableOperation.Insert(new TableEntity("app", lab.Ids.NewUuid().ToString("D")).Set("phase", "Later")), Cancel);
        await lab.Driver.Put("content/strange", Content.Sequence([1]), BlobMetadata.None, Cancel);
        await lab.Driver.Put(PathMapper.Content(lab.Ids.NewUuid().ToString("N")), Content.Sequence([1]), BlobMetadata.None, Cancel);

        lab.Clock.Advance(day);
        var run = await lab.Collect();

        Assert.Equal(["Content", "Link fine"], run.Gone);
        Assert.Equal(4, run.Totals.Unreadable);
        Assert.True(await lab.Holds("app", blob));
        Assert.False(await lab.Holds("fine", other));
        Assert.Equal(3, (await lab.Blobs()).Count);
    }

    [Fact]
    public async Task A_dry_run_tells_what_a_run_would_take_and_takes_nothing()
    {
        var lab = await CollectionLab.Make(CollectionLab.Plain with { UntaggedAfter = day });
        await MakeGarbage(lab);
        var before = await lab.Everything();

        var dry = await lab.Collect(CollectionKind.DryRun);
        Assert.Equal(before, await lab.Everything());
        var real = await lab.Collect();

        Assert.Equal(real.Gone, dry.Gone);
        Assert.Equal(["Blob app", "Content", "Link app", "Upload app"], dry.Gone.Distinct());
        Assert.NotEqual(before, await lab.Everything());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(1000)]
    public async Task However_little_fits_memory_and_a_slice_the_end_is_the_same(int marks)
    {
        var whole = await CollectionLab.Make();
        await MakeGarbage(whole);
        await whole.Collect();

        var sliced = await CollectionLab.Make(CollectionLab.Plain with { MarksInMemory = marks }, t => new ShortPages(t, 2));
        await MakeGarbage(sliced);
        var slices = 0;
        while ((await sliced.NewCollector().RunSlice(TimeSpan.Zero, new CollectionSeen(), Cancel)).Outcome == CollectionOutcome.Paused)
            slices++;

        Assert.True(slices > 5, $"{slices} slices");
        Assert.Equal(await whole.Everything(), await sliced.Everything());
    }

    [Fact]
    public async Task A_run_is_due_when_the_last_one_ended_an_interval_ago()
    {
        var lab = await CollectionLab.Make();
        async Task<CollectionOutcome> Slice() => (await lab.NewCollector().RunSlice(TimeSpan.FromMinutes(1), new CollectionSeen(), Cancel)).Outcome;

        Assert.Equal(CollectionOutcome.Finished, await Slice());
        Assert.Equal(CollectionOutcome.NotDue, await Slice());
        lab.Clock.Advance(TimeSpan.FromHours(13));
        Assert.Equal(CollectionOutcome.Finished, await Slice());
    }

    [Fact]
    public async Task One_process_at_a_time_works_on_a_run_and_one_that_died_is_followed_by_another()
    {
        DyingTables? tables = null;
        var lab = await CollectionLab.Make(tablesAre: t => tables = new DyingTables(t, dieAt: 6));
        await MakeGarbage(lab);
        await Assert.ThrowsAsync<StorageFailedException>(() => lab.NewCollector().RunSlice(TimeSpan.MaxValue, new CollectionSeen(), Cancel));
        tables!.IsDead = false;

        Assert.Equal(CollectionOutcome.Busy, (await lab.NewCollector().RunSlice(TimeSpan.MaxValue, new CollectionSeen(), Cancel)).Outcome);
        Assert.Equal(CollectionOutcome.Busy, (await lab.NewCollector().Run(CollectionKind.Collect, new CollectionSeen(), Cancel)).Outcome);

        lab.Clock.Advance(lab.Options.LeaseDuration + TimeSpan.FromSeconds(1));
        Assert.Equal(CollectionOutcome.Finished, (await lab.NewCollector().RunSlice(TimeSpan.MaxValue, new CollectionSeen(), Cancel)).Outcome);
    }

    [Fact]
    public async Task A_run_leaves_no_files_and_removes_those_of_a_run_that_died()
    {
        var lab = await CollectionLab.Make(CollectionLab.Plain with { MarksInMemory = 1 });
        await lab.Push("app", SmallImages.Image("a", "x", "y", "z"), "v1");
        await lab.NewCollector().RunSlice(TimeSpan.Zero, new CollectionSeen(), Cancel);
        await lab.Driver.Put(PathMapper.Collection("dead", "1"), Content.Sequence([1]), BlobMetadata.None, Cancel);

        lab.Clock.Advance(day);
        await lab.Collect();

        Assert.DoesNotContain(await lab.Blobs(), path => path.StartsWith(PathMapper.CollectionPrefix, StringComparison.Ordinal));
    }

    /// <summary>In a rolling upgrade both versions run. The earlier one refuses a run that it would misread, goes by the rows of one that is over, and may have begun the one that is gone on with.</summary>
    [Fact]
    public async Task A_run_under_way_is_none_for_an_earlier_version_and_one_of_an_earlier_version_is_gone_on_with()
    {
        var lab = await CollectionLab.Make(tablesAre: t => new ShortPages(t, 1));
        await MakeGarbage(lab);
        Assert.Equal(CollectionOutcome.Paused, (await lab.NewCollector().RunSlice(TimeSpan.Zero, new CollectionSeen(), Cancel)).Outcome);
        var row = (await lab.Tables.Find(Tables.Progress, Tables.CollectionPartition, nameof(CollectionKind.Collect), Cancel))!;
        Assert.Equal(2, row.GetInt64("version"));

        await lab.Tables.Write(Tables.Progress, TableOperation.Replace(row.Copy().Set("version", 1).Set("restorable", (long?)null), row.ETag), Cancel);
        Assert.Equal(CollectionOutcome.Finished, (await lab.NewCollector().RunSlice(TimeSpan.MaxValue, new CollectionSeen(), Cancel)).Outcome);

        row = (await lab.Tables.Find(Tables.Progress, Tables.CollectionPartition, nameof(CollectionKind.Collect), Cancel))!;
        Assert.Equal(1, row.GetInt64("version"));
        await lab.Tables.Write(Tables.Progress, TableOperation.Replace(row.Copy().Set("version", 3), row.ETag), Cancel);
        await Assert.ThrowsAsync<InvalidDataException>(() => lab.Collect());
    }

    /// <summary>An earlier version's marks are the whole hash, whatever its last bit is.</summary>
    [Theory]
    [InlineData(0UL)]
    [InlineData(1UL)]
    public void A_mark_of_an_earlier_version_holds_a_link(ulong lastBit)
    {
        var repository = SortedKey.OfRepository("app");
        var sweep = new DigestSweep($"sha256:{new string('0', 64)}", new HashSet<ulong> { (repository & ~1UL) | lastBit });

        sweep.Add(new TableEntity($"sha256:{new string('0', 64)}", "app"), new CollectionTotals());

        Assert.False(sweep.HasWork(null!));
    }

    /// <summary>A paused run can wait for days, where a front sleeps: its files are old then, and still its own.</summary>
    [Fact]
    public async Task A_dry_run_leaves_the_files_of_a_run_that_can_be_gone_on_with()
    {
        var lab = await CollectionLab.Make(CollectionLab.Plain with { MarksInMemory = 1 }, t => new ShortPages(t, 1));
        await lab.Push("app", SmallImages.Image("a", "x", "y", "z"), "v1");
        Assert.Equal(CollectionOutcome.Paused, (await lab.NewCollector().RunSlice(TimeSpan.Zero, new CollectionSeen(), Cancel)).Outcome);
        var files = (await lab.Blobs()).Where(path => path.StartsWith(PathMapper.CollectionPrefix, StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(files);
        await lab.Collect(CollectionKind.DryRun);
        await lab.Driver.Put(PathMapper.Collection("dead", "1"), Content.Sequence([1]), BlobMetadata.None, Cancel);

        lab.Clock.Advance(3 * day);
        await lab.Collect(CollectionKind.DryRun);

        Assert.Equal(files, (await lab.Blobs()).Where(path => path.StartsWith(PathMapper.CollectionPrefix, StringComparison.Ordinal)));
        Assert.Equal(CollectionOutcome.Finished, (await lab.NewCollector().RunSlice(TimeSpan.MaxValue, new CollectionSeen(), Cancel)).Outcome);
    }

    /// <summary>A downgrade can leave rows that this version cannot read, in any number of repositories.</summary>
    [Fact]
    public async Task However_many_repositories_cannot_be_read_a_run_comes_to_its_end_and_keeps_all_of_them()
    {
        var lab = await CollectionLab.Make(tablesAre: t => new ShortPages(t, 500));
        var digest = await lab.PushBlob("whole", [1, 2, 3]);
        var name = new string('a', 100) + "/" + new string('b', 100);
        for (var i = 0; i < 2500; i++)
            await lab.Tables.Write(Tables.Manifests, TableOperation.Insert(new TableEntity(Tables.Key(RepositoryName.Parse($"{name}{i}")), "msha256:00").Set("refs0", new byte[] { 0xff })), Cancel);
        var last = RepositoryName.Parse($"{name}2499");
        var held = await lab.PushBlob(last.ToString(), [4, 5, 6]);
        lab.Clock.Advance(2 * day);

        while ((await lab.NewCollector().RunSlice(TimeSpan.Zero, new CollectionSeen(), Cancel)).Outcome == CollectionOutcome.Paused)
        {
        }

        Assert.True(await lab.Holds(last.ToString(), held));
        Assert.True(await lab.Holds("whole", digest));
    }

    private static async Task MakeGarbage(CollectionLab lab)
    {
        await lab.Push("app", SmallImages.Image("a", "base", "a"), "latest");
        var old = SmallImages.Image("old", "base", "old");
        await lab.Push("app", old, "old");
        await lab.Delete("app", old.Digest.ToString());
        await lab.PushBlobByUpload("app", [9, 9, 9]);
        await lab.Driver.Put(PathMapper.Content(lab.Ids.NewUuid().ToString("N")), Content.Sequence([1]), new BlobMetadata("app", UploadLab.Sha256([1]).ToString()), Cancel);
        lab.Clock.Advance(day);
        await lab.Push("app", SmallImages.Image("young", "base", "young"), "young");
    }

    /// <summary>The process that works on it dies at its n-th call: that call, and all that its handlers would still do, are not done.</summary>
    private sealed class DyingTables(ITableStore inner, int dieAt) : TableDecorator(inner)
    {
        private int calls;

        public bool IsDead { get; set; }

        public override Task<TableEntity?> Find(string table, string partition, string row, CancellationToken cancellation) => Live(() => base.Find(table, partition, row, cancellation));

        public override Task<TablePage> Query(string table, TableQuery query, CancellationToken cancellation) => Live(() => base.Query(table, query, cancellation));

        public override Task<TableResult> Write(string table, TableOperation operation, CancellationToken cancellation) => Live(() => base.Write(table, operation, cancellation));

        private Task<T> Live<T>(Func<Task<T>> call)
        {
            IsDead |= ++calls == dieAt;
            return IsDead ? throw new StorageFailedException("die", "", 0, "dead") : call();
        }
    }
}
