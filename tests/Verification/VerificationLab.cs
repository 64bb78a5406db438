using Registry.Collection;
using Registry.Digests;
using Registry.Layers;
using Registry.Lifecycle;
using Registry.Manifests;
using Registry.Repositories;
using Registry.Storage;
using Registry.Tests.Collection;
using Registry.Tests.Layers;
using Registry.Tests.Support;
using Registry.Verification;

namespace Registry.Tests.Verification;

/// <summary>A registry on a storage, with what is needed to push images to it, to spoil what it has, and to verify it.</summary>
internal sealed class VerificationLab(VerificationStorage storage, ITableStore? seenTables = null, IStorageDriver? seenDriver = null, TimeSpan restorableFor = default)
{
    public static readonly RepositoryName App = RepositoryName.Parse("team/app");

    private readonly CollectionOptions collection = new() { RestorableFor = restorableFor };

    private readonly SeededIds ids = new(TestSeed.Current);

    public VerificationOptions Options { get; init; } = new();

    public LayerService Layers => new(storage.Driver, storage.Tables, new UploadOptions(), collection, storage.Clock, ids);

    public LayerLinks Links => new(storage.Tables, collection);

    public ManifestService Manifests => new(
        storage.Driver,
        storage.Tables,
        new ManifestCache(0),
        new ImmutableTags(),
        new ManifestOptions(),
        collection,
        storage.Clock,
        ids);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>Another process that verifies.</summary>
    public Verifier NewVerifier() => new(seenDriver ?? storage.Driver, seenTables ?? storage.Tables, Options, new ManifestOptions(), storage.Clock, ids);

    public async Task Push(TestImage image, params string[] tags)
    {
        foreach (var child in image.Children)
            await Push(child);
        foreach (var blob in image.Blobs)
            await PushBlob(blob);
        await Manifests.Put(App, Reference.To(image.Digest), [.. tags.Select(t => Tag.Parse(t))], image.MediaType, image.Manifest, Cancel);
    }

    /// <summary>As docker does it: what HEAD knows is not sent.</summary>
    public async Task PushBlob(byte[] blob, DigestAlgorithm? algorithm = null)
    {
        var digest = Digest.Compute(algorithm ?? DigestAlgorithm.Sha256, blob);
        if (await Layers.Find(App, digest, Cancel) is null)
            await Layers.Upload(App, digest, UploadLab.Body(blob), Cancel);
    }

    public Task PushTo(RepositoryName repository, byte[] blob) => Layers.Upload(repository, Digest.Compute(DigestAlgorithm.Sha256, blob), UploadLab.Body(blob), Cancel);

    public async Task<string> PathOf(Digest digest) =>
        (await storage.Tables.Find(Tables.Content, digest.ToString(), Tables.ContentRow, Cancel))!.GetString("blob");

    public async Task<string> PathOfManifest(Digest digest) =>
        (await storage.Tables.Find(Tables.Manifests, Tables.Key(App), Tables.ManifestRow(digest), Cancel))!.GetString("blob");

    public Task Spoil(string path, Func<byte[], byte[]?> change) => storage.Spoil(path, change);

    public Task Collect() =>
        new GarbageCollector(storage.Driver, storage.Tables, new UploadOptions(), collection, storage.Clock, ids).Run(CollectionKind.Collect, new CollectionSeen(), Cancel);

    /// <summary>A whole pass, and what it found, as <c>Kind Thing</c> in order.</summary>
    public async Task<IReadOnlyList<string>> Verify(bool repairs = false)
    {
        var seen = await See(repairs);
        return [.. seen.Findings.Select(f => $"{f.Kind} {f.Thing}{(f.IsRepaired ? " repaired" : "")}").Order(StringComparer.Ordinal)];
    }

    public async Task<VerificationSeen> See(bool repairs = false, bool force = false)
    {
        var seen = new VerificationSeen();
        var slice = await NewVerifier().Run(repairs, force, seen, Cancel);
        Assert.Equal(VerificationOutcome.Finished, slice.Outcome);
        seen.Totals = slice.Totals;
        return seen;
    }

    /// <summary>What is on record.</summary>
    public async Task<IReadOnlyList<Finding>> Recorded() => await NewVerifier().Findings(Cancel).ToListAsync(Cancel);

    public ReferrerService Referrers => new(storage.Driver, storage.Tables);

    public async Task<byte[]> Pull(Digest digest)
    {
        await using var layer = await Layers.Open(App, digest, Cancel);
        return await Content.ReadAll(layer, Cancel);
    }
}

/// <summary>Takes down what a pass tells.</summary>
internal sealed class VerificationSeen : IVerificationObserver
{
    public List<Finding> Findings { get; } = [];

    public VerificationTotals Totals { get; set; } = new();

    public void Found(Finding finding) => Findings.Add(finding);

    public ValueTask Progress(VerificationPhase phase, VerificationTotals totals, double? fraction) => ValueTask.CompletedTask;
}
