using Registry.Storage;

namespace Registry.Tests.Collection;

/// <summary>Passes every call on; what derives from it changes one.</summary>
internal class TablesDecorator(ITableStore inner) : ITableStore
{
    public virtual Task<TableEntity?> Find(string table, string partition, string row, CancellationToken cancellation) => inner.Find(table, partition, row, cancellation);

    public virtual Task<TablePage> Query(string table, TableQuery query, CancellationToken cancellation) => inner.Query(table, query, cancellation);

    public virtual Task<TableResult> Write(string table, TableOperation operation, CancellationToken cancellation) => inner.Write(table, operation, cancellation);

    public virtual Task<TableResult> WriteBatch(string table, IReadOnlyList<TableOperation> operations, CancellationToken cancellation) => inner.WriteBatch(table, operations, cancellation);

    public Task CreateTable(string table, CancellationToken cancellation) => inner.CreateTable(table, cancellation);
}
