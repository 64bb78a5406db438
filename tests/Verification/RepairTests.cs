using Registry.Digests;
using Registry.Errors;
using Registry.Manifests;
using Registry.Repositories;
using Registry.Storage;
using Registry.Tests.Support;
using Registry.Verification;

namespace Registry.Tests.Verification;

/// <summary>What a repair does beside taking damaged content out of use: what is sound is never removed, and what rows lack is written where it can be known.</summary>
public sealed class RepairTests
{
    private static readonly TestImage image = SmallImages.Image("app", "base", "app");
    private static readonly TestImage signature = SmallImages.Artifact("signature", "application/vnd.example.signature", image);
    private static readonly Digest layer = Digest.Compute(DigestAlgorithm.Sha256, SmallImages.Blob("base"));

    private static string App => Tables.Key(VerificationLab.App);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>A repair that crashed between its mark and the links, and then a push from elsewhere that healed the content.</summary>
    [Theory]
    [MemberData(nameof(VerificationStorage.Names), MemberType = typeof(VerificationStorage))]
    public async Task A_link_that_was_left_at_a_blob_that_is_out_of_use_is_led_to_the_one_that_is_in_use(string kind)
    {
        await using var storage = await VerificationStorage.Open(kind);
        var lab = new VerificationLab(storage);
        await lab.Push(image, "latest");
        var old = await lab.PathOf(layer);
        await lab.Spoil(old, b => b[1..]);
        var row = (await storage.Tables.Find(Tables.Content, layer.ToString(), Tables.ContentRow, Cancel))!;
        Assert.True((await storage.Tables.Write(Tables.Content, TableOperation.Replace(row.Copy().Set("freed", true), row.ETag), Cancel)).IsDone);
        await lab.PushTo(RepositoryName.Parse("elsewhere"), SmallImages.Blob("base"));

        Assert.Equal(["Dangling Link"], await lab.Verify());
        Assert.Equal(["Dangling Link repaired"], await lab.Verify(repairs: true));

        Assert.Equal(SmallImages.Blob("base"), await lab.Pull(layer));
        Assert.NotEqual(old, (await lab.Links.Find(VerificationLab.App, layer, Cancel))!.Path);
        Assert.Empty(await lab.Verify());
    }

    /// <summary>As tables have it that were copied while they were written. The collector knows blobs by their content rows.</summary>
    [Theory]
    [MemberData(nameof(VerificationStorage.Names), MemberType = typeof(VerificationStorage))]
    public async Task A_content_row_that_is_missing_is_written_again_when_its_blob_is_whole(string kind)
    {
        await using var storage = await VerificationStorage.Open(kind);
        var lab = new VerificationLab(storage);
        await lab.Push(image, "latest");
        var path = await lab.PathOf(layer);
        await Delete(storage, Tables.Content, layer.ToString(), Tables.ContentRow);

        Assert.Equal(["Dangling Link repaired"], await lab.Verify(repairs: true));

        Assert.Equal(path, await lab.PathOf(layer));
        Assert.Empty(await lab.Verify());
        storage.Clock.Advance(TimeSpan.FromHours(25));
        await lab.Collect();
        Assert.Equal(SmallImages.Blob("base"), await lab.Pull(layer));
    }

    [Theory]
    [MemberData(nameof(VerificationStorage.Names), MemberType = typeof(VerificationStorage))]
    public async Task A_manifest_that_its_subject_does_not_list_is_found_and_listed_as_its_put_had_listed_it(string kind)
    {
        await using var storage = await VerificationStorage.Open(kind);
        var lab = new VerificationLab(storage);
        await lab.Push(image, "latest");
        await lab.Push(signature.WithAnnotation("a", "b"));
        var listed = await lab.Referrers.List(VerificationLab.App, image.Digest, null, null, Cancel);
        await Delete(storage, Tables.Manifests, App, Tables.ReferrerRow(image.Digest, signature.WithAnnotation("a", "b").Digest));

        var found = Assert.Single((await lab.See()).Findings);
        Assert.Equal((FindingKind.Dangling, FoundThing.Referrer, signature.WithAnnotation("a", "b").Digest.ToString(), "not listed"), (found.Kind, found.Thing, found.Name, found.Found));
        Assert.Equal(["Dangling Referrer repaired"], await lab.Verify(repairs: true));

        Assert.Equal(Assert.Single(listed.Referrers), Assert.Single((await lab.Referrers.List(VerificationLab.App, image.Digest, null, null, Cancel)).Referrers));
        Assert.Empty(await lab.Verify());
    }

    [Fact]
    public async Task What_is_listed_among_referrers_and_is_not_there_is_found_and_no_longer_listed()
    {
        await using var storage = await VerificationStorage.Open("memory");
        var lab = new VerificationLab(storage);
        await lab.Push(image, "latest");
        await lab.Push(signature);
        await Delete(storage, Tables.Manifests, App, Tables.ManifestRow(signature.Digest));

        Assert.Equal(["Dangling Referrer"], await lab.Verify());
        Assert.Single((await lab.Referrers.List(VerificationLab.App, image.Digest, null, null, Cancel)).Referrers);
        Assert.Equal(["Dangling Referrer repaired"], await lab.Verify(repairs: true));
        Assert.Empty((await lab.Referrers.List(VerificationLab.App, image.Digest, null, null, Cancel)).Referrers);
        Assert.Empty(await lab.Verify());
    }

    [Fact]
    public async Task A_referrer_whose_bytes_are_damaged_is_not_listed_by_what_they_say()
    {
        await using var storage = await VerificationStorage.Open("memory");
        var lab = new VerificationLab(storage);
        await lab.Push(image, "latest");
        await lab.Push(signature);
        await lab.Spoil(await lab.PathOfManifest(signature.Digest), b => [.. b.Select((x, i) => i == b.Length / 2 ? (byte)(x ^ 1) : x)]);
        await Delete(storage, Tables.Manifests, App, Tables.ReferrerRow(image.Digest, signature.Digest));

        Assert.Equal(["Corrupt Manifest repaired", "Dangling Referrer"], await lab.Verify(repairs: true));

        await lab.Push(signature);
        Assert.Single((await lab.Referrers.List(VerificationLab.App, image.Digest, null, null, Cancel)).Referrers);
        Assert.Empty(await lab.Verify());
    }

    /// <summary>A deleted image is there for who restores it, so it is read like any other; a push is not needed until then.</summary>
    [Theory]
    [MemberData(nameof(VerificationStorage.Names), MemberType = typeof(VerificationStorage))]
    public async Task What_was_deleted_and_can_be_restored_is_verified(string kind)
    {
        await using var storage = await VerificationStorage.Open(kind);
        var lab = new VerificationLab(storage, restorableFor: TimeSpan.FromDays(7));
        var child = SmallImages.Image("child", "c");
        var index = SmallImages.Index(child);
        await lab.Push(index, "multi");
        await lab.Push(image, "latest");
        foreach (var digest in (Digest[])[index.Digest, child.Digest, image.Digest])
            await lab.Manifests.Delete(VerificationLab.App, Reference.To(digest), Cancel);
        Assert.Empty(await lab.Verify());

        await lab.Spoil((await Deleted(storage, image.Digest)).GetString("blob"), _ => null);
        await Delete(storage, Tables.Manifests, App, Tables.DeletedRow(Tables.ManifestRow(child.Digest)));
        await Delete(storage, Tables.Content, layer.ToString(), App);

        var found = (await lab.See(repairs: true)).Findings;
        Assert.All(found, f => Assert.Equal((FoundThing.Deleted, false), (f.Thing, f.IsRepaired)));
        Assert.Equal(
            [
                (image.Digest.ToString(), "no blob"),
                (image.Digest.ToString(), $"the repository does not hold {layer}"),
                (index.Digest.ToString(), $"the repository does not hold {child.Digest}"),
            ],
            found.Select(f => (f.Name, f.Found)).OrderBy(f => f.Name, StringComparer.Ordinal).ThenBy(f => f.Found, StringComparer.Ordinal));

        // What is there again is not restored, and its deleted row may name a blob that went with a later put.
        await lab.Push(image, "latest");
        await lab.Push(index, "multi");
        Assert.Empty(await lab.Verify());
    }

    [Fact]
    public async Task An_index_is_not_put_over_a_child_whose_put_verification_waits_for()
    {
        await using var storage = await VerificationStorage.Open("memory");
        var lab = new VerificationLab(storage);
        var index = SmallImages.Index(image);
        await lab.Push(image);
        await lab.Spoil(await lab.PathOfManifest(image.Digest), _ => []);
        await lab.Verify(repairs: true);

        var refused = await Assert.ThrowsAsync<RegistryException>(() => lab.Manifests.Put(VerificationLab.App, Reference.Parse("multi"), [], index.MediaType, index.Manifest, Cancel));
        Assert.Equal(RegistryError.ManifestBlobUnknown, refused.Error);
        await lab.Push(index, "multi");
        Assert.Empty(await lab.Verify());
    }

    /// <summary>Policies keep tags that were pushed lately: a repair is no push.</summary>
    [Fact]
    public async Task A_tag_is_as_old_as_it_was_when_its_manifest_is_marked()
    {
        await using var storage = await VerificationStorage.Open("memory");
        var lab = new VerificationLab(storage);
        await lab.Push(image, "latest");
        var pushed = storage.Clock.GetUtcNow();
        storage.Clock.Advance(TimeSpan.FromDays(40));
        await lab.Spoil(await lab.PathOfManifest(image.Digest), _ => []);
        await lab.Verify(repairs: true);

        Assert.Equal(pushed, ManifestRows.PushedAt((await storage.Tables.Find(Tables.Manifests, App, "tlatest", Cancel))!));
    }

    /// <summary>A name of a container that is mistyped, or a disk that is not mounted: the rows are there, and no content is.</summary>
    [Theory]
    [MemberData(nameof(VerificationStorage.Names), MemberType = typeof(VerificationStorage))]
    public async Task A_repair_is_refused_when_none_of_the_content_is_there(string kind)
    {
        await using var storage = await VerificationStorage.Open(kind);
        var lab = new VerificationLab(storage);
        var contents = Enumerable.Range(1, 12).Select(i => Content.Bytes(i, 20)).ToList();
        var paths = new List<string>();
        foreach (var content in contents)
        {
            await lab.PushBlob(content);
            paths.Add(await lab.PathOf(Digest.Compute(DigestAlgorithm.Sha256, content)));
        }

        foreach (var path in paths)
            await lab.Spoil(path, _ => null);

        Assert.Equal(VerificationOutcome.Refused, (await lab.NewVerifier().Run(repairs: true, new VerificationSeen(), Cancel)).Outcome);
        Assert.Equal(12, (await lab.Verify()).Count);

        // One that is there shows that it is the right place, and then what is missing is missing.
        var there = Content.Bytes(99, 20);
        await lab.PushBlob(there);
        Assert.Equal(12, (await lab.See(repairs: true)).Totals.Repaired);
        Assert.Equal(there, await lab.Pull(Digest.Compute(DigestAlgorithm.Sha256, there)));
    }

    [Fact]
    public async Task A_repair_that_is_forced_makes_way_for_all_that_is_lost()
    {
        await using var storage = await VerificationStorage.Open("memory");
        var lab = new VerificationLab(storage);
        foreach (var content in Enumerable.Range(1, 12).Select(i => Content.Bytes(i, 20)))
        {
            await lab.PushBlob(content);
            await lab.Spoil(await lab.PathOf(Digest.Compute(DigestAlgorithm.Sha256, content)), _ => null);
        }

        Assert.Equal(VerificationOutcome.Refused, (await lab.NewVerifier().Run(repairs: true, new VerificationSeen(), Cancel)).Outcome);
        Assert.Equal(12, (await lab.See(repairs: true, force: true)).Totals.Repaired);
    }

    private static async Task<TableEntity> Deleted(VerificationStorage storage, Digest digest) =>
        (await storage.Tables.Find(Tables.Manifests, App, Tables.DeletedRow(Tables.ManifestRow(digest)), Cancel))!;

    private static async Task Delete(VerificationStorage storage, string table, string partition, string row) =>
        Assert.True((await storage.Tables.Write(table, TableOperation.Delete(partition, row, etag: null), Cancel)).IsDone);
}
