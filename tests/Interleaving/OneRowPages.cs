using Registry.Storage;
using Registry.Tests.Support;

namespace Registry.Tests.Interleaving;

/// <summary>Lists one row a page: what takes a thousand rows takes two.</summary>
internal sealed class OneRowPages(ITableStore inner) : TableDecorator(inner)
{
    public override Task<TablePage> Query(string table, TableQuery query, CancellationToken cancellation) => base.Query(table, query with { Take = 1 }, cancellation);
}
