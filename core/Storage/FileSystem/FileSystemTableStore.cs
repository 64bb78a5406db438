using Registry.Storage.FileSystem.Journal;
using Registry.Storage.Memory;

namespace Registry.Storage.FileSystem;

/// <summary>Tables in memory (<see cref="TableState"/>: the same order, conditions and queries as the memory store), each write in a journal on disk before it is seen.</summary>
/// <remarks>All rows are in memory: about a kilobyte for each. ETags and times are in the journal too, so they survive the process.</remarks>
public sealed class FileSystemTableStore : ITableStore, IAsyncDisposable
{
    private readonly DurableState<TableState, TableChange> tables;
    private readonly TimeProvider clock;

    private FileSystemTableStore(DurableState<TableState, TableChange> tables, TimeProvider clock)
    {
        this.tables = tables;
        this.clock = clock;
    }

    /// <summary>Why the journal could not be compacted, or null. Nothing is lost by it, but the next start reads a longer journal.</summary>
    public Exception? CompactionFailure => tables.CompactionFailure;

    /// <summary>The compaction under way, or the last one.</summary>
    internal Task Compaction => tables.Compaction;

    /// <summary>Reads the tables of a data directory. It must stay open for as long as the store.</summary>
    /// <exception cref="InvalidDataException">A journal or snapshot is corrupt other than at its torn end; names the file and the offset.</exception>
    public static FileSystemTableStore Open(DataDirectory directory, TimeProvider clock, IdSource ids) =>
        Open(directory, clock, ids, new JournalOptions());

    internal static FileSystemTableStore Open(DataDirectory directory, TimeProvider clock, IdSource ids, JournalOptions options) => new(
        DurableState<TableState, TableChange>.Open(directory.Tables, new TableJournal(), directory.Disk, ids, options), clock);

    public Task<TableEntity?> Find(string table, string partition, string row, CancellationToken cancellation) => Immediate.Run(
        () =>
        {
            TableLimits.CheckFind(table, partition, row);
            return tables.Current.Find(table, partition, row, clock.GetUtcNow());
        },
        cancellation);

    public Task<TablePage> Query(string table, TableQuery query, CancellationToken cancellation) => Immediate.Run(
        () =>
        {
            TableLimits.CheckTable(table);
            TableLimits.CheckQuery(query);
            return tables.Current.Query(table, query, clock.GetUtcNow());
        },
        cancellation);

    public async Task<TableResult> Write(string table, TableOperation operation, CancellationToken cancellation)
    {
        TableLimits.CheckTable(table);
        TableLimits.CheckOperation(operation);
        return await Update("write", table, [operation], cancellation);
    }

    public async Task<TableResult> WriteBatch(string table, IReadOnlyList<TableOperation> operations, CancellationToken cancellation)
    {
        TableLimits.CheckTable(table);
        TableLimits.CheckBatch(operations);
        return await Update("write batch", table, operations, cancellation);
    }

    public async Task CreateTable(string table, CancellationToken cancellation)
    {
        TableLimits.CheckTable(table);
        await StorageCalls.Run("create table", table, () => tables.Update(
            state => (true, state.HasTable(table) ? null : new TableChange(table, state.Version, [], [])), cancellation));
    }

    public ValueTask DisposeAsync() => tables.DisposeAsync();

    private Task<TableResult> Update(string operation, string table, IReadOnlyList<TableOperation> operations, CancellationToken cancellation) =>
        StorageCalls.Run(operation, table, () => tables.Update(state => state.Decide(table, operations, clock.GetUtcNow()), cancellation));
}
