using Registry.Storage;

namespace Registry.Verification;

/// <summary>The rows of a table in order, a page at a time, and where it stands.</summary>
internal sealed class RowReader(VerificationContext context, string table, IReadOnlyList<string> columns, TableContinuation? from)
{
    private readonly Queue<TableEntity> rows = new();
    private TableContinuation? next = from;
    private bool wasRead;

    /// <summary>The first row that was not taken; null at the beginning, and at the end.</summary>
    public TableContinuation? Position => rows.TryPeek(out var row) ? new TableContinuation(row.Partition, row.Row) : next;

    /// <summary>Whether there may be more.</summary>
    public bool HasMore => rows.Count > 0 || next is not null || !wasRead;

    /// <summary>The next row, which stays.</summary>
    public async Task<TableEntity?> Peek(CancellationToken cancellation)
    {
        while (rows.Count == 0 && HasMore)
        {
            var page = await context.Tables.Query(table, new TableQuery { Select = columns, Continue = next }, cancellation);
            context.Budget.Spend(VerificationBudget.RowCall);
            foreach (var row in page.Entities)
                rows.Enqueue(row);
            (next, wasRead) = (page.Next, true);
        }

        return rows.TryPeek(out var first) ? first : null;
    }

    public void Take() => rows.Dequeue();
}
