using Registry.Manifests;

namespace Registry.Storage;

/// <summary>Reads pages of names from the rows of one partition.</summary>
internal static class NamePages
{
    /// <summary>The largest page: what storage gives in one transaction.</summary>
    public const int MaxPage = 1000;

    public static async Task<NamePage> Read(
        ITableStore tables, string table, TableQuery query, Func<string, string> name, int limit, CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        limit = Math.Min(limit, MaxPage);
        var names = new List<string>();
        TableContinuation? next = null;
        do
        {
            // One row more than is asked for tells whether there are more; where a page has no room for it, storage's continuation does.
            var page = await tables.Query(table, query with { Take = Math.Min(limit - names.Count + 1, MaxPage), Continue = next }, cancellation);
            names.AddRange(page.Entities.Select(e => name(e.Row)));
            next = page.Next;
        }
        while (next is not null && names.Count < limit);

        return new NamePage(names.Count > limit ? names[..limit] : names, names.Count > limit || next is not null);
    }
}
