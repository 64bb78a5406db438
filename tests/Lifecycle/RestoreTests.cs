using Registry.Collection;
using Registry.Digests;
using Registry.Errors;
using Registry.Lifecycle;
using Registry.Repositories;
using Registry.Storage;
using Registry.Tests.Collection;
using Registry.Tests.Support;

namespace Registry.Tests.Lifecycle;

/// <summary>What was deleted comes back as it was, for as long as it can, beside a collector that runs every day.</summary>
public sealed class RestoreTests
{
    private static readonly TimeSpan day = TimeSpan.FromDays(1);
    private static readonly TimeSpan week = TimeSpan.FromDays(7);
    private static readonly TestImage image = SmallImages.Image("a", "base", "a");

    [Theory]
    [InlineData("app:v1")]
    [InlineData("app@DIGEST")]
    [InlineData("app")]
    public async Task A_deleted_manifest_is_there_again_with_its_tag_and_all_it_needs(string name)
    {
        var lab = await CollectionLab.Make(new());
        await lab.Push("app", image, "v1");
        await lab.Delete("app", image.Digest.ToString());
        Assert.False(await lab.CanPull("app", image));
        Assert.Equal([$"{image.Digest}", "v1"], await lab.Deleted("app"));
        await CollectDaily(lab, 6);

        Assert.Equal([$"{image.Digest}", "v1"], await lab.Restore(name.Replace("DIGEST", image.Digest.ToString(), StringComparison.Ordinal)));

        Assert.True(await lab.CanPull("app", image));
        Assert.Equal(image.Digest.ToString(), await lab.TagOf("app", "v1"));
        Assert.Empty(await lab.Deleted("app"));
        await CollectDaily(lab, 9);
        Assert.True(await lab.CanPull("app", image));
    }

    [Fact]
    public async Task A_deleted_tag_points_again_at_its_manifest_which_is_there()
    {
        var lab = await CollectionLab.Make(new());
        await lab.Push("app", image, "v1", "v2");
        await lab.Delete("app", "v1");
        Assert.Equal(["v1"], await lab.Deleted("app"));

        Assert.Equal(["v1"], await lab.Restore("app:v1"));
        Assert.Equal(image.Digest.ToString(), await lab.TagOf("app", "v1"));
        Assert.Empty(await lab.Deleted("app"));
    }

    [Fact]
    public async Task What_can_no_longer_be_restored_goes_in_the_next_run_with_all_that_only_it_needs()
    {
        var lab = await CollectionLab.Make(new());
        await lab.Push("app", image, "v1");
        await lab.Delete("app", image.Digest.ToString());
        lab.Clock.Advance(week - TimeSpan.FromMinutes(1));
        Assert.Empty((await lab.Collect()).Gone);

        lab.Clock.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(["Content", "Content", "Content", "Deleted app", "Deleted app", "Link app", "Link app", "Link app"], (await lab.Collect()).Gone);

        Assert.Empty(await lab.Blobs());
        Assert.Empty(await lab.Deleted("app"));
        var refused = await Assert.ThrowsAsync<RegistryException>(() => lab.Restore("app:v1"));
        Assert.Equal(RegistryError.ManifestUnknown, refused.Error);
    }

    /// <summary>Who asked to forget meant what was deleted by then.</summary>
    [Fact]
    public async Task What_is_deleted_while_a_run_forgets_can_be_restored()
    {
        CollectionLab lab = null!;
        var isDeleted = false;
        lab = await CollectionLab.Make(new(), tables => new BeforeQuery(tables, async query =>
        {
            if (!isDeleted)
            {
                isDeleted = true;
                lab.Clock.Advance(TimeSpan.FromSeconds(1));
                await lab.Delete("app", image.Digest.ToString());
            }
        }));
        var other = SmallImages.Image("b", "base");
        await lab.Push("app", other, "v2");
        await lab.Delete("app", other.Digest.ToString());
        await lab.Push("app", image, "v1");

        Assert.Equal(2, (await lab.Collect(forgetDeleted: true)).Gone.Count(g => g == "Deleted app"));

        Assert.True(isDeleted);
        Assert.Equal([$"{image.Digest}", "v1"], await lab.Deleted("app"));
    }

    [Fact]
    public async Task A_run_tells_how_much_is_kept_only_because_it_can_be_restored()
    {
        var lab = await CollectionLab.Make(new());
        var (kept, gone) = (SmallImages.Image("kept", "base"), SmallImages.Image("gone", "base", "gone"));
        await lab.Push("app", kept, "v1");
        await lab.Push("app", gone, "v2");
        await lab.Push("other", gone);
        lab.Clock.Advance(2 * day);
        Assert.Equal(0, (await lab.Collect()).Totals.Restorable);

        // Of the layers none: the other repository needs them.
        await lab.Delete("app", gone.Digest.ToString());
        Assert.Equal(gone.Manifest.Length, (await lab.Collect()).Totals.Restorable);

        await lab.Delete("other", gone.Digest.ToString());
        var expected = (2 * gone.Manifest.Length) + gone.Blobs.Where(b => !kept.Blobs.Any(k => k.SequenceEqual(b))).Sum(b => b.Length);
        var at = lab.Clock.GetUtcNow();
        Assert.Equal(expected, (await lab.Collect()).Totals.Restorable);
        lab.Clock.Advance(day);
        Assert.Equal((expected, at), await lab.NewCollector().FindRestorable(TestContext.Current.CancellationToken));

        Assert.Equal(expected, (await lab.Collect(forgetDeleted: true)).Totals.Freed);
        Assert.Equal(0, (await lab.NewCollector().FindRestorable(TestContext.Current.CancellationToken))!.Value.Bytes);
    }

    [Fact]
    public async Task A_deleted_manifest_whose_bytes_are_cut_off_is_told_of_and_the_others_come_back()
    {
        var lab = await CollectionLab.Make(new());
        var other = SmallImages.Image("b", "base");
        await lab.Push("app", image);
        await lab.Push("app", other);
        foreach (var some in new[] { image, other })
            await lab.Delete("app", some.Digest.ToString());
        var row = (await DeletedSet.Read(lab.Tables, RepositoryName.Parse("app"), TestContext.Current.CancellationToken)).Manifests[image.Digest];
        await lab.Driver.Put(row.GetString("blob"), new(image.Manifest[..^1]), BlobMetadata.None, TestContext.Current.CancellationToken);

        var restored = await lab.Restore("app");

        Assert.Contains(other.Digest.ToString(), restored);
        Assert.StartsWith($"{image.Digest} - ", restored.Single(r => r.Contains(image.Digest.ToString(), StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_restore_of_many_tells_how_far_it_is()
    {
        var lab = await CollectionLab.Make(new());
        foreach (var name in new[] { "a", "b", "c" })
            await lab.Push("app", SmallImages.Image(name, "base"), name);
        foreach (var name in new[] { "a", "b", "c" })
            await lab.Delete("app", SmallImages.Image(name, "base").Digest.ToString());

        await lab.Restore("app");

        Assert.Equal([(0, 3), (1, 3), (2, 3)], lab.RestoreProgress);
    }

    /// <summary>A manifest that was pushed again since is there: told by pages, not by a read each.</summary>
    [Fact]
    public async Task A_list_of_many_deleted_manifests_is_read_by_pages()
    {
        var lab = await CollectionLab.Make(new());
        var images = Enumerable.Range(0, 40).Select(i => SmallImages.Image($"i{i}", "base")).ToList();
        foreach (var one in images)
        {
            await lab.Push("app", one);
            await lab.Delete("app", one.Digest.ToString());
        }

        foreach (var one in images.Take(10))
            await lab.Push("app", one);
        var counted = new CountingTableStore(lab.Tables);
        List<DeletedItem> listed = [];
        var (calls, _) = await counted.During(async () => listed = await new RestoreService(lab.Driver, new ShortPages(counted, 100), null!, lab.Options).List(RepositoryName.Parse("app"), TestContext.Current.CancellationToken).ToListAsync(TestContext.Current.CancellationToken));

        Assert.Equal(images.Skip(10).Select(i => i.Digest.ToString()).Order(StringComparer.Ordinal), listed.Select(d => d.Digest.ToString()).Order(StringComparer.Ordinal));
        Assert.Equal(2, calls.Count);
    }

    [Fact]
    public async Task What_is_forgotten_goes_at_once_and_a_dry_run_only_says_so()
    {
        var lab = await CollectionLab.Make(new());
        await lab.Push("app", image, "v1");
        lab.Clock.Advance(2 * day);
        await lab.Delete("app", image.Digest.ToString());
        lab.Clock.Advance(TimeSpan.FromMinutes(1));
        string[] all = ["Content", "Content", "Content", "Deleted app", "Deleted app", "Link app", "Link app", "Link app"];

        Assert.Empty((await lab.Collect(CollectionKind.DryRun)).Gone);
        Assert.Equal(all, (await lab.Collect(CollectionKind.DryRun, forgetDeleted: true)).Gone);
        Assert.Equal(2, (await lab.Deleted("app")).Count);

        Assert.Equal(all, (await lab.Collect(forgetDeleted: true)).Gone);
        Assert.Empty(await lab.Blobs());
    }

    [Fact]
    public async Task Where_deletes_are_for_good_nothing_can_be_restored()
    {
        var lab = await CollectionLab.Make(CollectionLab.Plain);
        await lab.Push("app", image, "v1", "v2");
        await lab.Delete("app", "v1");
        await lab.Delete("app", image.Digest.ToString());

        Assert.Empty(await lab.Deleted("app"));
        Assert.Empty(await lab.Restore("app"));
    }

    [Fact]
    public async Task An_index_comes_back_with_its_children_and_their_signatures()
    {
        var lab = await CollectionLab.Make(new());
        var (amd, arm) = (SmallImages.Image("amd", "base"), SmallImages.Image("arm", "base"));
        var inner = SmallImages.Index(arm);
        var index = SmallImages.Index(amd, inner);
        var signature = SmallImages.Artifact("s", "application/vnd.example.signature", index);
        var attestation = SmallImages.Artifact("t", "application/vnd.example.attestation", arm);
        var timestamp = SmallImages.Artifact("u", "application/vnd.example.timestamp", signature);
        TestImage[] all = [amd, arm, inner, index, signature, attestation, timestamp];
        foreach (var one in all)
            await lab.Push("app", one, one == index ? ["v1"] : []);
        foreach (var one in Enumerable.Reverse(all[..4]).Concat(all[4..]))
            await lab.Delete("app", one.Digest.ToString());
        await CollectDaily(lab, 3);

        Assert.Equal([.. all.Select(a => a.Digest.ToString()).Order(StringComparer.Ordinal), "v1"], await lab.Restore("app:v1"));

        foreach (var one in all)
            Assert.True(await lab.CanPull("app", one));
    }

    [Fact]
    public async Task Signatures_that_are_tags_named_after_the_manifest_come_back_with_it()
    {
        var lab = await CollectionLab.Make(new());
        var signature = SmallImages.Image("cosign", "payload");
        var attached = $"{image.Digest.ToString().Replace(':', '-')}.sig";
        await lab.Push("app", image, "v1");
        await lab.Push("app", signature, attached);
        await lab.Delete("app", signature.Digest.ToString());
        await lab.Delete("app", image.Digest.ToString());

        await lab.Restore("app:v1");

        Assert.True(await lab.CanPull("app", signature));
        Assert.Equal(signature.Digest.ToString(), await lab.TagOf("app", attached));
    }

    [Fact]
    public async Task A_signature_that_was_deleted_before_its_subject_stays_deleted()
    {
        var lab = await CollectionLab.Make(new());
        var signature = SmallImages.Artifact("s", "application/vnd.example.signature", image);
        await lab.Push("app", image, "v1");
        await lab.Push("app", signature);
        await lab.Delete("app", signature.Digest.ToString());
        lab.Clock.Advance(TimeSpan.FromSeconds(1));
        await lab.Delete("app", image.Digest.ToString());

        await lab.Restore("app:v1");

        Assert.False(await lab.CanPull("app", signature));
        Assert.Equal([signature.Digest.ToString()], await lab.Deleted("app"));
        await lab.Restore($"app@{signature.Digest}");
        Assert.True(await lab.CanPull("app", signature));
    }

    [Fact]
    public async Task A_tag_that_is_in_use_by_now_stays_where_it_is()
    {
        var lab = await CollectionLab.Make(new());
        var other = SmallImages.Image("b", "b");
        await lab.Push("app", image, "v1", "v2");
        await lab.Delete("app", image.Digest.ToString());
        await lab.Push("app", other, "v1");

        Assert.Equal(
            [image.Digest.ToString(), $"v1 - the tag points at {other.Digest} by now: delete it first, and restore again", "v2"],
            await lab.Restore($"app@{image.Digest}"));

        Assert.Equal(other.Digest.ToString(), await lab.TagOf("app", "v1"));
        Assert.Equal(image.Digest.ToString(), await lab.TagOf("app", "v2"));
        Assert.Equal(["v1"], await lab.Deleted("app"));
    }

    [Fact]
    public async Task What_was_deleted_for_itself_meanwhile_is_named()
    {
        var lab = await CollectionLab.Make(new());
        await lab.Push("app", image, "v1");
        await lab.Delete("app", image.Digest.ToString());
        var layer = Digest.Compute(DigestAlgorithm.Sha256, image.Blobs[1]);
        await lab.DeleteBlob("app", layer);

        Assert.All(await lab.Restore("app:v1"), line => Assert.EndsWith($"{RegistryError.ManifestBlobUnknown.Message}: {layer}", line, StringComparison.Ordinal));
        Assert.Equal([image.Digest.ToString(), "v1"], await lab.Deleted("app"));

        await lab.PushBlob("app", image.Blobs[1]);
        await lab.Restore("app:v1");
        Assert.True(await lab.CanPull("app", image));
    }

    [Fact]
    public async Task What_is_pushed_and_deleted_again_can_be_restored_as_it_was_last()
    {
        var lab = await CollectionLab.Make(new());
        for (var i = 0; i < 3; i++)
        {
            await lab.Push("app", image, $"v{i}");
            await lab.Delete("app", image.Digest.ToString());
            lab.Clock.Advance(3 * day);
            await lab.Collect();
        }

        // The tag of nine days ago is gone, and so are the bytes that the first two deletes left.
        Assert.Equal([image.Digest.ToString(), "v1", "v2"], await lab.Restore("app"));
        Assert.True(await lab.CanPull("app", image));
        Assert.Equal(image.Blobs.Count + 1, (await lab.Blobs()).Count);
    }

    [Fact]
    public async Task More_tags_than_fit_a_batch_are_deleted_and_restored()
    {
        var lab = await CollectionLab.Make(new());
        string[] tags = [.. Enumerable.Range(0, 220).Select(i => $"v{i:000}")];
        foreach (var some in tags.Chunk(50))
            await lab.Push("app", image, some);
        await lab.Delete("app", image.Digest.ToString());
        Assert.Equal([image.Digest.ToString(), .. tags], await lab.Deleted("app"));

        await lab.Restore("app");

        foreach (var tag in tags)
            Assert.Equal(image.Digest.ToString(), await lab.TagOf("app", tag));
        Assert.Empty(await lab.Deleted("app"));
    }

    [Fact]
    public async Task A_restored_tag_is_as_old_as_it_was()
    {
        var lab = await CollectionLab.Make(new());
        await lab.Push("app", image, "v1");
        var pushed = lab.Clock.GetUtcNow();
        for (var i = 0; i < 2; i++)
        {
            lab.Clock.Advance(day);
            await lab.Delete("app", "v1");
            lab.Clock.Advance(day);
            await lab.Restore("app:v1");
        }

        var row = (await lab.Tables.Find(Tables.Manifests, Tables.Key(RepositoryName.Parse("app")), "tv1", TestContext.Current.CancellationToken))!;
        Assert.Equal((pushed, lab.Clock.GetUtcNow()), (row.GetTime("pushed"), row.Timestamp));
    }

    [Fact]
    public async Task What_goes_by_policy_can_be_restored()
    {
        var lab = await CollectionLab.Make(new() { UntaggedAfter = day });
        await lab.Push("app", image);
        await CollectDaily(lab, 5);
        Assert.False(await lab.CanPull("app", image));

        Assert.Equal([image.Digest.ToString()], await lab.Restore($"app@{image.Digest}"));
        Assert.True(await lab.CanPull("app", image));
    }

    [Fact]
    public async Task A_reading_of_the_repository_that_a_delete_meets_in_the_middle_keeps_what_can_be_restored()
    {
        // The run reads the rows one by one: the delete comes when the manifest would be the next.
        CollectionLab? lab = null;
        var isDeleted = false;
        lab = await CollectionLab.Make(new(), tables => new BeforeQuery(tables, async query =>
        {
            if (isDeleted || query.Continue?.Row != Tables.ManifestRow(image.Digest))
                return;
            isDeleted = true;
            await lab!.Delete("app", image.Digest.ToString());
        }));
        await lab.Push("app", image, "v1");
        foreach (var other in Enumerable.Range(0, 8))
            await lab.Push("app", SmallImages.Image($"other {other}"), $"other-{other}");
        lab.Clock.Advance(3 * day);

        await lab.Collect();

        Assert.True(isDeleted);
        await lab.Restore("app:v1");
        Assert.True(await lab.CanPull("app", image));
    }

    private static async Task CollectDaily(CollectionLab lab, int days)
    {
        for (var i = 0; i < days; i++)
        {
            await lab.Collect();
            lab.Clock.Advance(day);
        }
    }

    /// <summary>Has something done before each query, and gives a row a page.</summary>
    private sealed class BeforeQuery(ITableStore tables, Func<TableQuery, Task> before) : TableDecorator(tables)
    {
        public override async Task<TablePage> Query(string table, TableQuery query, CancellationToken cancellation)
        {
            if (table == Tables.Manifests)
                await before(query);
            return await base.Query(table, query with { Take = 1 }, cancellation);
        }
    }
}
