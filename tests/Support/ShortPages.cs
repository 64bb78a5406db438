using System.Text;
using Registry.Storage;

namespace Registry.Tests.Support;

/// <summary>Lists so many rows a page, with continuations that are no keys, as Azurite and Azure have them: whoever takes one for a key is wrong at once.</summary>
internal class ShortPages(ITableStore inner, int rows) : TableDecorator(inner)
{
    public override async Task<TablePage> Query(string table, TableQuery query, CancellationToken cancellation)
    {
        var from = query.Continue is { } at ? new TableContinuation(Decode(at.Partition), Decode(at.Row)) : null;
        var page = await base.Query(table, query with { Take = Math.Min(rows, query.Take), Continue = from }, cancellation);
        return page with { Next = page.Next is { } next ? new TableContinuation(Encode(next.Partition), Encode(next.Row)) : null };
    }

    private static string Encode(string key) => "1!" + Convert.ToBase64String(Encoding.ASCII.GetBytes(key));

    private static string Decode(string token) => Encoding.ASCII.GetString(Convert.FromBase64String(token["1!".Length..]));
}
