using System.Globalization;
using Registry.Access;
using Registry.Collection;
using Registry.Digests;
using Registry.Errors;
using Registry.Lifecycle;
using Registry.Manifests;
using Registry.Tests.Collection;
using Registry.Tests.Support;

namespace Registry.Tests.Lifecycle;

/// <summary>What is told of why something is there is what the collector then does.</summary>
public sealed class ExplainTests
{
    private static readonly TimeSpan day = TimeSpan.FromDays(1);
    private static readonly TestImage image = SmallImages.Image("a", "base");
    private static readonly TestImage index = SmallImages.Index(image);
    private static readonly TestImage signature = SmallImages.Artifact("s", "application/vnd.example.signature", image);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_manifest_is_there_for_each_tag_that_leads_to_it_by_the_shortest_way()
    {
        var lab = await CollectionLab.Make(new());
        await lab.Push("app", image, "amd64");
        await lab.Push("app", index, "v1", "latest");
        await lab.Push("app", signature);

        var explained = await Explain(lab, $"app@{signature.Digest}");

        Assert.Equal((ExplainedKind.Manifest, true, null), (explained.Kind, explained.IsKept, explained.GoesAt));
        Assert.Equal(
            [
                $"tag amd64 → {image.Digest} is the subject of {signature.Digest}",
                $"tag latest → {index.Digest} lists {image.Digest} is the subject of {signature.Digest}",
                $"tag v1 → {index.Digest} lists {image.Digest} is the subject of {signature.Digest}",
            ],
            explained.Reasons);
        Assert.Equal([$"tag v1 → {index.Digest}"], (await Explain(lab, "app:v1")).Reasons.Where(r => r.Contains("v1", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task What_nothing_leads_to_stays_where_no_rule_takes_it()
    {
        var lab = await CollectionLab.Make(new());
        await lab.Push("app", image);

        var explained = await Explain(lab, $"app@{image.Digest}");

        Assert.True(explained.IsKept);
        Assert.Equal(["no tag that stays leads to it, and no rule takes it: neither Collection:UntaggedAfter nor --untagged of a retention policy is set for the repository"], explained.Reasons);
    }

    [Fact]
    public async Task What_nothing_leads_to_is_told_to_go_when_it_goes()
    {
        var lab = await CollectionLab.Make(CollectionLab.Plain with { UntaggedAfter = 3 * day });
        await lab.Push("app", index);
        lab.Clock.Advance(day);
        Assert.Equal((false, null), Going(await Explain(lab, $"app@{image.Digest}")));

        await lab.Collect();
        var goesAt = (await Explain(lab, $"app@{image.Digest}")).GoesAt!.Value;
        Assert.Contains($"what leads to it goes before: {index.Digest}", (await Explain(lab, $"app@{image.Digest}")).Reasons);
        lab.Clock.Advance(goesAt - lab.Clock.GetUtcNow() - TimeSpan.FromMinutes(1));
        await lab.Collect();
        Assert.Equal((false, goesAt), Going(await Explain(lab, $"app@{image.Digest}")));

        lab.Clock.Advance(TimeSpan.FromMinutes(2));
        await lab.Collect();
        await Assert.ThrowsAsync<RegistryException>(() => Explain(lab, $"app@{image.Digest}"));
    }

    [Fact]
    public async Task A_tag_that_retention_takes_is_told_with_the_rule()
    {
        var lab = await CollectionLab.Make(new());
        await lab.Push("app", image, "old");
        lab.Clock.Advance(day);
        await lab.Push("app", SmallImages.Image("b", "base"), "new");
        await new RetentionStore(lab.Tables).Set(new RetentionPolicy(RepositoryGlob.Parse("*")) { KeepNewest = 1 }, Cancel);

        var kept = await Explain(lab, "app:new");
        var taken = await Explain(lab, "app:old");

        Assert.True(kept.IsKept);
        Assert.EndsWith("(kept: the newest)", Assert.Single(kept.Reasons), StringComparison.Ordinal);
        Assert.Equal((false, null), Going(taken));
        Assert.Contains("(taken: pushed ", taken.Reasons[0], StringComparison.Ordinal);
        Assert.EndsWith("one that begins 1 day later takes it, by the retention of *", taken.Reasons[1], StringComparison.Ordinal);

        await lab.Collect();
        taken = await Explain(lab, $"app@{image.Digest}");
        Assert.Equal(lab.Clock.GetUtcNow() + day, taken.GoesAt);
        lab.Clock.Advance(day + TimeSpan.FromMinutes(1));
        Assert.Contains("Manifest app", (await lab.Collect()).Gone);
    }

    /// <summary>The only tag that it has is one that goes with what it is named after.</summary>
    [Fact]
    public async Task A_signature_of_what_nothing_leads_to_is_told_to_go_with_it()
    {
        var lab = await CollectionLab.Make(new());
        await new RetentionStore(lab.Tables).Set(new RetentionPolicy(RepositoryGlob.Parse("*")) { KeepNewest = 1, Untagged = 3 * day }, Cancel);
        await lab.Push("app", image);
        await lab.Push("app", SmallImages.Image("s", "s"), $"sha256-{image.Digest.Hex}.sig");
        var name = $"app:sha256-{image.Digest.Hex}.sig";

        var explained = await Explain(lab, name);
        Assert.Equal((false, null), Going(explained));
        Assert.Contains($"(kept: for as long as {image.Digest} is there, to which it belongs)", explained.Reasons[0], StringComparison.Ordinal);
        Assert.EndsWith("3 days later takes it, by --untagged of the retention of *", explained.Reasons[1], StringComparison.Ordinal);

        await lab.Collect();
        lab.Clock.Advance((3 * day) + TimeSpan.FromMinutes(1));
        Assert.Equal(["Manifest app", "Manifest app", "Tag app"], (await lab.Collect()).Gone);
    }

    [Fact]
    public async Task A_tag_that_was_deleted_is_said_to_be_where_its_manifest_is_there()
    {
        var lab = await CollectionLab.Make(new());
        await lab.Push("app", image, "v1", "v2");
        await lab.Delete("app", "v1");

        var explained = await Explain(lab, "app:v1");

        Assert.True(explained.IsKept);
        Assert.Equal(
            [$"the tag v1 was deleted at {lab.Clock.GetUtcNow():u}: deleted by a client; it can be restored until the first run from {lab.Clock.GetUtcNow() + (7 * day):u} on", $"tag v2 → {image.Digest}"],
            explained.Reasons);
    }

    [Theory]
    [InlineData("1.00:00:00", "1 day")]
    [InlineData("1.12:00:00", "36 hours")]
    [InlineData("01:00:00", "1 hour")]
    [InlineData("01:30:00", "90 minutes")]
    [InlineData("00:00:04", "4 seconds")]
    [InlineData("00:00:04.5", "4.5 seconds")]
    public async Task A_wait_is_told_in_the_largest_unit_that_fits(string grace, string expected)
    {
        var options = new CollectionOptions { GracePeriod = TimeSpan.Parse(grace, CultureInfo.InvariantCulture), UntaggedAfter = TimeSpan.Zero };
        var lab = await CollectionLab.Make(options);
        await lab.Push("app", image);

        Assert.Contains($"one that begins {expected} later takes it", Assert.Single((await Explain(lab, $"app@{image.Digest}")).Reasons), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_deleted_is_told_until_when_it_can_be_restored()
    {
        var lab = await CollectionLab.Make(new());
        await lab.Push("app", image, "v1");
        await lab.Delete("app", image.Digest.ToString());
        var until = lab.Clock.GetUtcNow() + (7 * day);

        foreach (var name in new[] { "app:v1", $"app@{image.Digest}" })
        {
            var explained = await Explain(lab, name);
            Assert.Equal((ExplainedKind.Deleted, until), (explained.Kind, explained.GoesAt));
            Assert.EndsWith(": deleted by a client", explained.Reasons[0], StringComparison.Ordinal);
        }

        var layer = await Explain(lab, $"app@{Layer}");
        Assert.True(layer.IsKept);
        Assert.Equal([$"{image.Digest} needs it, which was deleted and can be restored until {until:u}"], layer.Reasons);
    }

    [Fact]
    public async Task A_layer_is_there_for_the_manifests_that_need_it_or_goes_when_the_grace_period_is_over()
    {
        var lab = await CollectionLab.Make(new());
        await lab.PushBlob("app", image.Blobs[1]);
        var goesAt = lab.Clock.GetUtcNow() + lab.Options.GracePeriod;
        Assert.Equal((false, goesAt), Going(await Explain(lab, $"app@{Layer}")));

        await lab.Push("app", image, "v1", "v2");
        var explained = await Explain(lab, $"app@{Layer}");
        Assert.Equal((ExplainedKind.Layer, true), (explained.Kind, explained.IsKept));
        Assert.Equal([$"{image.Digest} needs it (v1, v2)"], explained.Reasons);
    }

    [Fact]
    public async Task Of_many_tags_the_first_are_told_and_how_many_more_there_are()
    {
        var lab = await CollectionLab.Make(new());
        await lab.Push("app", image, [.. Enumerable.Range(0, 33).Select(i => $"v{i:00}")]);

        var reasons = (await Explain(lab, $"app@{image.Digest}")).Reasons;

        Assert.Equal(21, reasons.Count);
        Assert.Equal("and 13 more tags", reasons[^1]);
    }

    [Theory]
    [InlineData("app:v2")]
    [InlineData("app@sha256:4355a46b19d348dc2f57c046f8ef63d4538ebb936000f3c9ee954a27460dd865")]
    [InlineData("nowhere:v1")]
    public async Task What_is_not_there_is_unknown(string name)
    {
        var lab = await CollectionLab.Make(new());
        await lab.Push("app", image, "v1");

        Assert.Equal(RegistryError.ManifestUnknown, (await Assert.ThrowsAsync<RegistryException>(() => Explain(lab, name))).Error);
    }

    private static Digest Layer => Digest.Compute(DigestAlgorithm.Sha256, image.Blobs[1]);

    private static (bool IsKept, DateTimeOffset? GoesAt) Going(Explanation explained) => (explained.IsKept, explained.GoesAt);

    private static Task<Explanation> Explain(CollectionLab lab, string name)
    {
        var parsed = ImageName.Parse(name);
        return new ExplainService(lab.Tables, lab.Options).Explain(parsed.Repository, parsed.Reference!.Value, Cancel);
    }
}
