using Registry.Storage;

namespace Registry.Tests.Support;

/// <summary>Tables as they are, to break one thing of them.</summary>
internal abstract class TableDecorator(ITableStore inner) : ITableStore
{
    protected ITableStore Inner => inner;

    public virtual Task<TableEntity?> Find(string table, string partition, string row, CancellationToken cancellation) => inner.Find(table, partition, row, cancellation);

    public virtual Task<TablePage> Query(string table, TableQuery query, CancellationToken cancellation) => inner.Query(table, query, cancellation);

    public virtual Task<TableResult> Write(string table, TableOperation operation, CancellationToken cancellation) => inner.Write(table, operation, cancellation);

    public virtual Task<TableResult> WriteBatch(string table, IReadOnlyList<TableOperation> operations, CancellationToken cancellation) =>
        inner.WriteBatch(table, operations, cancellation);

    public Task CreateTable(string table, CancellationToken cancellation) => inner.CreateTable(table, cancellation);
}
