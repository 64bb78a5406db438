using System.Globalization;
using Registry.Digests;
using Registry.Manifests;
using Registry.Repositories;
using Registry.Tests.Support;

namespace Registry.Tests.Api;

/// <summary>A page of a list is one storage transaction: counted where storage counts it, in Azurite's access log.</summary>
public sealed class ListCostOnAzuriteTests(AzuriteFixture azurite)
{
    private const int Many = 5000;
    private const int Referrers = 1200;

    [Fact]
    public async Task A_page_of_each_list_is_one_transaction()
    {
        var cancellation = TestContext.Current.CancellationToken;
        var account = await azurite.NewAccount();
        var storage = await account.OpenReady(cancellation);
        foreach (var table in Registry.Storage.Tables.All)
            await storage.Tables.CreateTable(table, cancellation);
        var core = new RegistryCore(storage.Blobs, storage.Tables);
        var (repository, subject) = (RepositoryName.Parse("app"), Digest.Compute(DigestAlgorithm.Sha256, "subject"u8));
        foreach (var tags in Enumerable.Range(0, Many).Select(Name).Chunk(ManifestService.MaxTags))
            await core.Put("app", "app", tags);
        await Parallel.ForEachAsync(Enumerable.Range(0, Many), cancellation, async (i, cancel) => await core.Catalog.Add(RepositoryName.Parse(Name(i)), cancel));
        await Parallel.ForEachAsync(Enumerable.Range(0, Referrers), cancellation, async (i, _) => await core.Put("app", Name(i), [], subject));

        foreach (var last in (string?[])[null, Name(Many / 2)])
        {
            await Costs(1, async () => Assert.Equal(1000, (await core.Manifests.Tags(repository, last is null ? null : Tag.Parse(last), 1000, cancellation)).Names.Count));
            await Costs(1, async () => Assert.Equal(100, (await core.Manifests.Tags(repository, last is null ? null : Tag.Parse(last), 100, cancellation)).Names.Count));
            await Costs(1, async () => Assert.Equal(1000, (await core.Catalog.List(last is null ? null : RepositoryName.Parse(last), 1000, cancellation)).Names.Count));
        }

        ReferrerPage? page = null;
        await Costs(1, async () => page = await core.Referrers.List(repository, subject, null, null, cancellation));
        Assert.True(page!.More);
        await Costs(1, async () => page = await core.Referrers.List(repository, subject, null, page!.Referrers[^1].Info.Digest, cancellation));
        Assert.False(page!.More);

        async Task Costs(int transactions, Func<Task> action) => Assert.Equal(transactions, (await account.RequestsDuring(action, cancellation)).Length);
    }

    private static string Name(int number) => number.ToString("000000", CultureInfo.InvariantCulture);
}
