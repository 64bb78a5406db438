namespace Registry.Storage.Memory;

/// <summary>Tables in memory, gone with the process. The clock is its only input: the same calls give the same ETags and times.</summary>
public sealed class MemoryTableStore(TimeProvider clock) : ITableStore
{
    private readonly Lock writing = new();
    private volatile TableState state = TableState.Empty;

    public Task<TableEntity?> Find(string table, string partition, string row, CancellationToken cancellation) => Immediate.Run(
        () =>
        {
            TableLimits.CheckFind(table, partition, row);
            return state.Find(table, partition, row, clock.GetUtcNow());
        },
        cancellation);

    public Task<TablePage> Query(string table, TableQuery query, CancellationToken cancellation) => Immediate.Run(
        () =>
        {
            TableLimits.CheckTable(table);
            TableLimits.CheckQuery(query);
            return state.Query(table, query, clock.GetUtcNow());
        },
        cancellation);

    public Task<TableResult> Write(string table, TableOperation operation, CancellationToken cancellation) => Immediate.Run(
        () =>
        {
            TableLimits.CheckTable(table);
            TableLimits.CheckOperation(operation);
            return Write(table, [operation]);
        },
        cancellation);

    public Task<TableResult> WriteBatch(string table, IReadOnlyList<TableOperation> operations, CancellationToken cancellation) => Immediate.Run(
        () =>
        {
            TableLimits.CheckTable(table);
            TableLimits.CheckBatch(operations);
            return Write(table, operations);
        },
        cancellation);

    public Task CreateTable(string table, CancellationToken cancellation) => Immediate.Run(
        () =>
        {
            TableLimits.CheckTable(table);
            lock (writing)
                return state = state.Apply([new TableChange(table, 0, [], [])]);
        },
        cancellation);

    private TableResult Write(string table, IReadOnlyList<TableOperation> operations)
    {
        lock (writing)
        {
            (TableResult result, TableChange? change) = state.Decide(table, operations, clock.GetUtcNow());
            if (change is not null)
                state = state.Apply([change]);
            return result;
        }
    }
}
