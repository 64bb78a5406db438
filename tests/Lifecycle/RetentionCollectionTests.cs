using Registry.Access;
using Registry.Collection;
using Registry.Lifecycle;
using Registry.Repositories;
using Registry.Storage;
using Registry.Tests.Collection;
using Registry.Tests.Support;

namespace Registry.Tests.Lifecycle;

/// <summary>The collector does what the judge says, and no more; and when.</summary>
public sealed class RetentionCollectionTests
{
    private static readonly RetentionPolicy newest = new(RepositoryGlob.Parse("*")) { KeepNewest = 1 };
    private static readonly TimeSpan grace = new CollectionOptions().GracePeriod + TimeSpan.FromMinutes(1);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_run_takes_tags_the_next_their_manifests_and_the_one_after_what_those_needed()
    {
        var lab = await Make(newest, CollectionLab.Plain);
        var (old, index) = (SmallImages.Image("old", "old"), SmallImages.Index(SmallImages.Image("new", "new")));
        await lab.Push("app", old, "old");
        lab.Clock.Advance(grace);
        await lab.Push("app", index, "new");

        var first = await lab.Collect();
        Assert.Equal(["Tag app"], first.Gone);
        Assert.Equal("taken: pushed 2026-01-02, not the newest", Assert.Single(first.Items, i => i.Kind == CollectedKind.Tag).Reason);
        Assert.Equal(["Manifest app"], first.Waiting);
        Assert.Equal(["new"], await Tags(lab));
        Assert.True(await lab.CanPull("app", old));

        Assert.Empty((await lab.Collect()).Gone);
        lab.Clock.Advance(grace);
        Assert.Equal(["Manifest app"], (await lab.Collect()).Gone);
        Assert.False(await lab.CanPull("app", old));
        Assert.Equal(["Content", "Content", "Link app", "Link app"], (await lab.Collect()).Gone);
        Assert.True(await lab.CanPull("app", index));
    }

    [Fact]
    public async Task What_it_took_can_be_restored_and_then_stays()
    {
        var lab = await Make(newest);
        var (old, signature) = (SmallImages.Image("old", "old"), SmallImages.Image("signature", "s"));
        await lab.Push("app", old, "old");
        await lab.Push("app", signature, $"sha256-{old.Digest.Hex}.sig");
        lab.Clock.Advance(grace);
        await lab.Push("app", SmallImages.Image("new", "new"), "new");
        await lab.Collect();
        lab.Clock.Advance(grace);
        Assert.Equal(["Manifest app", "Manifest app", "Tag app"], (await lab.Collect()).Gone);
        Assert.False(await lab.CanPull("app", old));

        var deleted = await lab.Restoring.List(RepositoryName.Parse("app"), Cancel).ToListAsync(Cancel);
        Assert.Contains(deleted, d => d.Tag?.ToString() == "old" && d.Reason == "retention of *: taken: pushed 2026-01-02, not the newest");
        await lab.Restoring.Restore(RepositoryName.Parse("app"), null, Cancel);
        Assert.Equal(["new", "old", $"sha256-{old.Digest.Hex}.sig"], (await Tags(lab)).Order(StringComparer.Ordinal));
        Assert.True(await lab.CanPull("app", old) && await lab.CanPull("app", signature));

        Assert.Empty((await lab.Collect()).Gone);
        lab.Clock.Advance(TimeSpan.FromDays(6));
        Assert.DoesNotContain("Tag app", (await lab.Collect()).Gone);
        lab.Clock.Advance(TimeSpan.FromDays(2));
        Assert.Equal("old", Assert.Single((await lab.Collect()).Items, i => i is { Kind: CollectedKind.Tag, GoesAt: null }).Name);
    }

    /// <summary>Its manifest stays a day longer than its tag, and so does all that belongs to it.</summary>
    [Theory]
    [InlineData("restored")]
    [InlineData("pushed")]
    public async Task A_tag_that_comes_back_before_its_manifest_went_has_its_signature(string how)
    {
        var lab = await Make(newest);
        var (old, signature) = (SmallImages.Image("old", "old"), SmallImages.Image("signature", "s"));
        var attachment = $"sha256-{old.Digest.Hex}.sig";
        await lab.Push("app", old, "old");
        await lab.Push("app", signature, attachment);
        lab.Clock.Advance(grace);
        await lab.Push("app", SmallImages.Image("new", "new"), "new");
        Assert.Equal(["Tag app"], (await lab.Collect()).Gone);
        Assert.Equal(["new", attachment], (await Tags(lab)).Order(StringComparer.Ordinal));

        lab.Clock.Advance(TimeSpan.FromMinutes(1));
        if (how == "restored")
            await lab.Restore("app:old");
        else
            await lab.Push("app", old, "old");
        for (var i = 0; i < 3; i++)
        {
            lab.Clock.Advance(grace);
            await lab.Collect();
        }

        Assert.Superset(new HashSet<string> { "old", attachment }, (await Tags(lab)).ToHashSet());
        Assert.True(await lab.CanPull("app", old) && await lab.CanPull("app", signature));
    }

    /// <summary>Sixty signatures that are one manifest: more tags than a batch removes with it. And an image with sixty attachments.</summary>
    [Theory]
    [InlineData(7, false)]
    [InlineData(0, false)]
    [InlineData(7, true)]
    [InlineData(0, true)]
    public async Task What_more_attachments_belong_to_than_a_batch_takes_goes_all_the_same(int restorableDays, bool ofOne)
    {
        var lab = await Make(newest with { Untagged = TimeSpan.FromDays(1) }, new CollectionOptions { RestorableFor = TimeSpan.FromDays(restorableDays) });
        var signature = SmallImages.Image("signature", "s");
        var images = Enumerable.Range(0, ofOne ? 1 : 120).Select(i => SmallImages.Image($"image{i}", "shared")).ToList();
        foreach (var image in images)
            await lab.Push("app", image);
        foreach (var tags in images.SelectMany(i => ofOne ? Enumerable.Range(0, 120).Select(s => $"sha256-{i.Digest.Hex}.s{s}") : [$"sha256-{i.Digest.Hex}.sig"]).Chunk(50))
            await lab.Push("app", signature, tags);
        await lab.Push("app", SmallImages.Image("new", "new"), "new");
        await lab.Collect();
        lab.Clock.Advance(grace);

        var gone = (await lab.Collect()).Gone.ToLookup(g => g);

        Assert.Equal((images.Count + 1, 120), (gone["Manifest app"].Count(), gone["Tag app"].Count()));
        Assert.Equal(["new"], await Tags(lab));
        Assert.Equal(1, await Manifests(lab));
    }

    [Fact]
    public async Task A_manifest_that_never_had_a_tag_goes_only_by_the_rule_for_untagged_ones()
    {
        var lab = await Make(newest);
        var (untagged, signature) = (SmallImages.Image("untagged", "u"), SmallImages.Image("signature", "s"));
        await lab.Push("app", untagged);
        await lab.Push("app", signature, $"sha256-{untagged.Digest.Hex}.sig");
        await lab.Push("app", SmallImages.Image("new", "new"), "new");
        foreach (var _ in Enumerable.Range(0, 3))
        {
            lab.Clock.Advance(grace);
            Assert.Empty((await lab.Collect()).Gone);
        }

        await new RetentionStore(lab.Tables).Set(newest with { Untagged = TimeSpan.FromDays(3) }, Cancel);
        Assert.Equal(["Manifest app", "Manifest app"], (await lab.Collect()).Waiting);
        lab.Clock.Advance(TimeSpan.FromDays(2));
        Assert.Empty((await lab.Collect()).Gone);
        lab.Clock.Advance(TimeSpan.FromDays(2));
        Assert.Equal(["Manifest app", "Manifest app", "Tag app"], (await lab.Collect()).Gone);
        Assert.Equal(["new"], await Tags(lab));
    }

    [Fact]
    public async Task What_was_released_stays_once_no_policy_applies_any_more()
    {
        var lab = await Make(newest);
        var old = SmallImages.Image("old", "old");
        await lab.Push("app", old, "old");
        lab.Clock.Advance(grace);
        await lab.Push("app", SmallImages.Image("new", "new"), "new");
        await lab.Collect();
        Assert.True(await new RetentionStore(lab.Tables).Remove(newest.Repositories, Cancel));

        lab.Clock.Advance(grace);
        Assert.DoesNotContain("Manifest app", (await lab.Collect()).Gone);
        Assert.True(await lab.CanPull("app", old));
    }

    [Fact]
    public async Task A_policy_that_cannot_be_read_takes_nothing_and_neither_does_any_other()
    {
        var lab = await Make(newest);
        await lab.Push("app", SmallImages.Image("old", "old"), "old");
        await lab.Push("app", SmallImages.Image("new", "new"), "new");
        await lab.Tables.Write(Tables.Rules, TableOperation.Insert(new TableEntity(Tables.RetentionPartition, "app").Set("version", 2).Set("repositories", "app")), Cancel);

        var run = await lab.Collect();

        Assert.Empty(run.Gone);
        Assert.Contains("no tag is taken", Assert.Single(run.Items, i => i.Kind == CollectedKind.Unreadable).Reason, StringComparison.Ordinal);
    }

    /// <summary>Two runs that fail, each at any of its writes: what went of an image must not leave the rest of it without anything that tells a later run to take it.</summary>
    [Theory]
    [InlineData(7)]
    [InlineData(0)]
    public async Task Two_runs_that_fail_at_any_write_leave_nothing_that_no_later_run_takes(int restorableDays)
    {
        var first = 0;
        for (var struck = (true, true); struck.Item1; first++)
        {
            struck = (true, true);
            for (var second = 0; struck is (true, true); second++)
                struck = await StruckTwice(new CollectionOptions { RestorableFor = TimeSpan.FromDays(restorableDays) }, first, second);
        }

        // Four writes, and the run that met no strike.
        Assert.Equal(5, first);
    }

    /// <returns>Whether each of the runs failed at that write.</returns>
    private static async Task<(bool First, bool Second)> StruckTwice(CollectionOptions options, int first, int second)
    {
        FailingWrites? failing = null;
        var lab = await CollectionLab.Make(options, tables => failing = new FailingWrites(tables));
        await new RetentionStore(lab.Tables).Set(newest, Cancel);
        var image = SmallImages.Image("old", "old");
        await lab.Push("app", SmallImages.Index(image), "old");
        await lab.Push("app", SmallImages.Image("signature", "s"), $"sha256-{image.Digest.Hex}.sig");
        await lab.Push("app", SmallImages.Artifact("sbom", "application/vnd.example.sbom", image));
        lab.Clock.Advance(grace);
        await lab.Push("app", SmallImages.Image("new", "new"), "new");

        var struck = await Fails(lab, failing!, first);
        lab.Clock.Advance(grace);
        var again = await Fails(lab, failing!, second);
        for (var i = 0; i < 4; i++)
        {
            lab.Clock.Advance(grace);
            await lab.Collect();
        }

        Assert.Equal(["new"], await Tags(lab));
        Assert.Equal(1, await Manifests(lab));
        return (struck, again);
    }

    /// <returns>Whether a run failed at that write.</returns>
    private static async Task<bool> Fails(CollectionLab lab, FailingWrites failing, int write)
    {
        failing.After = write;
        try
        {
            await lab.Collect();
            return false;
        }
        catch (StorageFailedException)
        {
            return true;
        }
        finally
        {
            failing.After = null;
        }
    }

    [Fact]
    public async Task A_dry_run_tells_what_would_go_and_takes_nothing()
    {
        var lab = await Make(newest);
        await lab.Push("app", SmallImages.Image("old", "old"), "old");
        lab.Clock.Advance(grace);
        await lab.Push("app", SmallImages.Image("new", "new"), "new");
        var before = await lab.Everything();

        Assert.Equal(["Tag app"], (await lab.Collect(CollectionKind.DryRun)).Gone);

        Assert.Equal(before, await lab.Everything());
    }

    /// <summary>200 tags of one manifest are more than one batch: the note on its row goes with the last of them.</summary>
    [Theory]
    [InlineData(7)]
    [InlineData(0)]
    public async Task Many_tags_of_a_manifest_go_in_batches(int restorableDays)
    {
        var lab = await Make(newest, new CollectionOptions { RestorableFor = TimeSpan.FromDays(restorableDays) });
        var old = SmallImages.Image("old", "old");
        foreach (var chunk in Enumerable.Range(0, 200).Select(i => $"t{i}").Chunk(50))
            await lab.Push("app", old, chunk);
        lab.Clock.Advance(grace);
        await lab.Push("app", SmallImages.Image("new", "new"), "new");

        Assert.Equal(200, (await lab.Collect()).Gone.Count());
        Assert.Equal(["new"], await Tags(lab));
        lab.Clock.Advance(grace);
        Assert.Contains("Manifest app", (await lab.Collect()).Gone);
    }

    [Fact]
    public async Task A_slice_that_goes_on_in_the_midst_of_a_repository_leaves_it_for_the_next_run()
    {
        // Of the tags alone nobody could tell that the older one is an attachment of what the newer one points at.
        var lab = await CollectionLab.Make(CollectionLab.Plain, tables => new OneRow(tables));
        var image = SmallImages.Image("image", "image");
        await lab.Push("app", SmallImages.Image("signature", "s"), $"sha256-{image.Digest.Hex}.sig");
        lab.Clock.Advance(grace);
        await lab.Push("app", image, "new");
        for (var i = 0; i < 2; i++)
            Assert.Equal(CollectionOutcome.Paused, (await lab.NewCollector().RunSlice(TimeSpan.Zero, new CollectionSeen(), Cancel)).Outcome);
        await new RetentionStore(lab.Tables).Set(newest, Cancel);

        var seen = new CollectionSeen();
        Assert.Equal(CollectionOutcome.Finished, (await lab.NewCollector().RunSlice(TimeSpan.MaxValue, seen, Cancel)).Outcome);
        Assert.Empty(seen.Gone);
        Assert.Equal(2, (await Tags(lab)).Count);
    }

    /// <summary>A repository of many tags takes longer than a slice has, and longer than a lease lasts.</summary>
    [Fact]
    public async Task A_repository_is_judged_in_slices_whose_lease_does_not_run_out()
    {
        SlowWrites? slow = null;
        var lab = await CollectionLab.Make(new(), tables => slow = new SlowWrites(tables));
        await new RetentionStore(lab.Tables).Set(newest with { Untagged = TimeSpan.FromHours(1) }, Cancel);
        foreach (var i in Enumerable.Range(0, 40))
            await lab.Push("app", SmallImages.Image($"image{i}", "shared"), $"t{i:00}");
        foreach (var i in Enumerable.Range(0, 40))
            await lab.Push("app", SmallImages.Image($"untagged{i}", "shared"));
        lab.Clock.Advance(grace);
        await lab.Push("app", SmallImages.Image("new", "new"), "new");
        slow!.Clock = lab.Clock;

        var (slices, seen) = (1, new CollectionSeen());
        for (; (await lab.NewCollector().RunSlice(TimeSpan.FromMinutes(2), seen, Cancel)).Outcome == CollectionOutcome.Paused; slices++)
            Assert.True(slow.Longest < lab.Options.LeaseDuration, $"{slow.Longest} without a record");

        // 80 writes of 10 s: two minutes, and no more than the half that a record is due in, at a time.
        Assert.InRange(slices, 5, 8);
        Assert.Equal(40, seen.Gone.Count());
        Assert.Equal(["new"], await Tags(lab));
        lab.Clock.Advance(grace);
        Assert.Equal(80, (await lab.Collect()).Gone.Count(g => g == "Manifest app"));
    }

    [Fact]
    public async Task Runs_leave_what_the_preview_said_and_all_of_that_can_be_pulled()
    {
        var (random, taken, released) = (new Random(TestSeed.Current), 0, 0);
        for (var round = 0; round < 60; round++)
        {
            var lab = await CollectionLab.Make(new CollectionOptions());
            var images = await PushSome(lab, random);
            var policy = new RetentionPolicy(RepositoryGlob.Parse("app")) { KeepNewest = random.Next(1, 4), Untagged = random.Next(3) == 0 ? TimeSpan.FromHours(1) : null };
            await new RetentionStore(lab.Tables).Set(policy, Cancel);
            var said = await new RetentionPreview(lab.Tables, lab.Options).Of(null, new RetentionPolicies([policy]), Cancel).SingleAsync(Cancel);

            // The attachments' tags go with what they belong to, in the next run.
            var gone = (await lab.Collect()).Items.Count(i => i is { Kind: CollectedKind.Tag, GoesAt: null });
            Assert.Equal(said.Tags.Count(t => !t.IsKept && !IsAttachment(t)), gone);
            Assert.Equal(said.Tags.Where(t => t.IsKept || IsAttachment(t)).Select(t => t.Tag.ToString()), await Tags(lab));
            var before = await Manifests(lab);
            lab.Clock.Advance(grace);
            await lab.Collect();
            lab.Clock.Advance(grace);
            await lab.Collect();
            if (policy.Untagged is null)
                Assert.Equal(before - said.Manifests, await Manifests(lab));
            foreach (var tag in said.Tags.Where(t => t.IsKept && !IsAttachment(t)))
                Assert.True(await lab.CanPull("app", images.Single(i => i.Digest == tag.Digest)), $"{tag.Tag} cannot be pulled whole");
            Assert.Equal(said.Tags.Where(t => t.IsKept && policy.Untagged is null).Select(t => t.Tag.ToString()), policy.Untagged is null ? await Tags(lab) : []);
            (taken, released) = (taken + gone, released + said.Manifests);
        }

        Assert.True(taken > 60 && released > 60, $"{taken} tags and {released} manifests");
    }

    private static bool IsAttachment(PreviewedTag tag) => tag.Tag.ToString().StartsWith("sha256-", StringComparison.Ordinal);

    private static async Task<List<TestImage>> PushSome(CollectionLab lab, Random random)
    {
        var images = new List<TestImage>();
        foreach (var i in Enumerable.Range(0, random.Next(3, 9)))
        {
            var image = images.Count > 1 && random.Next(3) == 0
                ? SmallImages.Index([.. Enumerable.Range(0, 2).Select(_ => images[random.Next(images.Count)]).DistinctBy(c => c.Digest)]).WithAnnotation("n", $"{i}")
                : SmallImages.Image($"image{i}", "shared", $"own{i}");
            if (images.Count > 0 && random.Next(4) == 0)
                image = image.WithSubject(images[random.Next(images.Count)]);
            images.Add(image);
            await lab.Push("app", image, [.. Enumerable.Range(0, random.Next(0, 3)).Select(t => $"t{i}-{t}")]);
            if (random.Next(4) == 0)
                await lab.Push("app", SmallImages.Image($"signature{i}", "s"), $"sha256-{image.Digest.Hex}.sig");
            lab.Clock.Advance(TimeSpan.FromHours(random.Next(1, 48)));
        }

        return images;
    }

    private static async Task<CollectionLab> Make(RetentionPolicy policy, CollectionOptions? options = null)
    {
        var lab = await CollectionLab.Make(options ?? new CollectionOptions());
        await new RetentionStore(lab.Tables).Set(policy, Cancel);
        return lab;
    }

    private static async Task<IReadOnlyList<string>> Tags(CollectionLab lab) =>
        [.. (await lab.Tables.Query(Tables.Manifests, new TableQuery { Partition = "app", FromRow = "t", BeforeRow = "u" }, Cancel)).Entities.Select(r => r.Row[1..])];

    private static async Task<int> Manifests(CollectionLab lab) =>
        (await lab.Tables.Query(Tables.Manifests, new TableQuery { Partition = "app", FromRow = "m", BeforeRow = "n" }, Cancel)).Entities.Count;

    /// <summary>Every write to the manifests takes ten seconds.</summary>
    private sealed class SlowWrites(ITableStore inner) : TableDecorator(inner)
    {
        private DateTimeOffset recorded;

        public TestClock? Clock { get; set; }

        /// <summary>The longest time between two records of the run.</summary>
        public TimeSpan Longest { get; private set; }

        public override Task<TableResult> Write(string table, TableOperation operation, CancellationToken cancellation)
        {
            Pass(table);
            return base.Write(table, operation, cancellation);
        }

        public override Task<TableResult> WriteBatch(string table, IReadOnlyList<TableOperation> operations, CancellationToken cancellation)
        {
            Pass(table);
            return base.WriteBatch(table, operations, cancellation);
        }

        private void Pass(string table)
        {
            if (Clock is null)
                return;
            if (table == Registry.Storage.Tables.Manifests)
                Clock.Advance(TimeSpan.FromSeconds(10));
            else
                recorded = Clock.GetUtcNow();
            Longest = Clock.GetUtcNow() - recorded > Longest ? Clock.GetUtcNow() - recorded : Longest;
        }
    }

    /// <summary>After so many writes to the manifests the next fails, without effect.</summary>
    private sealed class FailingWrites(ITableStore inner) : TableDecorator(inner)
    {
        public int? After { get; set; }

        public override Task<TableResult> Write(string table, TableOperation operation, CancellationToken cancellation) => Strike(table) ?? base.Write(table, operation, cancellation);

        public override Task<TableResult> WriteBatch(string table, IReadOnlyList<TableOperation> operations, CancellationToken cancellation) =>
            Strike(table) ?? base.WriteBatch(table, operations, cancellation);

        private Task<TableResult>? Strike(string table) =>
            table == Registry.Storage.Tables.Manifests && After-- == 0 ? Task.FromException<TableResult>(new StorageFailedException("write", table, 503, "struck")) : null;
    }

    private sealed class OneRow(ITableStore inner) : TableDecorator(inner)
    {
        public override Task<TablePage> Query(string table, TableQuery query, CancellationToken cancellation) =>
            base.Query(table, table == Registry.Storage.Tables.Manifests ? query with { Take = 1 } : query, cancellation);
    }
}
