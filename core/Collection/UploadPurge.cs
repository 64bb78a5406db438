using Registry.Digests;
using Registry.Layers;
using Registry.Storage;

namespace Registry.Collection;

/// <summary>Removes an upload that nobody will finish: its row by age, and what it staged. Runs beside live uploads, on any number of instances at once.</summary>
/// <remarks>
/// An upload that takes bytes is removed by deleting its row if-match. Whoever writes to it must write the row, and so learns that it is
/// gone: nothing was promised beyond its age. A claimed upload is kept for the grace period, so that a repeated PUT is
/// answered; then its row goes if-match, and its blob after it unless the digest's content row names that blob. A finisher claims again
/// right before it links, so between its claim and its link it would have to stall for nearly the whole grace period: the one thing assumed
/// about time (docs/uploads.md).
/// </remarks>
public sealed class UploadPurge(IStorageDriver driver, ITableStore tables, UploadOptions uploads, CollectionOptions collection)
{
    /// <summary>What decides; not the tail and the blocks, which can make a row a megabyte.</summary>
    public static readonly IReadOnlyList<string> Columns = ["phase", "claim", "canonical", "staged"];

    /// <summary>Whether an upload's row, read with <see cref="Columns"/> at least, is to be removed.</summary>
    /// <exception cref="InvalidDataException">The row cannot be understood.</exception>
    public bool IsOver(TableEntity row)
    {
        ArgumentNullException.ThrowIfNull(row);
        if (Phase(row) != UploadPhase.Open)
            return row.Age > collection.GracePeriod;
        return row.Age > uploads.MaxIdle || row.ReadAt - (row.FindTime("staged") ?? row.Timestamp) > uploads.MaxIdle;
    }

    /// <summary>Removes an upload that is over.</summary>
    public async Task<PurgeOutcome> Purge(TableEntity row, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(row);
        var delete = TableOperation.Delete(row.Partition, row.Row, row.ETag);
        if (!(await tables.Write(Tables.Uploads, delete, cancellation)).IsDone)
            return PurgeOutcome.Changed;

        // A crash from here on leaves a blob without a row, or staged blocks: the first is the collector's to find, the second storage's to drop.
        var path = PathOf(row);
        if (Phase(row) == UploadPhase.Finishing && await IsContent(row.FindString("canonical") ?? row.GetString("claim"), path, cancellation))
            return PurgeOutcome.KeptAsContent;
        await driver.Delete(path, cancellation);
        return PurgeOutcome.Removed;
    }

    /// <summary>Where an upload's blob lies, or will.</summary>
    /// <exception cref="FormatException">The row's key is no upload's id.</exception>
    public static string PathOf(TableEntity row)
    {
        ArgumentNullException.ThrowIfNull(row);
        return PathMapper.Content(Guid.ParseExact(row.Row, "D").ToString("N"));
    }

    private async Task<bool> IsContent(string digest, string path, CancellationToken cancellation)
    {
        var content = await tables.Find(Tables.Content, Digest.Parse(digest).ToString(), Tables.ContentRow, cancellation);
        return content?.GetString("blob") == path;
    }

    private static UploadPhase Phase(TableEntity row) =>
        Enum.TryParse<UploadPhase>(row.FindString("phase"), out var phase)
            ? phase
            : throw new InvalidDataException($"upload {row.Row} is in no phase that this version knows");
}

/// <summary>What became of an upload that was over.</summary>
public enum PurgeOutcome
{
    /// <summary>Somebody wrote to it: it is not over.</summary>
    Changed,

    /// <summary>Its row went, and what it staged or wrote.</summary>
    Removed,

    /// <summary>Its row went; its blob is the content of its digest.</summary>
    KeptAsContent,
}
