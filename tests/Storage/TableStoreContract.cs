using Registry.Storage;
using Registry.Tests.Support;

namespace Registry.Tests.Storage;

/// <summary>What <see cref="ITableStore"/> promises, held against every implementation.</summary>
/// <remarks>
/// Each test has a table of its own, with the same name in every run, and leaves it behind: the seam deletes no tables, and the account or
/// folder that a test run made goes as a whole. On a storage that outlives the run, the derived class gives its tables a prefix of the run.
/// </remarks>
public abstract partial class TableStoreContract : IAsyncLifetime
{
    protected ITableStore Store { get; set; } = null!;

    /// <summary>The running test's table.</summary>
    protected string Table { get; private set; } = null!;

    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>A store in which the test's table is not there yet.</summary>
    protected abstract ValueTask<ITableStore> CreateStore();

    /// <summary>Lets storage's clock move by a second or more; with a real one that is waiting.</summary>
    protected virtual Task PassTime() => Task.Delay(TimeSpan.FromSeconds(1.1), Cancel);

    public virtual async ValueTask InitializeAsync()
    {
        Table = "t" + new SeededIds(TestSeed.Current).NewHex(8);
        Store = await CreateStore();
        await Store.CreateTable(Table, Cancel);
    }

    public virtual ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    protected static TableEntity Row(string row, string value = "v", string partition = "p") =>
        new TableEntity(partition, row).Set("value", value);

    protected Task<TableEntity?> Find(string row, string partition = "p") => Store.Find(Table, partition, row, Cancel);

    protected Task<TableResult> Write(TableOperation operation) => Store.Write(Table, operation, Cancel);

    protected Task<TableResult> Batch(params TableOperation[] operations) => Store.WriteBatch(Table, operations, Cancel);

    /// <summary>Inserts a row and gives its ETag.</summary>
    protected async Task<string> Insert(string row, string value = "v", string partition = "p")
    {
        TableResult result = await Write(TableOperation.Insert(Row(row, value, partition)));
        Assert.Equal(TableStatus.Done, result.Status);
        return result.ETag;
    }

    protected async Task InsertAll(IEnumerable<string> rows, string partition = "p")
    {
        foreach (string[] part in rows.Chunk(100))
            Assert.True((await Batch([.. part.Select(row => TableOperation.Insert(Row(row, "v", partition)))])).IsDone);
    }

    /// <summary>Every row of the query, by as many pages as it takes.</summary>
    protected async Task<List<TableEntity>> QueryAll(TableQuery query)
    {
        var entities = new List<TableEntity>();
        TableContinuation? next = null;
        do
        {
            TablePage page = await Store.Query(Table, query with { Continue = next }, Cancel);
            Assert.InRange(page.Entities.Count, 0, query.Take);
            entities.AddRange(page.Entities);
            next = page.Next;
        }
        while (next is not null);
        return entities;
    }

    protected async Task<string[]> RowsOf(TableQuery query) => [.. (await QueryAll(query)).Select(e => e.Row)];

    protected async Task AssertValue(string row, string? value) => Assert.Equal(value, (await Find(row))?.FindString("value"));
}
