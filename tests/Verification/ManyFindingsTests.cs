using System.Security.Cryptography;
using System.Text;
using Registry.Digests;
using Registry.Manifests;
using Registry.Storage;
using Registry.Tests.Support;
using Registry.Verification;

namespace Registry.Tests.Verification;

/// <summary>A storage of which much is lost: findings by the ten thousand are kept, told, and removed when they are over, without much of anything.</summary>
public sealed class ManyFindingsTests
{
    private const int Kept = 10_000;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>Pages are as short as they can be on Azure, whose continuations are no keys.</summary>
    [Fact]
    public async Task Ten_thousand_findings_are_kept_over_many_pages_and_removed_a_hundred_at_a_time()
    {
        await using var storage = await VerificationStorage.Open("memory");
        var tables = new CountingTableStore(new ShortPages(storage.Tables, 700));
        var lab = new VerificationLab(storage, tables);
        var digests = Enumerable.Range(0, Kept + 500).Select(i => Digest.Compute(DigestAlgorithm.Sha256, Encoding.ASCII.GetBytes($"{i}")).ToString()).ToList();
        foreach (var digest in digests)
            await Write(storage, Tables.Content, TableOperation.Insert(new TableEntity(digest, Tables.Key(VerificationLab.App)).Set("version", 1).Set("blob", "content/aa/none").Set("size", 1)));

        var seen = await lab.See();

        Assert.Equal(Kept + 500, seen.Totals.Dangling);
        var recorded = await lab.Recorded();
        Assert.Equal(digests.Order(StringComparer.Ordinal).Take(Kept - 10), recorded.Select(f => f.Name).Order(StringComparer.Ordinal).Take(Kept - 10));
        Assert.Equal(Kept, recorded.Count);

        foreach (var digest in digests)
            await Write(storage, Tables.Content, TableOperation.Delete(digest, Tables.Key(VerificationLab.App), etag: null));
        storage.Clock.Advance(TimeSpan.FromMinutes(1));
        var (calls, _) = await tables.During(() => lab.Verify());
        Assert.Empty(await lab.Recorded());
        Assert.InRange(calls.Count, 100, 140);
    }

    [Fact]
    public async Task Of_all_that_a_manifest_lacks_some_is_named_and_the_rest_counted()
    {
        await using var storage = await VerificationStorage.Open("memory");
        var lab = new VerificationLab(storage);
        var info = new ManifestInfo(SmallImages.Image("large").Digest, MediaTypes.OciManifest, 0, "content/aa/none");
        var document = new ManifestDocument
        {
            MediaType = MediaTypes.OciManifest,
            References = [.. Enumerable.Range(0, 10_000).Select(i => new ManifestReference(ReferenceKind.Blob, Digest.Parse($"sha256:{Convert.ToHexStringLower(SHA256.HashData(BitConverter.GetBytes(i)))}")))],
        };
        await Write(storage, Tables.Manifests, TableOperation.Insert(ManifestRows.Manifest(VerificationLab.App, info, document)));

        var found = (await lab.See()).Findings.Single(f => f.Kind == FindingKind.Dangling);

        Assert.EndsWith("and 9990 more", found.Found, StringComparison.Ordinal);
        Assert.InRange(found.Found.Length, 700, 1000);
    }

    private static async Task Write(VerificationStorage storage, string table, TableOperation operation) => Assert.True((await storage.Tables.Write(table, operation, Cancel)).IsDone);
}
