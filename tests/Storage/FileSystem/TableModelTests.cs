using Registry.Storage;
using Registry.Storage.Memory;
using Registry.Tests.Support;

namespace Registry.Tests.Storage.FileSystem;

/// <summary>Tables on disk do what tables in memory do, over any number of restarts and compactions.</summary>
public sealed class TableModelTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task The_same_calls_give_the_same_results_and_rows(int seed)
    {
        var random = new Random(seed);
        var memory = new MemoryTableStore(new TestClock());
        await memory.CreateTable(OpenTables.Table, Cancel);
        var etags = new List<string> { "0" };
        for (int restart = 0; restart < 8; restart++)
        {
            await using OpenTables disk = await OpenTables.Open(folder["data"], options: OpenTables.Eager, seed: restart);
            Assert.Equal(await Rows(memory), await Rows(disk.Store));
            for (int i = 0; i < 40; i++)
            {
                TableOperation[] operations = [.. Enumerable.Range(0, random.Next(1, 4)).Select(row => RandomOperation(random, row, etags))];
                TableResult expected = await memory.WriteBatch(OpenTables.Table, operations, Cancel);
                TableResult actual = await disk.Store.WriteBatch(OpenTables.Table, operations, Cancel);

                Assert.Equal((expected.Status, expected.Failed), (actual.Status, actual.Failed));
                Assert.Equal(expected.ETags, actual.ETags);
                etags.AddRange(expected.ETags.OfType<string>());
            }

            Assert.Equal(await Rows(memory), await Rows(disk.Store));
        }
    }

    /// <summary>The rows of one batch differ by the number of the operation.</summary>
    private static TableOperation RandomOperation(Random random, int number, List<string> etags)
    {
        string row = $"{number}-{random.Next(5)}";
        TableEntity entity = new TableEntity("p", row).Set("value", random.Next()).Set("bytes", Content.Bytes(number, random.Next(50)));
        string etag = etags[^Math.Min(etags.Count, random.Next(1, 20))];
        return random.Next(6) switch
        {
            0 => TableOperation.Insert(entity),
            1 => TableOperation.Replace(entity, etag),
            2 => TableOperation.Delete("p", row, etag),
            3 => TableOperation.Delete("p", row, null),
            _ => TableOperation.Upsert(entity),
        };
    }

    private static async Task<string[]> Rows(ITableStore store)
    {
        TablePage page = await store.Query(OpenTables.Table, new TableQuery(), Cancel);
        return
        [
            .. page.Entities.Select(e => $"{e.Row} {e.ETag} {e.Timestamp:o} {e.GetInt64("value")} {Convert.ToHexString(e.GetBinary("bytes"))}"),
        ];
    }
}
