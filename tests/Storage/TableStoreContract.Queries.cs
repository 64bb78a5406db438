using Registry.Storage;

namespace Registry.Tests.Storage;

/// <summary>Order, ranges, pages and filters.</summary>
public abstract partial class TableStoreContract
{
    private static readonly string[] mixedRows =
    [
        "b", "a", "B", "A", "a,b", "a-b", "a.b", "ab", "a!", "!content", "a b", "aB", "a0", "a~", "0", "-", ".", ",", "~", "_", "a:b", "Z", "z",
    ];

    [Fact]
    public async Task Only_the_selected_properties_come_with_keys_version_and_times()
    {
        var row = new TableEntity("p", "a").Set("small", "x").Set("large", new byte[60_000]).Set("number", 7);
        var written = await Store.Write(Table, TableOperation.Insert(row), Cancel);

        var page = await Store.Query(Table, new TableQuery { Partition = "p", Select = ["small", "absent"] }, Cancel);

        var read = Assert.Single(page.Entities);
        Assert.Equal(["small"], read.Properties.Keys);
        Assert.Equal(written.ETag, read.ETag);
        Assert.NotEqual(default, read.Timestamp);
    }

    [Fact]
    public async Task Rows_come_in_ordinal_order()
    {
        await InsertAll(mixedRows);

        Assert.Equal(mixedRows.Order(StringComparer.Ordinal), await RowsOf(new TableQuery { Partition = "p" }));
        Assert.Equal(mixedRows.Order(StringComparer.Ordinal), await RowsOf(new TableQuery { Partition = "p", Take = 3 }));
    }

    [Theory]
    [InlineData(null, null)]
    [InlineData("a", null)]
    [InlineData(null, "a")]
    [InlineData("a", "b")]
    [InlineData("a!", "a~")]
    [InlineData("A", "a")]
    [InlineData("aa", "ab")]
    [InlineData("a", "a")]
    [InlineData("b", "a")]
    [InlineData("zz", null)]
    [InlineData("~~", null)]
    [InlineData(null, "!")]
    public async Task A_range_of_rows_has_its_first_and_not_its_last(string? from, string? before)
    {
        await InsertAll(mixedRows);
        await Insert("a", partition: "o");
        await Insert("a", partition: "q");
        string[] expected =
        [
            .. mixedRows.Order(StringComparer.Ordinal).Where(row =>
                (from is null || string.CompareOrdinal(row, from) >= 0) && (before is null || string.CompareOrdinal(row, before) < 0)),
        ];

        Assert.Equal(expected, await RowsOf(new TableQuery { Partition = "p", FromRow = from, BeforeRow = before }));
        Assert.Equal(expected, await RowsOf(new TableQuery { Partition = "p", FromRow = from, BeforeRow = before, Take = 2 }));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(24)]
    [InlineData(25)]
    [InlineData(26)]
    [InlineData(1000)]
    public async Task Pages_cover_every_row_once(int take)
    {
        string[] rows = [.. Enumerable.Range(0, 25).Select(i => $"r{i:d2}")];
        await InsertAll(rows);

        Assert.Equal(rows, await RowsOf(new TableQuery { Partition = "p", Take = take }));
    }

    [Fact]
    public async Task A_page_has_at_most_a_thousand_rows_and_more_follow()
    {
        string[] rows = [.. Enumerable.Range(0, 1001).Select(i => $"r{i:d4}")];
        await InsertAll(rows);

        TablePage page = await Store.Query(Table, new TableQuery { Partition = "p" }, Cancel);

        Assert.InRange(page.Entities.Count, 0, 1000);
        Assert.NotNull(page.Next);
        Assert.Equal(rows, await RowsOf(new TableQuery { Partition = "p" }));
    }

    [Fact]
    public async Task A_page_follows_though_the_rows_around_its_beginning_went()
    {
        await InsertAll(["a", "b", "c", "d", "e"]);
        var query = new TableQuery { Partition = "p", Take = 2 };
        TablePage first = await Store.Query(Table, query, Cancel);
        string[] seen = [.. first.Entities.Select(e => e.Row)];
        Assert.NotNull(first.Next);

        await Batch([.. seen.Append("c").Select(row => TableOperation.Delete("p", row, null))]);
        await InsertAll(["a0", "d0"]);
        var continuation = new TableContinuation(first.Next.Partition, first.Next.Row);
        TablePage second = await Store.Query(Table, query with { Take = 1000, Continue = continuation }, Cancel);

        Assert.Equal(["a", "b"], seen);
        Assert.Equal(["d", "d0", "e"], second.Entities.Select(e => e.Row));
        Assert.Null(second.Next);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(1000)]
    public async Task A_whole_table_comes_in_order_of_partition_and_row(int take)
    {
        await Store.CreateTable(Table + "x", Cancel);
        await Store.Write(Table + "x", TableOperation.Insert(Row("other")), Cancel);
        (string Partition, string Row)[] keys = [("b", "2"), ("a", "2"), ("a!", "0"), ("B", "9"), ("b", "1"), ("a", "10"), ("a", "!content")];
        foreach ((string partition, string row) in keys)
            await Insert(row, partition: partition);

        List<TableEntity> found = await QueryAll(new TableQuery { Take = take });

        Assert.Equal(
            keys.OrderBy(k => k.Partition, StringComparer.Ordinal).ThenBy(k => k.Row, StringComparer.Ordinal),
            found.Select(e => (e.Partition, e.Row)));
    }

    [Fact]
    public async Task A_partition_without_rows_is_an_empty_last_page()
    {
        await Insert("r");

        TablePage page = await Store.Query(Table, new TableQuery { Partition = "absent" }, Cancel);

        Assert.Empty(page.Entities);
        Assert.Null(page.Next);
    }

    [Theory]
    [InlineData("x", 1000, "a c e")]
    [InlineData("x", 1, "a c e")]
    [InlineData("x'y", 1000, "d")]
    [InlineData("X", 1000, "")]
    [InlineData("7", 1000, "")]
    [InlineData("", 1000, "f")]
    public async Task A_filter_gives_the_rows_in_which_a_string_has_that_value(string value, int take, string expected)
    {
        foreach ((string row, string content) in ((string, string)[])[("a", "x"), ("b", "y"), ("c", "x"), ("d", "x'y"), ("e", "x"), ("f", "")])
            await Write(TableOperation.Insert(new TableEntity("p", row).Set("kind", content)));
        await Write(TableOperation.Insert(new TableEntity("p", "g").Set("other", "x")));
        await Write(TableOperation.Insert(new TableEntity("p", "h").Set("kind", 7)));
        await Write(TableOperation.Insert(new TableEntity("q", "a").Set("kind", "x")));

        var query = new TableQuery { Partition = "p", Where = ("kind", value), Take = take };

        Assert.Equal(expected.Split(' ', StringSplitOptions.RemoveEmptyEntries), await RowsOf(query));
    }

    [Fact]
    public async Task A_filter_holds_within_a_range_and_across_partitions()
    {
        foreach (string row in (string[])["a", "b", "c", "d"])
            await Insert(row, row is "b" ? "no" : "yes");
        await Insert("b", "yes", partition: "q");

        Assert.Equal(["c"], await RowsOf(new TableQuery { Partition = "p", FromRow = "b", BeforeRow = "d", Where = ("value", "yes") }));
        Assert.Equal(["a", "c", "d", "b"], await RowsOf(new TableQuery { Where = ("value", "yes"), Take = 1 }));
    }

    [Fact]
    public async Task A_row_of_a_page_is_what_find_gives()
    {
        await Insert("r", "one");
        TableEntity found = (await Find("r"))!;

        TableEntity queried = Assert.Single((await Store.Query(Table, new TableQuery { Partition = "p" }, Cancel)).Entities);

        Assert.Equal((found.ETag, found.Timestamp), (queried.ETag, queried.Timestamp));
        Assert.Equal(found.Properties, queried.Properties);
        Assert.InRange(queried.Age, TimeSpan.FromSeconds(-2), TimeSpan.FromMinutes(1));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(1001)]
    public async Task A_page_of_no_or_too_many_rows_is_refused(int take) =>
        await Assert.ThrowsAnyAsync<ArgumentException>(() => Store.Query(Table, new TableQuery { Take = take }, Cancel));

    [Fact]
    public async Task A_bound_of_rows_without_a_partition_is_refused()
    {
        await Assert.ThrowsAnyAsync<ArgumentException>(() => Store.Query(Table, new TableQuery { FromRow = "a" }, Cancel));
        await Assert.ThrowsAnyAsync<ArgumentException>(() => Store.Query(Table, new TableQuery { BeforeRow = "a" }, Cancel));
    }
}
