using Registry.Digests;
using Registry.Errors;
using Registry.Manifests;
using Registry.Storage;
using Registry.Tests.Support;
using Registry.Verification;

namespace Registry.Tests.Verification;

/// <summary>What a pass finds, on every storage, and what becomes of it.</summary>
public sealed class VerifierTests
{
    private const string TakenOver = "docker/registry/v2/blobs/sha256/03/0390/data";

    private static readonly TestImage image = SmallImages.Image("app", "base", "app");

    private static readonly Dictionary<string, (Func<byte[], byte[]?> Change, FindingKind Kind)> damages = new()
    {
        ["corrupted"] = (b => [.. b.Select((x, i) => i == b.Length / 2 ? (byte)(x ^ 1) : x)], FindingKind.Corrupt),
        ["truncated"] = (b => b[..^1], FindingKind.Corrupt),
        ["lengthened"] = (b => [.. b, 0], FindingKind.Corrupt),
        ["emptied"] = (_ => [], FindingKind.Corrupt),
        ["missing"] = (_ => null, FindingKind.Missing),
    };

    public static TheoryData<string, string, string> Damages
    {
        get
        {
            var all = new TheoryData<string, string, string>();
            foreach (var storage in VerificationStorage.Names)
            {
                foreach (var damage in damages.Keys)
                {
                    all.Add(storage, damage, "sha256");
                    all.Add(storage, damage, "sha512");
                }
            }

            return all;
        }
    }

    public static TheoryData<string, string> ManifestDamages
    {
        get
        {
            var all = new TheoryData<string, string>();
            foreach (var storage in VerificationStorage.Names)
            {
                foreach (var damage in damages.Keys)
                    all.Add(storage, damage);
            }

            return all;
        }
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(VerificationStorage.Names), MemberType = typeof(VerificationStorage))]
    public async Task What_is_whole_is_read_and_nothing_is_found(string kind)
    {
        await using var storage = await VerificationStorage.Open(kind);
        var lab = new VerificationLab(storage);
        var index = SmallImages.Index(image, SmallImages.Image("other", "base"));
        await lab.Push(index, "latest", "v1");
        await lab.PushBlob(Content.Bytes(1, 5_000_000));
        await lab.PushBlob(Content.Bytes(2, 100), DigestAlgorithm.Sha512);
        await lab.PushBlob([]);

        var seen = await lab.See();

        Assert.Empty(seen.Findings);
        Assert.Equal((7, 7, 3, 2), (seen.Totals.Contents, seen.Totals.Links, seen.Totals.Manifests, seen.Totals.Tags));
        var blobs = index.Children.SelectMany(c => c.Blobs).DistinctBy(b => Digest.Compute(DigestAlgorithm.Sha256, b)).Sum(b => b.Length);
        Assert.Equal(5_000_100 + blobs + index.Manifest.Length + index.Children.Sum(c => c.Manifest.Length), seen.Totals.Bytes);
    }

    /// <summary>Of a few bytes, and of some MiB, which are read otherwise.</summary>
    [Theory]
    [MemberData(nameof(Damages))]
    public async Task Damaged_content_is_found_taken_out_of_use_and_brought_back_by_a_push(string kind, string damage, string algorithm)
    {
        await using var storage = await VerificationStorage.Open(kind);
        var lab = new VerificationLab(storage);
        foreach (var content in (byte[][])[Content.Bytes(1, 300), Content.Bytes(2, 2_000_000)])
        {
            var digest = Digest.Compute(DigestAlgorithm.Find(algorithm)!, content);
            await lab.PushBlob(content, digest.Algorithm);
            var path = await lab.PathOf(digest);
            await lab.Spoil(path, damages[damage].Change);

            var found = Assert.Single((await lab.See()).Findings);
            Assert.Equal((damages[damage].Kind, FoundThing.Content, digest.ToString(), path, false), (found.Kind, found.Thing, found.Name, found.Path, found.IsRepaired));
            Assert.Equal($"{content.Length} bytes of {digest}", found.Expected);

            // Found is not mended: HEAD still says that there is nothing to send.
            Assert.NotNull(await lab.Layers.Find(VerificationLab.App, digest, Cancel));
            Assert.Equal([$"{damages[damage].Kind} Content repaired"], await lab.Verify(repairs: true));
            Assert.Null(await lab.Layers.Find(VerificationLab.App, digest, Cancel));
            Assert.Empty(await lab.Verify());

            await lab.PushBlob(content, digest.Algorithm);
            Assert.Equal(content, await lab.Pull(digest));
            Assert.Empty(await lab.Verify());
            Assert.NotEqual(path, await lab.PathOf(digest));
        }
    }

    [Theory]
    [MemberData(nameof(ManifestDamages))]
    public async Task A_damaged_manifest_is_found_and_the_next_put_of_it_writes_it_once_more_under_all_its_tags(string kind, string damage)
    {
        await using var storage = await VerificationStorage.Open(kind);
        var lab = new VerificationLab(storage);
        await lab.Push(image, "latest", "v1");
        await lab.Spoil(await lab.PathOfManifest(image.Digest), damages[damage].Change);

        Assert.Equal([$"{damages[damage].Kind} Manifest"], await lab.Verify());
        Assert.Equal([$"{damages[damage].Kind} Manifest repaired"], await lab.Verify(repairs: true));

        // A client that asks whether it is there has to send it, and is not given what it is not.
        foreach (var reference in (string[])["latest", "v1", image.Digest.ToString()])
        {
            var unknown = await Assert.ThrowsAsync<RegistryException>(() => lab.Manifests.Stat(VerificationLab.App, Reference.Parse(reference), Cancel));
            Assert.Equal((RegistryError.ManifestUnknown, "what is stored of this manifest is damaged: push it once more"), (unknown.Error, unknown.Problems.Single().Message));
            Assert.Equal(RegistryError.ManifestUnknown, (await Assert.ThrowsAsync<RegistryException>(() => lab.Manifests.Get(VerificationLab.App, Reference.Parse(reference), Cancel))).Error);
        }

        await lab.Push(image, "v2");
        foreach (var reference in (string[])["latest", "v1", "v2", image.Digest.ToString()])
            Assert.Equal(image.Manifest, (await lab.Manifests.Get(VerificationLab.App, Reference.Parse(reference), Cancel)).Content.ToArray());
        Assert.Empty(await lab.Verify());
    }

    [Theory]
    [MemberData(nameof(VerificationStorage.Names), MemberType = typeof(VerificationStorage))]
    public async Task What_leads_nowhere_is_found_each_by_its_name(string kind)
    {
        await using var storage = await VerificationStorage.Open(kind);
        var lab = new VerificationLab(storage);
        var (child, layer) = (SmallImages.Image("child", "c"), SmallImages.Blob("base"));
        await lab.Push(image, "latest");
        await lab.Push(SmallImages.Index(child), "multi");
        await Delete(storage, Tables.Manifests, Tables.Key(VerificationLab.App), Tables.ManifestRow(child.Digest));
        await Delete(storage, Tables.Manifests, Tables.Key(VerificationLab.App), Tables.ManifestRow(image.Digest));
        await lab.Spoil(await lab.PathOf(Digest.Compute(DigestAlgorithm.Sha256, layer)), _ => null);
        await Delete(storage, Tables.Content, Digest.Compute(DigestAlgorithm.Sha256, layer).ToString(), Tables.ContentRow);

        var seen = await lab.See();

        Assert.Equal(
            [
                $"Link {Digest.Compute(DigestAlgorithm.Sha256, layer)}: no content row",
                $"Manifest {SmallImages.Index(child).Digest}: the repository does not hold {child.Digest}",
                "Tag latest: no such manifest",
            ],
            seen.Findings.Select(f => $"{f.Thing} {f.Name}: {f.Found}").Order(StringComparer.Ordinal));
        Assert.All(seen.Findings, f => Assert.Equal((FindingKind.Dangling, "team/app"), (f.Kind, f.Repository)));

        // A link that leads nowhere would keep a push from sending the layer.
        Assert.Equal(["Dangling Link repaired", "Dangling Manifest", "Dangling Tag"], await lab.Verify(repairs: true));
        await lab.Push(SmallImages.Index(child), "multi");
        await lab.Push(image, "latest");
        Assert.Empty(await lab.Verify());
        Assert.Equal(layer, await lab.Pull(Digest.Compute(DigestAlgorithm.Sha256, layer)));
    }

    [Fact]
    public async Task The_images_that_need_what_was_taken_out_of_use_are_told()
    {
        await using var storage = await VerificationStorage.Open("memory");
        var lab = new VerificationLab(storage);
        await lab.Push(image, "latest");
        var layer = Digest.Compute(DigestAlgorithm.Sha256, SmallImages.Blob("base"));
        await lab.Spoil(await lab.PathOf(layer), b => b[1..]);

        Assert.Equal(["Corrupt Content repaired", "Dangling Manifest"], await lab.Verify(repairs: true));
        Assert.Equal([$"the repository does not hold {layer}"], (await lab.See()).Findings.Select(f => f.Found));
        await Assert.ThrowsAsync<RegistryException>(() => lab.Pull(layer));
        await lab.Push(image, "latest");
        Assert.Empty(await lab.Verify());
    }

    [Fact]
    public async Task A_damaged_layer_that_was_taken_over_is_freed_by_the_collector_and_not_taken_back_by_an_import()
    {
        await using var storage = await VerificationStorage.Open("memory");
        var lab = new VerificationLab(storage);
        var digest = Digest.Compute(DigestAlgorithm.Sha256, [1, 2, 3]);
        await storage.Driver.Put(TakenOver, new([1, 2, 4]), BlobMetadata.None, Cancel);
        await lab.Links.Link(VerificationLab.App, digest, TakenOver, 3, Cancel);

        Assert.Equal(["Corrupt Content repaired"], await lab.Verify(repairs: true));
        Assert.Null(await lab.Links.Link(VerificationLab.App, digest, TakenOver, 3, Cancel));
        storage.Clock.Advance(TimeSpan.FromHours(25));
        await lab.Collect();

        Assert.Null(await storage.Driver.Find(TakenOver, Cancel));
        await lab.PushBlob([1, 2, 3]);
        Assert.Equal([1, 2, 3], await lab.Pull(digest));
        Assert.Empty(await lab.Verify());
    }

    /// <summary>Its blob has a content row as well, which must not become the collector's while manifests name the blob.</summary>
    [Fact]
    public async Task A_damaged_manifest_that_was_taken_over_is_brought_back_by_a_put_and_stays()
    {
        await using var storage = await VerificationStorage.Open("memory");
        var lab = new VerificationLab(storage);
        await lab.Push(image, "latest");
        await storage.Driver.Put(TakenOver, new(image.Manifest[1..]), BlobMetadata.None, Cancel);
        foreach (var row in (await storage.Tables.Query(Tables.Manifests, new TableQuery(), Cancel)).Entities)
            await storage.Tables.Write(Tables.Manifests, TableOperation.Upsert(row.Copy().Set("blob", TakenOver)), Cancel);
        await lab.Links.Link(VerificationLab.App, image.Digest, TakenOver, image.Manifest.Length, Cancel);

        Assert.Equal(["Corrupt Content", "Corrupt Manifest repaired"], await lab.Verify(repairs: true));
        await lab.Push(image, "v2");
        storage.Clock.Advance(TimeSpan.FromHours(25));
        await lab.Collect();

        Assert.Empty(await lab.Verify());
        foreach (var reference in (string[])["latest", "v2"])
            Assert.Equal(image.Manifest, (await lab.Manifests.Get(VerificationLab.App, Reference.Parse(reference), Cancel)).Content.ToArray());
    }

    [Fact]
    public async Task Rows_that_say_nothing_sensible_are_told_and_left_and_rows_of_kinds_that_are_not_known_are_not_looked_at()
    {
        await using var storage = await VerificationStorage.Open("memory");
        var lab = new VerificationLab(storage);
        var (app, layer) = (Tables.Key(VerificationLab.App), Digest.Compute(DigestAlgorithm.Sha256, SmallImages.Blob("base")).ToString());
        await Insert(storage, Tables.Content, "no digest", Tables.ContentRow);
        await Insert(storage, Tables.Content, image.Digest.ToString(), app);
        await Insert(storage, Tables.Content, layer, Tables.ContentRow);
        Assert.True((await storage.Tables.Write(Tables.Content, TableOperation.Insert(new TableEntity(layer, app).Set("version", 1).Set("blob", "content/aa/none").Set("size", 1)), Cancel)).IsDone);
        await Insert(storage, Tables.Manifests, app, "mwhat");
        await Insert(storage, Tables.Manifests, app, "twhat");
        await Insert(storage, Tables.Manifests, app, "xmwhat");
        await Insert(storage, Tables.Manifests, app, "zwhat");

        string[] expected = ["Dangling Link", "Unreadable Content", "Unreadable Content", "Unreadable Deleted", "Unreadable Link", "Unreadable Manifest", "Unreadable Tag"];
        Assert.Equal(expected, await lab.Verify());
        Assert.Equal(expected, await lab.Verify(repairs: true));
    }

    [Fact]
    public async Task A_finding_is_kept_with_its_times_until_a_pass_finds_the_thing_whole_or_gone()
    {
        await using var storage = await VerificationStorage.Open("memory");
        var lab = new VerificationLab(storage);
        var (healed, deleted) = (Content.Bytes(1, 300), Content.Bytes(2, 300));
        foreach (var content in (byte[][])[healed, deleted])
        {
            await lab.PushBlob(content);
            await lab.Spoil(await lab.PathOf(Digest.Compute(DigestAlgorithm.Sha256, content)), b => b[1..]);
        }

        var first = storage.Clock.GetUtcNow();
        Assert.Equal(2, (await lab.Verify()).Count);
        storage.Clock.Advance(TimeSpan.FromDays(1));
        await lab.Verify();
        Assert.All(await lab.Recorded(), f => Assert.Equal((first, first.AddDays(1)), (f.FirstSeen, f.LastSeen)));

        storage.Clock.Advance(TimeSpan.FromDays(1));
        await lab.Spoil(await lab.PathOf(Digest.Compute(DigestAlgorithm.Sha256, healed)), _ => healed);
        var digest = Digest.Compute(DigestAlgorithm.Sha256, deleted).ToString();
        await Delete(storage, Tables.Content, digest, Tables.ContentRow);
        await Delete(storage, Tables.Content, digest, Tables.Key(VerificationLab.App));
        Assert.Empty(await lab.Verify());
        Assert.Empty(await lab.Recorded());
    }

    [Fact]
    public async Task More_findings_than_are_kept_are_counted()
    {
        await using var storage = await VerificationStorage.Open("memory");
        var lab = new VerificationLab(storage) { Options = new VerificationOptions { MaxFindings = 3 } };
        for (var i = 0; i < 5; i++)
            await Insert(storage, Tables.Manifests, Tables.Key(VerificationLab.App), $"mwhat{i}");

        var seen = await lab.See();

        Assert.Equal(5, seen.Totals.Unreadable);
        Assert.Equal(3, (await lab.Recorded()).Count);
    }

    /// <summary>Each row is written or goes between the reading of its page and that of its blob.</summary>
    [Fact]
    public async Task What_went_or_was_replaced_while_it_was_read_is_nothing_to_report()
    {
        await using var storage = await VerificationStorage.Open("memory");
        var lab = new VerificationLab(storage);
        await lab.Push(image, "latest");
        var driver = new BeforeOpen(storage.Driver, async () =>
        {
            foreach (var table in (string[])[Tables.Content, Tables.Manifests])
            {
                foreach (var row in (await storage.Tables.Query(table, new TableQuery(), Cancel)).Entities)
                {
                    await storage.Tables.Write(table, TableOperation.Delete(row.Partition, row.Row, etag: null), Cancel);
                    await storage.Driver.Delete(row.FindString("blob") ?? "none", Cancel);
                }
            }
        });

        Assert.Empty(await new VerificationLab(storage, seenDriver: driver).Verify());
        Assert.True(driver.WasOpened);
    }

    [Fact]
    public async Task A_blob_that_storage_does_not_give_out_is_told_when_the_storage_is_there_and_does_not_stop_the_pass()
    {
        await using var storage = await VerificationStorage.Open("memory");
        var lab = new VerificationLab(storage);
        await lab.Push(image, "latest");
        var path = await lab.PathOf(Digest.Compute(DigestAlgorithm.Sha256, SmallImages.Blob("base")));

        var found = Assert.Single((await new VerificationLab(storage, seenDriver: new Failing(storage.Driver, path, opens: 2)).See()).Findings);
        Assert.Equal((FindingKind.Unreadable, path), (found.Kind, found.Path));
        Assert.Empty(await new VerificationLab(storage, seenDriver: new Failing(storage.Driver, path, opens: 1)).Verify());
        await Assert.ThrowsAsync<StorageFailedException>(() => new VerificationLab(storage, seenDriver: new Failing(storage.Driver, path, opens: 3) { FailsAltogether = true }).Verify());
    }

    private static async Task Delete(VerificationStorage storage, string table, string partition, string row) =>
        Assert.True((await storage.Tables.Write(table, TableOperation.Delete(partition, row, etag: null), Cancel)).IsDone);

    private static async Task Insert(VerificationStorage storage, string table, string partition, string row) =>
        Assert.True((await storage.Tables.Write(table, TableOperation.Insert(new TableEntity(partition, row).Set("version", 1)), Cancel)).IsDone);

    private sealed class BeforeOpen(IStorageDriver inner, Func<Task> act) : DriverDecorator(inner)
    {
        public bool WasOpened { get; private set; }

        public override async Task<Stream> Open(string path, long offset, long? length, CancellationToken cancellation)
        {
            WasOpened = true;
            await act();
            return await base.Open(path, offset, length, cancellation);
        }
    }

    private sealed class Failing(IStorageDriver inner, string bad, int opens) : DriverDecorator(inner)
    {
        private int left = opens;

        public bool FailsAltogether { get; init; }

        public override Task<BlobStat?> Find(string path, CancellationToken cancellation) =>
            FailsAltogether ? throw new StorageFailedException("find", path, 503, "ServerBusy") : base.Find(path, cancellation);

        public override Task<Stream> Open(string path, long offset, long? length, CancellationToken cancellation) =>
            path == bad && left-- > 0 ? throw new StorageFailedException("open", path, 0, "input/output error") : base.Open(path, offset, length, cancellation);
    }
}
