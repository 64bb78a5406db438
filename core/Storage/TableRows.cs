using System.Runtime.CompilerServices;

namespace Registry.Storage;

/// <summary>All rows of a range, page by page.</summary>
internal static class TableRows
{
    /// <summary>Reads the rows of a query to its end. One transaction a page.</summary>
    public static async IAsyncEnumerable<TableEntity> ReadAll(this ITableStore tables, string table, TableQuery query, [EnumeratorCancellation] CancellationToken cancellation)
    {
        TableContinuation? next = query.Continue;
        do
        {
            var page = await tables.Query(table, query with { Continue = next }, cancellation);
            foreach (var row in page.Entities)
                yield return row;
            next = page.Next;
        }
        while (next is not null);
    }

    /// <summary>The rows of one partition that begin with a prefix, or all.</summary>
    public static async Task<List<TableEntity>> ReadAll(this ITableStore tables, string table, string partition, string? prefix, CancellationToken cancellation)
    {
        var query = new TableQuery { Partition = partition, FromRow = prefix, BeforeRow = prefix is null ? null : Tables.PrefixEnd(prefix) };
        return await tables.ReadAll(table, query, cancellation).ToListAsync(cancellation);
    }
}
