namespace Registry.Storage;

/// <summary>Rows of the progress table: how far some work has come, and its lease. Who wrote one last holds it, and every write is if-match.</summary>
internal sealed class ProgressRows(ITableStore tables, IdSource ids)
{
    private const string WriteProperty = "write";

    public Task<TableEntity?> Find(string partition, string row, CancellationToken cancellation) => tables.Find(Tables.Progress, partition, row, cancellation);

    /// <summary>Writes the row as <see cref="Save"/> does, and reads it back: its Timestamp is storage's own time, by which the ages of rows are measured, before all that will be read from now on.</summary>
    /// <returns>The row; null when another process came first.</returns>
    public async Task<TableEntity?> Begin(TableEntity row, string etag, CancellationToken cancellation)
    {
        if (await Save(row, etag, cancellation) is not { } begun)
            return null;
        var found = await Find(row.Partition, row.Row, cancellation);
        return found?.ETag == begun ? found : null;
    }

    /// <summary>Writes the row over the version that was read, or with an empty ETag where there was none.</summary>
    /// <returns>The row's new ETag; null when another process came first.</returns>
    public async Task<string?> Save(TableEntity row, string etag, CancellationToken cancellation)
    {
        var write = ids.NewHex(8);
        row.Set(WriteProperty, write);
        var result = await tables.Write(Tables.Progress, etag.Length == 0 ? TableOperation.Insert(row) : TableOperation.Replace(row, etag), cancellation);
        if (result.IsDone)
            return result.ETag;

        // Perhaps by this very write, whose answer was lost and which the driver then repeated. Each write is named, so the row tells.
        var found = await Find(row.Partition, row.Row, cancellation);
        return found?.FindString(WriteProperty) == write ? found.ETag : null;
    }
}
