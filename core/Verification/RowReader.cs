using Registry.Storage;

namespace Registry.Verification;

/// <summary>The rows of a table in order, a page at a time, and where it stands.</summary>
internal sealed class RowReader(VerificationContext context, string table, IReadOnlyList<string> columns, RowPosition? from)
{
    private readonly Queue<TableEntity> rows = new();
    private TableContinuation? page = from?.Page;
    private TableContinuation? next = from?.Page;
    private RowPosition? resumed = from;
    private bool wasRead;

    /// <summary>The first row that was not taken; null at the beginning, and at the end.</summary>
    public RowPosition? Position => rows.TryPeek(out var row) ? new RowPosition(page, row.Partition, row.Row) : resumed ?? (next is null ? null : new RowPosition(next, "", ""));

    /// <summary>Whether there may be more.</summary>
    public bool HasMore => rows.Count > 0 || next is not null || !wasRead;

    /// <summary>The next row, which stays.</summary>
    public async Task<TableEntity?> Peek(CancellationToken cancellation)
    {
        while (rows.Count == 0 && HasMore)
        {
            var read = await context.Tables.Query(table, new TableQuery { Select = columns, Continue = next }, cancellation);
            context.Budget.Spend(VerificationBudget.RowCall);
            foreach (var row in read.Entities.Where(r => resumed?.IsBehind(r) != true))
                rows.Enqueue(row);
            (page, next, resumed, wasRead) = (next, read.Next, null, true);
        }

        return rows.TryPeek(out var first) ? first : null;
    }

    public void Take() => rows.Dequeue();
}

/// <summary>A row of a listing. Where a page begins only storage can say, in its own words; what was taken of it is told by keys.</summary>
/// <param name="Page">Where the row's page begins; null for the first.</param>
/// <param name="Partition">The row's partition; empty for the page's first row.</param>
/// <param name="Row">The row.</param>
internal sealed record RowPosition(TableContinuation? Page, string Partition, string Row)
{
    /// <summary>Whether a row comes before this one.</summary>
    public bool IsBehind(TableEntity row) => string.CompareOrdinal(row.Partition, Partition) is var order && (order < 0 || (order == 0 && string.CompareOrdinal(row.Row, Row) < 0));
}
