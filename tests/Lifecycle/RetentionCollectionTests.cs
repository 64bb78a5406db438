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
        Assert.Equal(["Manifest app", "Manifest app"], (await lab.Collect()).Gone);
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
        Assert.Equal(2, (await lab.Collect()).Gone.Count(g => g == "Tag app"));
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
        Assert.Equal(["Manifest app", "Manifest app"], (await lab.Collect()).Gone);
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

            var gone = (await lab.Collect()).Items.Count(i => i is { Kind: CollectedKind.Tag, GoesAt: null });
            Assert.Equal(said.Tags.Count(t => !t.IsKept), gone);
            Assert.Equal(said.Tags.Where(t => t.IsKept).Select(t => t.Tag.ToString()), await Tags(lab));
            var before = await Manifests(lab);
            lab.Clock.Advance(grace);
            await lab.Collect();
            lab.Clock.Advance(grace);
            await lab.Collect();
            if (policy.Untagged is null)
                Assert.Equal(before - said.Manifests, await Manifests(lab));
            foreach (var tag in said.Tags.Where(t => t.IsKept && !t.Tag.ToString().StartsWith("sha256-", StringComparison.Ordinal)))
                Assert.True(await lab.CanPull("app", images.Single(i => i.Digest == tag.Digest)), $"{tag.Tag} cannot be pulled whole");
            Assert.Equal(said.Tags.Where(t => t.IsKept && policy.Untagged is null).Select(t => t.Tag.ToString()), policy.Untagged is null ? await Tags(lab) : []);
            (taken, released) = (taken + gone, released + said.Manifests);
        }

        Assert.True(taken > 60 && released > 60, $"{taken} tags and {released} manifests");
    }

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

    private sealed class OneRow(ITableStore inner) : TableDecorator(inner)
    {
        public override Task<TablePage> Query(string table, TableQuery query, CancellationToken cancellation) =>
            base.Query(table, table == Registry.Storage.Tables.Manifests ? query with { Take = 1 } : query, cancellation);
    }
}
