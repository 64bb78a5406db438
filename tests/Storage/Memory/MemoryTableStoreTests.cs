using System.Diagnostics;
using Registry.Storage;
using Registry.Storage.Memory;
using Registry.Tests.Support;

namespace Registry.Tests.Storage.Memory;

public sealed class MemoryTableStoreTests : TableStoreContract
{
    private readonly TestClock clock = new();

    protected override ValueTask<ITableStore> CreateStore() => new(new MemoryTableStore(clock));

    protected override Task PassTime()
    {
        clock.Advance(TimeSpan.FromSeconds(1));
        return Task.CompletedTask;
    }

    [Fact]
    public async Task Times_are_the_clocks()
    {
        await Insert("r");
        DateTimeOffset written = clock.GetUtcNow();
        clock.Advance(TimeSpan.FromHours(3));

        TableEntity found = (await Find("r"))!;

        Assert.Equal((written, clock.GetUtcNow()), (found.Timestamp, found.ReadAt));
        Assert.Equal(TimeSpan.FromHours(3), found.Age);
    }

    [Fact]
    public async Task The_same_calls_give_the_same_etags()
    {
        var other = new MemoryTableStore(new TestClock());
        await other.CreateTable(Table, Cancel);

        Assert.Equal(await Insert("r"), (await other.Write(Table, TableOperation.Insert(Row("r")), Cancel)).ETag);
    }

    /// <summary>While one writer moves a token between two rows in batches, every page shows it in exactly one of them.</summary>
    [Fact]
    public async Task A_page_never_shows_half_of_a_batch()
    {
        await Batch(TableOperation.Insert(Row("a", "token")), TableOperation.Insert(Row("b", "none")));
        Task writer = Task.Run(
            async () =>
            {
                for (int i = 0; i < 5000; i++)
                {
                    string[] values = i % 2 == 0 ? ["none", "token"] : ["token", "none"];
                    await Batch(TableOperation.Upsert(Row("a", values[0])), TableOperation.Upsert(Row("b", values[1])));
                }
            },
            Cancel);

        do
        {
            TablePage page = await Store.Query(Table, new TableQuery { Partition = "p" }, Cancel);
            Assert.Single(page.Entities, e => e.FindString("value") == "token");
        }
        while (!writer.IsCompleted);
        await writer;
    }

    /// <summary>A page from the middle of 100,000 rows costs what one of 200 rows does. Reading up to it would cost 500 times that; 20 leaves room for a busy machine.</summary>
    [Fact]
    public async Task A_page_costs_in_proportion_to_the_page()
    {
        await InsertAll(Enumerable.Range(0, 200).Select(i => $"{i:d6}"), "small");
        await InsertAll(Enumerable.Range(0, 100_000).Select(i => $"{i:d6}"), "large");

        TimeSpan small = await MedianTime("small", "000100");
        TimeSpan large = await MedianTime("large", "050000");

        Assert.True(large < 20 * small, $"{large} against {small}");
    }

    private async Task<TimeSpan> MedianTime(string partition, string from)
    {
        var times = new List<TimeSpan>();
        for (int i = 0; i < 51; i++)
        {
            long start = Stopwatch.GetTimestamp();
            TablePage page = await Store.Query(Table, new TableQuery { Partition = partition, FromRow = from, Take = 100 }, Cancel);
            times.Add(Stopwatch.GetElapsedTime(start));
            Assert.Equal(100, page.Entities.Count);
        }

        return times.Order().ElementAt(25);
    }
}
