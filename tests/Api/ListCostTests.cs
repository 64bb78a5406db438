using System.Diagnostics;
using System.Globalization;
using Registry.Digests;
using Registry.Manifests;
using Registry.Repositories;
using Registry.Storage;
using Registry.Storage.Memory;
using Registry.Tests.Storage.FileSystem;
using Registry.Tests.Support;

namespace Registry.Tests.Api;

/// <summary>A page of a list costs one storage query, however long the list is.</summary>
public sealed class ListCostTests
{
    private const int Many = 5000;

    private static readonly RepositoryName repository = RepositoryName.Parse("app");
    private static readonly Digest subject = Digest.Compute(DigestAlgorithm.Sha256, "subject"u8);

    private readonly CountingTableStore tables;
    private readonly RegistryCore core;

    public ListCostTests()
        : this(new MemoryTableStore(TimeProvider.System))
    {
    }

    private ListCostTests(ITableStore store)
    {
        tables = new CountingTableStore(store);
        core = new RegistryCore(new MemoryStorageDriver(TimeProvider.System), tables);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>A page's size, and the rows that it may read: its own, and one that tells whether there are more.</summary>
    public static TheoryData<int, int> Pages => new() { { 1, 2 }, { 100, 101 }, { 999, 1000 }, { 1000, 1000 } };

    [Theory, MemberData(nameof(Pages))]
    public async Task A_page_of_tags_is_one_query(int size, int rows)
    {
        await PutTags(Many);
        foreach (var last in (Tag?[])[null, Tag.Parse(Name(Many / 2))])
        {
            NamePage? page = null;
            var (calls, read) = await tables.During(async () => page = await core.Manifests.Tags(repository, last, size, Cancellation));

            Assert.Equal([$"Query {Tables.Manifests}"], calls);
            Assert.Equal(rows, read);
            Assert.Equal(Enumerable.Range(last is null ? 0 : Many / 2 + 1, size).Select(Name), page!.Names);
            Assert.True(page.More);
        }
    }

    [Theory, MemberData(nameof(Pages))]
    public async Task A_page_of_repositories_is_one_query(int size, int rows)
    {
        await CreateTables();
        for (var i = 0; i < Many; i++)
            await core.Catalog.Add(RepositoryName.Parse(Name(i)), Cancellation);
        foreach (var last in (RepositoryName?[])[null, RepositoryName.Parse(Name(Many / 2))])
        {
            NamePage? page = null;
            var (calls, read) = await tables.During(async () => page = await core.Catalog.List(last, size, Cancellation));

            Assert.Equal([$"Query {Tables.Repositories}"], calls);
            Assert.Equal(rows, read);
            Assert.Equal(Enumerable.Range(last is null ? 0 : Many / 2 + 1, size).Select(Name), page!.Names);
            Assert.True(page.More);
        }
    }

    [Fact]
    public async Task A_page_of_referrers_is_one_query_and_the_pages_make_the_list()
    {
        await CreateTables();
        for (var i = 0; i < 2500; i++)
            await core.Put("app", Name(i), [], subject);

        var seen = new List<string>();
        for (ReferrerPage? page = null; page is null or { More: true };)
        {
            var last = page?.Referrers[^1].Info.Digest;
            var (calls, _) = await tables.During(async () => page = await core.Referrers.List(repository, subject, null, last, Cancellation));

            Assert.Equal([$"Query {Tables.Manifests}"], calls);
            Assert.InRange(page!.Referrers.Count, 500, 1000);
            seen.AddRange(page.Referrers.Select(r => r.Info.Digest.ToString()));
        }

        Assert.Equal(2500, seen.Count);
        Assert.Equal(seen.Order(StringComparer.Ordinal), seen);
        Assert.Distinct(seen);
    }

    [Fact]
    public async Task A_page_of_referrers_stays_within_what_clients_read()
    {
        const int Annotation = 30_000;
        await CreateTables();
        for (var i = 0; i < 300; i++)
            await core.Put("app", Name(i), [], subject, Annotation);

        var (pages, seen) = (0, new List<Digest>());
        for (ReferrerPage? page = null; page is null or { More: true }; pages++)
        {
            page = await core.Referrers.List(repository, subject, null, page?.Referrers[^1].Info.Digest, Cancellation);
            Assert.InRange(page.Referrers.Sum(r => r.Annotations!.Length), Annotation, 4 * 1024 * 1024);
            seen.AddRange(page.Referrers.Select(r => r.Info.Digest));
        }

        Assert.Equal(300, seen.Distinct().Count());
        Assert.Equal(300, seen.Count);
        Assert.Equal(3, pages);
    }

    /// <summary>Measures, and asserts nothing by time: run it with <c>-explicit only</c> (docs/api.md, "Lists").</summary>
    [Fact(Explicit = true)]
    public async Task Time_of_a_page_at_100_and_at_100_000_tags_on_embedded_storage()
    {
        using var folder = new TemporaryFolder();
        await using var large = await OpenTables.Open(folder["large"]);
        await using var small = await OpenTables.Open(folder["small"]);
        var (many, few) = (new ListCostTests(large.Store), new ListCostTests(small.Store));
        await many.PutTags(100_000);
        await few.PutTags(100);
        List<double> manyTimes = [], fewTimes = [];

        // In turns, so that whatever else the machine does befalls both.
        for (var round = 0; round < 60; round++)
        {
            fewTimes.Add(await TimeOfPage(few.core, 50));
            manyTimes.Add(await TimeOfPage(many.core, 50_000));
        }

        // The fastest: what else the machine does only adds.
        var (fewest, most) = (fewTimes.Min(), manyTimes.Min());
        TestContext.Current.TestOutputHelper!.WriteLine(
            $"a page of 40 tags, fastest of 60 rounds: {fewest:0.0} µs of 100, {most:0.0} µs of 100,000; ratio {most / fewest:0.00}");
    }

    private static async Task<double> TimeOfPage(RegistryCore core, int after)
    {
        const int Pages = 100;
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < Pages; i++)
            await core.Manifests.Tags(repository, Tag.Parse(Name(after)), 40, Cancellation);
        return Stopwatch.GetElapsedTime(start).TotalMicroseconds / Pages;
    }

    private static string Name(int number) => number.ToString("000000", CultureInfo.InvariantCulture);

    private async Task PutTags(int count)
    {
        await CreateTables();
        foreach (var tags in Enumerable.Range(0, count).Select(Name).Chunk(ManifestService.MaxTags))
            await core.Put("app", "app", tags);
    }

    private async Task CreateTables()
    {
        foreach (var table in Tables.All)
            await tables.CreateTable(table, Cancellation);
    }
}
