using Registry.Storage;

namespace Registry.Tests.Storage;

/// <summary>Batches: all of it, or none.</summary>
public abstract partial class TableStoreContract
{
    [Fact]
    public async Task A_batch_does_every_kind_of_operation_and_gives_their_etags_in_order()
    {
        string replaced = await Insert("replaced");
        string deleted = await Insert("deleted");
        await Insert("dropped");

        TableResult result = await Batch(
            TableOperation.Insert(Row("inserted", "1")),
            TableOperation.Delete("p", "deleted", deleted),
            TableOperation.Replace(Row("replaced", "2"), replaced),
            TableOperation.Upsert(Row("upserted", "3")),
            TableOperation.Delete("p", "dropped", null));

        Assert.Equal(TableStatus.Done, result.Status);
        Assert.Equal(
            [(await Find("inserted"))?.ETag, null, (await Find("replaced"))?.ETag, (await Find("upserted"))?.ETag, null],
            result.ETags);
        Assert.Equal(["inserted", "replaced", "upserted"], await RowsOf(new TableQuery { Partition = "p" }));
        await AssertValue("replaced", "2");
    }

    public static TheoryData<string, TableStatus, int> FailingOperations
    {
        get
        {
            var data = new TheoryData<string, TableStatus, int>();
            foreach (int at in (int[])[0, 2, 4])
            {
                data.Add("insert over a row", TableStatus.Exists, at);
                data.Add("replace a changed row", TableStatus.Changed, at);
                data.Add("replace no row", TableStatus.Missing, at);
                data.Add("delete a changed row", TableStatus.Changed, at);
                data.Add("delete no row", TableStatus.Missing, at);
                data.Add("delete no row of any version", TableStatus.Missing, at);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(FailingOperations))]
    public async Task A_batch_with_one_lost_condition_changes_nothing_and_says_which(string failing, TableStatus status, int at)
    {
        string stale = await Insert("changed", "one");
        await Write(TableOperation.Upsert(Row("changed", "two")));
        string kept = await Insert("kept");
        var operations = new List<TableOperation>
        {
            TableOperation.Insert(Row("new")),
            TableOperation.Upsert(Row("kept", "lost")),
            TableOperation.Insert(Row("new2")),
            TableOperation.Insert(Row("new3")),
        };
        operations.Insert(at, failing switch
        {
            "insert over a row" => TableOperation.Insert(Row("changed", "three")),
            "replace a changed row" => TableOperation.Replace(Row("changed", "three"), stale),
            "replace no row" => TableOperation.Replace(Row("missing"), stale),
            "delete a changed row" => TableOperation.Delete("p", "changed", stale),
            "delete no row" => TableOperation.Delete("p", "missing", stale),
            _ => TableOperation.Delete("p", "missing", null),
        });

        TableResult result = await Batch([.. operations]);

        Assert.Equal((status, at), (result.Status, result.Failed));
        Assert.Empty(result.ETags);
        Assert.Equal(["changed", "kept"], await RowsOf(new TableQuery { Partition = "p" }));
        await AssertValue("changed", "two");
        Assert.Equal(kept, (await Find("kept"))?.ETag);
    }

    [Fact]
    public async Task A_batch_of_one_hundred_rows_is_written()
    {
        string[] rows = [.. Enumerable.Range(0, 100).Select(i => $"r{i:d3}")];

        TableResult result = await Batch([.. rows.Select(row => TableOperation.Upsert(Row(row)))]);

        Assert.Equal(100, result.ETags.Count);
        Assert.Equal(rows, await RowsOf(new TableQuery { Partition = "p" }));
    }

    [Theory]
    [InlineData("none")]
    [InlineData("101")]
    [InlineData("two partitions")]
    [InlineData("one row twice")]
    [InlineData("over 4 MiB")]
    public async Task A_batch_that_breaks_a_limit_is_refused(string batch)
    {
        TableOperation[] operations = batch switch
        {
            "none" => [],
            "101" => [.. Enumerable.Range(0, 101).Select(i => TableOperation.Insert(Row($"r{i:d3}")))],
            "two partitions" => [TableOperation.Insert(Row("r")), TableOperation.Insert(Row("s", "v", "q"))],
            "one row twice" => [TableOperation.Insert(Row("r")), TableOperation.Delete("p", "r", null)],
            _ => [.. Enumerable.Range(0, 5).Select(i => TableOperation.Insert(Wide($"r{i}", 15)))],
        };

        await Assert.ThrowsAnyAsync<ArgumentException>(() => Batch(operations));
        Assert.Empty(await QueryAll(new TableQuery()));
    }

    /// <summary>A row with so many binary properties of 64 KiB.</summary>
    private static TableEntity Wide(string row, int properties)
    {
        var entity = new TableEntity("p", row);
        for (int i = 0; i < properties; i++)
            entity.Set($"binary{i}", new byte[64 * 1024]);
        return entity;
    }
}
