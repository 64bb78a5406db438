using System.Collections.Concurrent;
using Registry.Storage;

namespace Registry.Tests.Support;

/// <summary>Counts what is asked of a table store: each call is one storage transaction.</summary>
public sealed class CountingTableStore(ITableStore inner) : ITableStore
{
    private readonly ConcurrentQueue<string> calls = new();

    /// <summary>The calls that an action makes, by name and table, and the rows that its queries read.</summary>
    public async Task<(IReadOnlyList<string> Calls, int Rows)> During(Func<Task> action)
    {
        calls.Clear();
        RowsRead = 0;
        await action();
        return ([.. calls], RowsRead);
    }

    private int RowsRead { get; set; }

    public Task<TableEntity?> Find(string table, string partition, string row, CancellationToken cancellation) =>
        Count("Find", table, () => inner.Find(table, partition, row, cancellation));

    public async Task<TablePage> Query(string table, TableQuery query, CancellationToken cancellation)
    {
        var page = await Count("Query", table, () => inner.Query(table, query, cancellation));
        RowsRead += page.Entities.Count;
        return page;
    }

    public Task<TableResult> Write(string table, TableOperation operation, CancellationToken cancellation) =>
        Count("Write", table, () => inner.Write(table, operation, cancellation));

    public Task<TableResult> WriteBatch(string table, IReadOnlyList<TableOperation> operations, CancellationToken cancellation) =>
        Count("WriteBatch", table, () => inner.WriteBatch(table, operations, cancellation));

    public Task CreateTable(string table, CancellationToken cancellation) => inner.CreateTable(table, cancellation);

    private T Count<T>(string call, string table, Func<T> run)
    {
        calls.Enqueue($"{call} {table}");
        return run();
    }
}
