using Registry.Collection;
using Registry.Tests.Support;

namespace Registry.Tests.Collection;

/// <summary>Manifests that nothing leads to, where the operator lets them go.</summary>
public sealed class UntaggedManifestTests
{
    private static readonly TimeSpan week = TimeSpan.FromDays(7);
    private static readonly TimeSpan more = week + TimeSpan.FromHours(1);

    [Fact]
    public async Task A_manifest_without_a_tag_goes_when_it_was_seen_so_for_long_enough_and_what_it_needs_after_it()
    {
        var lab = await Make();
        var image = SmallImages.Image("a", "a");
        await lab.Push("app", image);

        lab.Clock.Advance(more);
        Assert.Equal(["Manifest app"], (await lab.Collect()).Waiting);
        lab.Clock.Advance(TimeSpan.FromDays(6));
        Assert.Equal([], (await lab.Collect()).Gone);
        lab.Clock.Advance(TimeSpan.FromDays(2));
        Assert.Equal(["Manifest app"], (await lab.Collect()).Gone);
        Assert.False(await lab.CanPull("app", image));

        Assert.Equal(["Content", "Content", "Link app", "Link app"], (await lab.Collect()).Gone);
        Assert.Empty(await lab.Blobs());
    }

    public static TheoryData<string> Kept => ["tag", "index", "nested index", "subject", "subject of a child", "child of a referrer"];

    [Theory]
    [MemberData(nameof(Kept))]
    public async Task A_manifest_that_something_leads_to_stays(string by)
    {
        var lab = await Make();
        var image = SmallImages.Image("a", "a");
        TestImage tagged = image;
        switch (by)
        {
            case "tag":
                break;
            case "index":
                tagged = SmallImages.Index(image);
                break;
            case "nested index":
                tagged = SmallImages.Index(SmallImages.Index(image));
                break;
            case "subject":
                tagged = SmallImages.Image("b", "b");
                await lab.Push("app", image.WithSubject(tagged));
                image = image.WithSubject(tagged);
                break;
            case "subject of a child":
                var child = SmallImages.Image("c", "c");
                tagged = SmallImages.Index(child);
                image = image.WithSubject(child);
                await lab.Push("app", image);
                break;
            default:
                tagged = SmallImages.Image("b", "b");
                await lab.Push("app", SmallImages.Index(image).WithSubject(tagged));
                break;
        }

        await lab.Push("app", tagged, "v1");
        foreach (var _ in Enumerable.Range(0, 3))
        {
            lab.Clock.Advance(more);
            Assert.DoesNotContain("Manifest app", (await lab.Collect()).Gone);
        }

        Assert.True(await lab.CanPull("app", image));
        Assert.True(await lab.CanPull("app", tagged));
    }

    [Fact]
    public async Task A_referrer_goes_with_its_subject()
    {
        var lab = await Make();
        var image = SmallImages.Image("a", "a");
        var signature = SmallImages.Artifact("s", "application/vnd.example.signature", image);
        await lab.Push("app", image, "v1");
        await lab.Push("app", signature);
        await lab.Delete("app", "v1");

        lab.Clock.Advance(more);
        await lab.Collect();
        lab.Clock.Advance(more);

        Assert.Equal(["Manifest app", "Manifest app"], (await lab.Collect()).Gone);
    }

    /// <summary>An index whose child is its subject leads to that, and that to it. They go together, or not at all.</summary>
    [Theory]
    [InlineData(1, true)]
    [InlineData(32, true)]
    [InlineData(33, false)]
    public async Task What_leads_to_each_other_goes_in_one_batch_or_is_said_to_stay(int indexes, bool goes)
    {
        var lab = await CollectionLab.Make(new() { UntaggedAfter = week });
        var image = SmallImages.Image("a", "a");
        var all = Enumerable.Range(0, indexes).Select(i => SmallImages.Index(image).WithSubject(image).WithAnnotation("n", $"{i}")).ToList();
        foreach (var index in all)
            await lab.Push("app", index);
        await lab.Collect();
        lab.Clock.Advance(more);

        var run = await lab.Collect();

        Assert.Equal(goes ? indexes + 1 : 0, run.Gone.Count(g => g == "Manifest app"));
        var kept = run.Items.Where(i => i.Kind == CollectedKind.Kept).ToList();
        if (!goes)
        {
            Assert.EndsWith("delete one of them", Assert.Single(kept).Reason, StringComparison.Ordinal);
            Assert.True(await lab.CanPull("app", all[0]));
            await lab.Delete("app", all[0].Digest.ToString());
            Assert.Equal(indexes, (await lab.Collect()).Gone.Count(g => g == "Manifest app"));
        }
        else
        {
            Assert.Empty(kept);
        }
    }

    [Fact]
    public async Task A_tag_that_comes_in_between_begins_the_time_anew()
    {
        var lab = await Make();
        var image = SmallImages.Image("a", "a");
        await lab.Push("app", image);
        await lab.Collect();

        lab.Clock.Advance(TimeSpan.FromDays(6));
        await lab.Push("app", image, "v1");
        await lab.Delete("app", "v1");
        lab.Clock.Advance(TimeSpan.FromDays(2));
        Assert.Equal([], (await lab.Collect()).Gone);

        lab.Clock.Advance(more);
        Assert.Equal(["Manifest app"], (await lab.Collect()).Gone);
    }

    [Fact]
    public async Task An_index_that_came_and_went_between_two_runs_begins_the_time_anew()
    {
        var lab = await Make();
        var image = SmallImages.Image("a", "a");
        await lab.Push("app", image);
        await lab.Collect();

        lab.Clock.Advance(TimeSpan.FromDays(6));
        var index = SmallImages.Index(image) with { Children = [] };
        await lab.Push("app", index, "v1");
        await lab.Delete("app", index.Digest.ToString());
        lab.Clock.Advance(TimeSpan.FromDays(2));
        Assert.Equal([], (await lab.Collect()).Gone);
    }

    [Fact]
    public async Task What_leads_to_it_may_lie_on_another_page_of_rows()
    {
        var lab = await Make(new PagesOf(3));
        var images = Enumerable.Range(0, 10).Select(i => SmallImages.Image($"image{i}", "base")).ToArray();
        foreach (var image in images)
            await lab.Push("app", image);
        await lab.Push("app", SmallImages.Index(images[..5]), "v1");

        lab.Clock.Advance(more);
        await lab.Collect();
        lab.Clock.Advance(more);
        var run = await lab.Collect();

        Assert.Equal(5, run.Gone.Count(g => g == "Manifest app"));
        foreach (var image in images[..5])
            Assert.True(await lab.CanPull("app", image));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public async Task Slices_that_end_anywhere_in_a_repository_take_what_a_whole_run_takes(int rows)
    {
        var (whole, sliced) = (await Make(), await Make(new PagesOf(rows)));
        foreach (var lab in new[] { whole, sliced })
        {
            foreach (var repository in new[] { "app", "app/more", "team-b", "team.b" })
            {
                await lab.Push(repository, SmallImages.Index(SmallImages.Image("a", "a"), SmallImages.Image("b", "b")), repository == "app/more" ? ["v1"] : []);
                await lab.Push(repository, SmallImages.Image("c", "c"), "v2");
                await lab.Push(repository, SmallImages.Artifact("s", "application/vnd.example.signature", SmallImages.Image("a", "a")));
            }
        }

        var slices = 0;
        for (var run = 0; run < 4; run++)
        {
            whole.Clock.Advance(more);
            await whole.Collect();
            sliced.Clock.Advance(more);
            while ((await sliced.NewCollector().RunSlice(TimeSpan.Zero, new CollectionSeen(), TestContext.Current.CancellationToken)).Outcome == CollectionOutcome.Paused)
                slices++;
        }

        Assert.True(slices > 20, $"only {slices} slices");
        Assert.Equal(await whole.Everything(), await sliced.Everything());
        Assert.True(await sliced.CanPull("app/more", SmallImages.Index(SmallImages.Image("a", "a"), SmallImages.Image("b", "b"))));
        Assert.False(await sliced.CanPull("app", SmallImages.Image("a", "a")));
    }

    private static Task<CollectionLab> Make(PagesOf? pages = null) =>
        CollectionLab.Make(CollectionLab.Plain with { UntaggedAfter = week }, pages is null ? null : tables => pages.Over(tables));

    private sealed record PagesOf(int Rows)
    {
        public Registry.Storage.ITableStore Over(Registry.Storage.ITableStore inner) => new ShortPages(inner, Rows);
    }
}
