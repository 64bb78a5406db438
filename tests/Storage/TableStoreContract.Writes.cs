using Registry.Storage;

namespace Registry.Tests.Storage;

/// <summary>Single conditional writes.</summary>
public abstract partial class TableStoreContract
{
    [Fact]
    public async Task A_row_that_was_never_written_is_absent() => Assert.Null(await Find("r"));

    [Fact]
    public async Task Making_a_table_again_is_harmless()
    {
        await Insert("r");

        await Store.CreateTable(Table, Cancel);

        await AssertValue("r", "v");
    }

    [Theory]
    [InlineData("find")]
    [InlineData("query")]
    [InlineData("write")]
    [InlineData("batch")]
    public async Task A_table_that_was_never_made_is_a_failure_not_an_absent_row(string call)
    {
        string absent = Table + "x";

        var error = await Assert.ThrowsAsync<StorageFailedException>(call switch
        {
            "find" => () => Store.Find(absent, "p", "r", Cancel),
            "query" => () => Store.Query(absent, new TableQuery(), Cancel),
            "write" => () => Store.Write(absent, TableOperation.Delete("p", "r", null), Cancel),
            _ => () => Store.WriteBatch(absent, [TableOperation.Insert(Row("r"))], Cancel),
        });

        Assert.Equal("TableNotFound", error.Code);
    }

    [Fact]
    public async Task An_inserted_row_is_read_back_with_its_keys_and_etag()
    {
        string etag = await Insert("r", "one");

        TableEntity? found = await Find("r");

        Assert.NotNull(found);
        Assert.Equal(("p", "r", etag), (found.Partition, found.Row, found.ETag));
        Assert.Equal("one", Assert.Single(found.Properties).Value);
    }

    [Fact]
    public async Task An_insert_over_a_row_finds_it_there_and_leaves_it()
    {
        string etag = await Insert("r", "one");

        TableResult result = await Write(TableOperation.Insert(Row("r", "two")));

        Assert.Equal(TableStatus.Exists, result.Status);
        Assert.Empty(result.ETags);
        Assert.False(result.IsDone);
        Assert.Equal(etag, (await Find("r"))?.ETag);
        await AssertValue("r", "one");
    }

    [Fact]
    public async Task A_replace_takes_the_place_of_all_properties()
    {
        string etag = await Insert("r", "one");

        TableResult result = await Write(TableOperation.Replace(new TableEntity("p", "r").Set("other", 1), etag));

        Assert.Equal(TableStatus.Done, result.Status);
        TableEntity? found = await Find("r");
        Assert.Equal(result.ETag, found?.ETag);
        Assert.Equal(["other"], found?.Properties.Keys);
    }

    [Fact]
    public async Task A_replace_with_an_older_etag_finds_the_row_changed()
    {
        string first = await Insert("r", "one");
        string second = (await Write(TableOperation.Replace(Row("r", "two"), first))).ETag;

        TableResult result = await Write(TableOperation.Replace(Row("r", "three"), first));

        Assert.Equal(TableStatus.Changed, result.Status);
        await AssertValue("r", "two");
        Assert.Equal(second, (await Find("r"))?.ETag);
    }

    [Fact]
    public async Task A_replace_or_delete_of_no_row_finds_it_missing()
    {
        string etag = await Insert("other");

        Assert.Equal(TableStatus.Missing, (await Write(TableOperation.Replace(Row("r"), etag))).Status);
        Assert.Equal(TableStatus.Missing, (await Write(TableOperation.Delete("p", "r", etag))).Status);
        Assert.Equal(TableStatus.Missing, (await Write(TableOperation.Delete("p", "r", null))).Status);
        Assert.Null(await Find("r"));
    }

    [Fact]
    public async Task An_upsert_writes_whatever_is_there()
    {
        string first = (await Write(TableOperation.Upsert(Row("r", "one")))).ETag;
        string second = (await Write(TableOperation.Upsert(new TableEntity("p", "r").Set("other", true)))).ETag;

        TableEntity? found = await Find("r");
        Assert.NotEqual(first, second);
        Assert.Equal(second, found?.ETag);
        Assert.Equal(["other"], found?.Properties.Keys);
    }

    [Fact]
    public async Task A_delete_removes_the_row_with_that_etag()
    {
        string etag = await Insert("r");

        TableResult result = await Write(TableOperation.Delete("p", "r", etag));

        Assert.Equal(TableStatus.Done, result.Status);
        Assert.Equal([null], result.ETags);
        Assert.Null(await Find("r"));
        Assert.Equal(TableStatus.Missing, (await Write(TableOperation.Delete("p", "r", etag))).Status);
    }

    [Fact]
    public async Task A_delete_with_an_older_etag_finds_the_row_changed()
    {
        string first = await Insert("r", "one");
        await Write(TableOperation.Upsert(Row("r", "two")));

        Assert.Equal(TableStatus.Changed, (await Write(TableOperation.Delete("p", "r", first))).Status);
        await AssertValue("r", "two");
    }

    [Fact]
    public async Task A_delete_without_etag_removes_the_row_whatever_its_version()
    {
        await Insert("r");
        await Write(TableOperation.Upsert(Row("r", "two")));

        Assert.True((await Write(TableOperation.Delete("p", "r", null))).IsDone);
        Assert.Null(await Find("r"));
    }

    [Fact]
    public async Task An_etag_is_never_used_again_even_for_equal_content()
    {
        var etags = new List<string> { await Insert("r", "same") };
        for (int i = 0; i < 10; i++)
            etags.Add((await Write(TableOperation.Upsert(Row("r", "same")))).ETag);
        for (int i = 0; i < 10; i++)
            etags.Add((await Write(TableOperation.Replace(Row("r", "same"), etags[^1]))).ETag);
        await Write(TableOperation.Delete("p", "r", etags[^1]));
        etags.Add(await Insert("r", "same"));

        Assert.Equal(etags.Count, etags.Distinct().Count());
    }

    [Theory]
    [InlineData("replace")]
    [InlineData("insert")]
    [InlineData("delete")]
    [InlineData("batch")]
    public async Task Of_racing_writers_exactly_one_wins(string kind)
    {
        const int writers = 8;
        string etag = await Insert("r", "before");
        Func<int, TableOperation> operation = kind switch
        {
            "insert" => i => TableOperation.Insert(Row("new", $"{i}")),
            "delete" => i => TableOperation.Delete("p", "r", etag),
            _ => i => TableOperation.Replace(Row("r", $"{i}"), etag),
        };

        TableResult[] results = await Task.WhenAll(Enumerable.Range(0, writers).Select(i => Task.Run(
            () => kind == "batch" ? Batch(TableOperation.Upsert(Row("side", $"{i}")), operation(i)) : Write(operation(i)),
            Cancel)));

        int winner = Array.FindIndex(results, r => r.IsDone);
        TableStatus lost = kind switch { "insert" => TableStatus.Exists, "delete" => TableStatus.Missing, _ => TableStatus.Changed };
        Assert.Single(results, r => r.IsDone);
        Assert.Equal(writers - 1, results.Count(r => r.Status == lost));
        if (kind == "batch")
            await AssertValue("side", $"{winner}");
        if (kind != "delete")
            await AssertValue(kind == "insert" ? "new" : "r", $"{winner}");
    }

    [Fact]
    public async Task A_change_to_what_was_written_or_read_does_not_reach_the_store()
    {
        byte[] bytes = [1, 2, 3];
        TableEntity written = Row("r").Set("bytes", bytes);
        await Write(TableOperation.Insert(written));

        bytes[0] = 9;
        written.Set("value", "changed");
        TableEntity read = (await Find("r"))!;
        read.Set("value", "changed");
        read.GetBinary("bytes")[1] = 9;

        await AssertValue("r", "v");
        Assert.Equal([1, 2, 3], (await Find("r"))?.GetBinary("bytes"));
    }
}
