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

        // In turns, and the best of each: what else the machine does makes some of them slow, never all of one and none of the other.
        (TimeSpan small, TimeSpan large) = (TimeSpan.MaxValue, TimeSpan.MaxValue);
        for (int i = 0; i < 50; i++)
        {
            small = Shorter(small, await Time("small", "000100"));
            large = Shorter(large, await Time("large", "050000"));
        }

        Assert.True(large < 20 * small, $"{large} against {small}");
    }

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one < other ? one : other;

    private async Task<TimeSpan> Time(string partition, string from)
    {
        long start = Stopwatch.GetTimestamp();
        TablePage page = await Store.Query(Table, new TableQuery { Partition = partition, FromRow = from, Take = 100 }, Cancel);
        TimeSpan time = Stopwatch.GetElapsedTime(start);
        Assert.Equal(100, page.Entities.Count);
        return time;
    }
}
