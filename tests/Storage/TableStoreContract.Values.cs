using Registry.Storage;
using Registry.Tests.Support;

namespace Registry.Tests.Storage;

/// <summary>What a row can hold, what its keys can be, its times and its limits.</summary>
public abstract partial class TableStoreContract
{
    private static readonly DateTimeOffset someTime = new(2026, 5, 6, 7, 8, 9, 123, TimeSpan.Zero);

    public static TheoryData<string> Strings =>
    [
        "", " ", "plain", "  kept  ", "42", "true", "2026-05-06T07:08:09Z", "it's \"quoted\" & <marked>", "a\nb\r\n\tc", "\\u0041 %41 +",
        "äöü ßéñ", "日本語", "🐳 whale", "\u0001\u007f\u0085\u2028", new string('x', 32 * 1024), new string('\u20ac', 32 * 1024),
    ];

    [Theory]
    [MemberData(nameof(Strings))]
    public async Task A_string_is_kept(string value)
    {
        await Write(TableOperation.Insert(Row("r").Set("value", value)));

        Assert.Equal(value, (await Find("r"))?.FindString("value"));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(long.MaxValue)]
    [InlineData(long.MinValue)]
    [InlineData((1L << 53) + 1)]
    [InlineData(int.MaxValue)]
    public async Task A_long_is_kept(long value)
    {
        await Write(TableOperation.Insert(Row("r").Set("value", value)));

        Assert.Equal(value, (await Find("r"))?.FindInt64("value"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_boolean_is_kept(bool value)
    {
        await Write(TableOperation.Insert(Row("r").Set("value", value)));

        Assert.Equal(value, (await Find("r"))?.FindBoolean("value"));
    }

    public static TheoryData<DateTimeOffset> Times =>
    [
        someTime,
        someTime.AddMilliseconds(-123),
        new DateTimeOffset(2026, 5, 6, 1, 8, 9, 999, TimeSpan.FromHours(-6)),
        new DateTimeOffset(1601, 1, 1, 0, 0, 0, TimeSpan.Zero),
        new DateTimeOffset(9999, 12, 31, 23, 59, 59, 999, TimeSpan.Zero),
    ];

    [Theory]
    [MemberData(nameof(Times))]
    public async Task A_time_is_kept_to_the_millisecond_in_utc(DateTimeOffset value)
    {
        await Write(TableOperation.Insert(Row("r").Set("value", value)));

        DateTimeOffset? found = (await Find("r"))?.FindTime("value");
        Assert.Equal(value, found);
        Assert.Equal(TimeSpan.Zero, found?.Offset);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1000)]
    [InlineData(64 * 1024)]
    public async Task Binary_is_kept(int length)
    {
        byte[] value = Content.Bytes(length, length);
        await Write(TableOperation.Insert(Row("r").Set("value", value)));

        Assert.Equal(value, (await Find("r"))?.FindBinary("value"));
    }

    [Fact]
    public async Task Properties_of_every_type_are_kept_together_and_names_tell_case()
    {
        TableEntity entity = new TableEntity("p", "r")
            .Set("name", "lower").Set("Name", "upper").Set("size", 7).Set("done", true).Set("at", someTime)
            .Set("bytes", (byte[])[1, 2]).Set("none", (string?)null).Set("a1", "digit");

        await Write(TableOperation.Insert(entity));

        TableEntity? found = await Find("r");
        Assert.Equal(entity.Properties.OrderBy(p => p.Key), found?.Properties.OrderBy(p => p.Key));
        Assert.Null(found?.FindString("none"));
    }

    [Fact]
    public async Task A_row_without_properties_is_kept()
    {
        await Write(TableOperation.Insert(new TableEntity("p", "r")));

        Assert.Empty((await Find("r"))!.Properties);
    }

    [Theory]
    [InlineData("sha256:abc")]
    [InlineData("100%")]
    [InlineData("%41")]
    [InlineData("a+b")]
    [InlineData("it's")]
    [InlineData("''")]
    [InlineData("a&b")]
    [InlineData("a b")]
    [InlineData("k=v")]
    [InlineData("!content")]
    [InlineData("library,ubuntu-a.b_c~d")]
    [InlineData("(a)@$*;")]
    [InlineData("\"q\"<a>{b}[c]|^`")]
    public async Task A_key_may_have_any_printable_character_but_four(string key)
    {
        string etag = await Insert(key, "one", key);
        Assert.Equal((key, key), ((await Find(key, key))!.Partition, (await Find(key, key))!.Row));
        Assert.Equal([key], await RowsOf(new TableQuery { Partition = key, FromRow = key }));
        Assert.Empty(await RowsOf(new TableQuery { Partition = key, BeforeRow = key }));

        await Insert("~", "other", key);
        TablePage page = await Store.Query(Table, new TableQuery { Partition = key, Take = 1 }, Cancel);
        Assert.Equal([key, "~"], [.. page.Entities.Select(e => e.Row), .. await RowsOf(new TableQuery { Partition = key, FromRow = key + " ", Take = 1 })]);
        Assert.Equal(["~"], (await Store.Query(Table, new TableQuery { Partition = key, Take = 1, Continue = page.Next }, Cancel)).Entities.Select(e => e.Row));

        TableResult replaced = await Write(TableOperation.Replace(Row(key, "two", key), etag));
        TableResult batch = await Batch(TableOperation.Replace(Row(key, "three", key), replaced.ETag), TableOperation.Delete(key, "~", null));
        Assert.Equal(batch.ETag, (await Find(key, key))?.ETag);
        Assert.True((await Write(TableOperation.Delete(key, key, batch.ETag))).IsDone);
        Assert.Null(await Find(key, key));
    }

    [Fact]
    public async Task The_longest_keys_are_kept()
    {
        string key = new('k', TableLimits.MaxKeyLength);
        await Insert(key, "v", key);

        Assert.NotNull(await Find(key, key));
    }

    public static TheoryData<string> BadKeys => ["", "a/b", "a\\b", "a#b", "a?b", "a\tb", "a\u007f", "ä", new string('k', TableLimits.MaxKeyLength + 1)];

    [Theory]
    [MemberData(nameof(BadKeys))]
    public async Task A_key_that_storage_would_not_take_is_refused(string key)
    {
        await Refused(() => Write(TableOperation.Insert(Row(key))));
        await Refused(() => Write(TableOperation.Insert(Row("r", "v", key))));
        await Refused(() => Write(TableOperation.Delete("p", key, null)));
        await Refused(() => Find(key));
        await Refused(() => Find("r", key));
        await Refused(() => Store.Query(Table, new TableQuery { Partition = key }, Cancel));
    }

    public static TheoryData<string, Func<TableEntity, TableEntity>> TooLarge => new()
    {
        { "string", e => e.Set("value", new string('x', (32 * 1024) + 1)) },
        { "binary", e => e.Set("value", new byte[(64 * 1024) + 1]) },
        { "entity", e => Enumerable.Range(0, 16).Aggregate(e, (entity, i) => entity.Set($"binary{i}", new byte[64 * 1024])) },
        { "properties", e => Enumerable.Range(0, 253).Aggregate(e, (entity, i) => entity.Set($"p{i}", 1)) },
        { "name with a dash", e => e.Set("a-b", 1) },
        { "name of a system property", e => e.Set("Timestamp", 1) },
        { "no name", e => e.Set("", 1) },
        { "half a surrogate pair", e => e.Set("value", "a\ud83d") },
        { "a time before 1601", e => e.Set("value", DateTimeOffset.MinValue) },
    };

    [Theory]
    [MemberData(nameof(TooLarge))]
    public async Task An_entity_that_breaks_a_limit_is_refused(string what, Func<TableEntity, TableEntity> fill)
    {
        Assert.NotEmpty(what);
        TableOperation insert = TableOperation.Insert(fill(new TableEntity("p", "r")));

        await Refused(() => Write(insert));
        await Refused(() => Batch(insert));
        Assert.Null(await Find("r"));
    }

    [Fact]
    public async Task An_entity_of_nearly_a_mebibyte_is_kept()
    {
        TableEntity entity = Wide("r", 15).Set("rest", new byte[64 * 1000]);

        Assert.True((await Write(TableOperation.Insert(entity))).IsDone);

        Assert.Equal(64 * 1000, (await Find("r"))?.GetBinary("rest").Length);
    }

    [Theory]
    [InlineData("")]
    [InlineData("*")]
    public async Task A_condition_on_no_version_is_refused(string etag)
    {
        await Insert("r");

        await Refused(() => Write(TableOperation.Replace(Row("r", "two"), etag)));
        await Refused(() => Write(TableOperation.Delete("p", "r", etag)));
        await AssertValue("r", "v");
    }

    [Theory]
    [InlineData("")]
    [InlineData("ab")]
    [InlineData("1abc")]
    [InlineData("abc-d")]
    [InlineData("Abc")]
    public async Task A_name_that_is_no_table_is_refused(string table) => await Refused(() => Store.CreateTable(table, Cancel));

    [Fact]
    public async Task A_row_grows_old_by_storages_clock_and_a_write_makes_it_young()
    {
        string etag = await Insert("r");
        TableEntity young = (await Find("r"))!;
        await PassTime();
        TableEntity old = (await Find("r"))!;
        await PassTime();
        await Write(TableOperation.Replace(Row("r"), etag));
        TableEntity rewritten = (await Find("r"))!;

        // A second's tolerance: storage may tell the time of a read in whole seconds.
        Assert.InRange(young.Age, TimeSpan.FromSeconds(-1), TimeSpan.FromMinutes(1));
        Assert.Equal(young.Timestamp, old.Timestamp);
        Assert.True(old.Age > young.Age);
        Assert.True(rewritten.Timestamp > old.Timestamp);
        Assert.InRange(rewritten.Age, TimeSpan.FromSeconds(-1), TimeSpan.FromMinutes(1));
        Assert.Equal(TimeSpan.Zero, rewritten.Timestamp.Offset);
    }

    [Theory]
    [InlineData("find")]
    [InlineData("query")]
    [InlineData("write")]
    [InlineData("batch")]
    [InlineData("create")]
    public async Task A_call_that_is_cancelled_before_it_begins_changes_nothing(string call)
    {
        var cancelled = new CancellationToken(canceled: true);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(call switch
        {
            "find" => () => Store.Find(Table, "p", "r", cancelled),
            "query" => () => Store.Query(Table, new TableQuery(), cancelled),
            "write" => () => Store.Write(Table, TableOperation.Insert(Row("r")), cancelled),
            "batch" => () => Store.WriteBatch(Table, [TableOperation.Insert(Row("r"))], cancelled),
            _ => () => Store.CreateTable(Table + "x", cancelled),
        });

        Assert.Empty(await QueryAll(new TableQuery()));
    }

    private static async Task Refused(Func<Task> call) => await Assert.ThrowsAnyAsync<ArgumentException>(call);
}
