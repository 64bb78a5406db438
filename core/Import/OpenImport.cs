using System.Security.Cryptography;
using System.Text;
using Registry.Storage;

namespace Registry.Import;

/// <summary>Says, in a row, that an import has begun and not come to its end.</summary>
/// <remarks>
/// Content that is linked for a manifest whose row was never written looks like what nothing needs. Where a push died that is so: its client sends it
/// again. Content that an import linked is the only copy. So the collector frees nothing that was taken over while there is such a row, and an import
/// that died leaves it to the next one, which deletes it at its end.
/// </remarks>
internal sealed class OpenImport(ITableStore tables, string? prefix)
{
    private string etag = "";

    private string Row => prefix is null ? Tables.ImportRow : $"{Tables.ImportRow}-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(prefix)))}";

    /// <summary>Whether any import has not come to its end.</summary>
    public static async Task<bool> Any(ITableStore tables, CancellationToken cancellation)
    {
        var query = new TableQuery { Partition = Tables.CollectionPartition, FromRow = Tables.ImportRow, BeforeRow = Tables.PrefixEnd(Tables.ImportRow), Select = ["version"], Take = 1 };
        for (var page = await tables.Query(Tables.Progress, query, cancellation); ; page = await tables.Query(Tables.Progress, query with { Continue = page.Next }, cancellation))
        {
            if (page.Entities.Count > 0 || page.Next is null)
                return page.Entities.Count > 0;
        }
    }

    public async Task Begin(CancellationToken cancellation)
    {
        var row = new TableEntity(Tables.CollectionPartition, Row).Set("version", 1).Set("prefix", prefix);
        etag = (await tables.Write(Tables.Progress, TableOperation.Upsert(row), cancellation)).ETag;
    }

    /// <summary>All was taken. Where another import of the same has begun since, the row is that one's.</summary>
    public async Task End(CancellationToken cancellation) =>
        await tables.Write(Tables.Progress, TableOperation.Delete(Tables.CollectionPartition, Row, etag), cancellation);
}
