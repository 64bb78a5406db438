using Registry.Storage.FileSystem.Journal;

namespace Registry.Storage.FileSystem.Blobs;

/// <summary>Makes the files agree with the index, after whatever ended the process before.</summary>
/// <remarks>
/// The index decides. A recorded blob whose file is still in the staging folder is renamed. A file that no record names was never acknowledged, and goes.
/// A recorded block that its file does not hold (which no crash does, but a hand may) is dropped, so that it is missed rather than read as zeros.
/// </remarks>
internal sealed class BlobRecovery(DurableState<BlobIndex, BlobChange> index, BlobFiles files, StagingFiles staging, TimeProvider clock)
{
    /// <summary>After this long without another block an upload is over: as on Azure, which drops its uncommitted blocks then.</summary>
    private static readonly TimeSpan expiry = TimeSpan.FromDays(7);

    public async Task Run(CancellationToken cancellation)
    {
        Dictionary<string, FileInfo> unknown = staging.All().ToDictionary(f => f.Name, StringComparer.Ordinal);
        foreach ((string path, StagedBlob blob) in index.Current.Staged)
        {
            unknown.Remove(blob.File, out FileInfo? file);
            long length = file is null || clock.GetUtcNow() - blob.Time > expiry ? 0 : file.Length;
            if (length < blob.End)
                await index.Update(_ => (true, (BlobChange?)new BlobChange.Truncated(path, length)), cancellation);
            if (length == 0)
                staging.Delete(blob.File);
        }

        if (unknown.Count == 0)
            return;
        foreach ((string path, CommittedBlob blob) in index.Current.Committed)
        {
            if (unknown.Remove(blob.File))
                Finish(path, blob, files, staging);
        }

        foreach (string name in unknown.Keys)
            staging.Delete(name);
    }

    /// <summary>Renames a recorded blob's file, unless that is done. What lies behind the blob's last block was dropped with the record.</summary>
    public static void Finish(string path, CommittedBlob blob, BlobFiles files, StagingFiles staging)
    {
        if (!File.Exists(staging.PathOf(blob.File)))
            return;
        staging.Trim(blob.File, blob.Length);
        files.Place(staging.PathOf(blob.File), path);
    }
}
