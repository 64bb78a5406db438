using System.Diagnostics;
using System.Globalization;
using System.Text;
using Registry.Access;
using Registry.Collection;
using Registry.Digests;
using Registry.Lifecycle;
using Registry.Manifests;
using Registry.Storage;
using Registry.Tests.Collection;
using Registry.Tests.Support;

namespace Registry.Tests.Lifecycle;

/// <summary>What it costs to judge a repository of many tags, each at a manifest of its own.</summary>
public sealed class RetentionCostTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_repository_is_read_by_pages_and_each_tag_that_goes_takes_two_transactions()
    {
        CountingTableStore? counted = null;
        var lab = await CollectionLab.Make(new(), tables => counted = new CountingTableStore(tables));
        await Fill(lab, tags: 2000);
        var policy = new RetentionPolicy(RepositoryGlob.Parse("app")) { KeepNewest = 1900 };

        // The catalog, and four thousand rows, the last page of which says that it is the last.
        var (preview, _) = await counted!.During(() => new RetentionPreview(counted, lab.Options).Of(null, new RetentionPolicies([policy]), Cancel).SingleAsync(Cancel).AsTask());
        Assert.Equal(1 + 4, preview.Count);

        await lab.Collect();
        var (idle, _) = await counted.During(() => lab.Collect());
        await new RetentionStore(lab.Tables).Set(policy, Cancel);
        var (taking, _) = await counted.During(() => lab.Collect());
        Assert.Equal(2 * 100, taking.Count - idle.Count);
    }

    /// <summary>To be run by itself: docs/lifecycle.md has the figures, and the command.</summary>
    [Fact(Explicit = true)]
    public async Task A_hundred_thousand_tags()
    {
        const int Tags = 100_000;
        CountingTableStore? counted = null;
        var lab = await CollectionLab.Make(new(), tables => counted = new CountingTableStore(tables));
        await Fill(lab, Tags);
        var policies = new RetentionPolicies([new RetentionPolicy(RepositoryGlob.Parse("app")) { KeepNewest = 1000 }]);
        var stored = GC.GetTotalMemory(forceFullCollection: true);
        PreviewedRepository? judged = null;
        await Measure("preview", async () => judged = await new RetentionPreview(counted!, lab.Options).Of(null, policies, Cancel).SingleAsync(Cancel));
        Assert.Equal(1000, judged!.Tags.Count(t => t.IsKept));
        judged = null;
        await Measure("explain", () => new ExplainService(counted!, lab.Options).Explain(Registry.Repositories.RepositoryName.Parse("app"), Reference.To(Tag.Parse("t000000")), Cancel));
        await Measure("a run without a policy", () => lab.Collect());
        await new RetentionStore(lab.Tables).Set(policies.Find(Registry.Repositories.RepositoryName.Parse("app"))!, Cancel);
        await Measure("the run that takes 99,000 tags", () => lab.Collect());
        lab.Clock.Advance(TimeSpan.FromDays(2));
        await Measure("the run that takes their manifests", () => lab.Collect());

        async Task Measure(string what, Func<Task> act)
        {
            var peak = stored;
            using var sampling = new Timer(_ => peak = Math.Max(peak, GC.GetTotalMemory(forceFullCollection: false)), null, 0, 20);
            var watch = Stopwatch.StartNew();
            var (calls, rows) = await counted!.During(act);
            TestContext.Current.TestOutputHelper!.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"{what}: {watch.Elapsed.TotalSeconds:0.0} s, {calls.Count} transactions, {rows} rows, at most {(peak - stored) >> 20} MiB beside the store, garbage and all"));
        }
    }

    private static async Task Fill(CollectionLab lab, int tags)
    {
        await lab.Tables.Write(Tables.Repositories, TableOperation.Upsert(new TableEntity(Tables.CatalogPartition, "app").Set("version", 1)), Cancel);
        foreach (var some in Enumerable.Range(0, tags).Chunk(50))
        {
            lab.Clock.Advance(TimeSpan.FromSeconds(1));
            await lab.Tables.WriteBatch(Tables.Manifests, [.. some.SelectMany(Rows).Select(TableOperation.Upsert)], Cancel);
        }
    }

    /// <summary>A manifest of a config and five layers, and its tag.</summary>
    private static IEnumerable<TableEntity> Rows(int number)
    {
        var digest = Digest.Compute(DigestAlgorithm.Sha256, Encoding.ASCII.GetBytes($"{number}"));
        var references = Enumerable.Range(0, 6).Select(i => new ManifestReference(ReferenceKind.Blob, Digest.Compute(DigestAlgorithm.Sha256, Encoding.ASCII.GetBytes($"{number % 1000} {i}"))));
        yield return Described(Tables.ManifestRow(digest)).Set("refs0", ManifestReference.Encode(references));
        yield return Described(Tables.TagRow(Tag.Parse($"t{number:000000}")));

        TableEntity Described(string row) => new TableEntity("app", row)
            .Set("version", 1)
            .Set("digest", digest.ToString())
            .Set("mediaType", MediaTypes.OciManifest)
            .Set("size", 1234)
            .Set("blob", PathMapper.Content(new string(digest.Hex[..32])));
    }
}
