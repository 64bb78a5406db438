using Registry.Digests;
using Registry.Layers;
using Registry.Storage;

namespace Registry.Collection;

/// <summary>Removes uploads that nobody will finish: their rows by age, and what they staged. Runs beside live uploads, on any number of instances at once.</summary>
/// <remarks>
/// An upload that takes bytes is removed by deleting its row if-match. Whoever writes to it must write the row, and so learns that it is
/// gone: nothing was promised beyond its age. A claimed upload is kept for the grace period, so that a repeated PUT is
/// answered; then its row goes if-match, and its blob after it unless the digest's content row names that blob. A finisher claims again
/// right before it links, so between its claim and its link it would have to stall for nearly the whole grace period: the one thing assumed
/// about time (docs/uploads.md).
/// </remarks>
public sealed class UploadPurge(IStorageDriver driver, ITableStore tables, UploadOptions uploads, CollectionOptions collection, TimeProvider time)
{
    // What decides; not the tail and the blocks, which can make a row a megabyte.
    private static readonly string[] Columns = ["phase", "claim", "staged"];

    /// <summary>Looks at uploads from where the slice before ended, for so long.</summary>
    /// <param name="from">Where to begin; null for the beginning.</param>
    /// <param name="limit">After this no further page is begun.</param>
    /// <param name="cancellation">Ends the slice between two uploads.</param>
    /// <returns>What was done, and where the next slice begins.</returns>
    public async Task<PurgeSlice> Run(TableContinuation? from, TimeSpan limit, CancellationToken cancellation)
    {
        var started = time.GetTimestamp();
        var (seen, purged) = (0, 0);
        do
        {
            var page = await tables.Query(Tables.Uploads, new TableQuery { Select = Columns, Continue = from }, cancellation);
            foreach (var row in page.Entities)
            {
                cancellation.ThrowIfCancellationRequested();
                seen++;
                if (IsOver(row) && await Purge(row, cancellation))
                    purged++;
            }

            from = page.Next;
        }
        while (from is not null && time.GetElapsedTime(started) < limit);
        return new PurgeSlice(seen, purged, from);
    }

    private bool IsOver(TableEntity row)
    {
        if (Phase(row) != UploadPhase.Open)
            return row.Age > collection.GracePeriod;
        return row.Age > uploads.MaxIdle || row.ReadAt - (row.FindTime("staged") ?? row.Timestamp) > uploads.MaxIdle;
    }

    private async Task<bool> Purge(TableEntity row, CancellationToken cancellation)
    {
        var delete = TableOperation.Delete(row.Partition, row.Row, row.ETag);
        if (!(await tables.Write(Tables.Uploads, delete, cancellation)).IsDone)
            return false;

        // A crash from here on leaves a blob without a row, or staged blocks: the first is the collector's to find, the second storage's to drop.
        var path = PathMapper.Content(Guid.ParseExact(row.Row, "D").ToString("N"));
        if (Phase(row) != UploadPhase.Finishing || !await IsContent(row.GetString("claim"), path, cancellation))
            await driver.Delete(path, cancellation);
        return true;
    }

    private async Task<bool> IsContent(string digest, string path, CancellationToken cancellation)
    {
        var content = await tables.Find(Tables.Content, Digest.Parse(digest).ToString(), Tables.ContentRow, cancellation);
        return content?.GetString("blob") == path;
    }

    private static UploadPhase Phase(TableEntity row) => Enum.Parse<UploadPhase>(row.GetString("phase"));
}

/// <param name="Seen">Uploads that were looked at.</param>
/// <param name="Purged">Uploads that were removed.</param>
/// <param name="Next">Where the next slice begins; null when all were seen.</param>
public sealed record PurgeSlice(int Seen, int Purged, TableContinuation? Next);
