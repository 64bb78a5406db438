using System.Buffers;
using Registry.Storage.FileSystem.Journal;

namespace Registry.Storage.FileSystem.Blobs;

/// <summary>Makes blobs. Its caller owns the path, and has a thread to block.</summary>
internal sealed class BlobCommits(DurableState<BlobIndex, BlobChange> index, BlobFiles files, StagingFiles staging, TimeProvider clock)
{
    /// <summary>Makes the blob of these bytes.</summary>
    public Task<bool> Put(string path, in ReadOnlySequence<byte> content, BlobMetadata metadata)
    {
        string file = staging.WriteWhole(content);
        return Place(path, new CommittedBlob(file, content.Length, clock.GetUtcNow(), metadata, null));
    }

    /// <summary>Makes the blob of its staged and committed blocks.</summary>
    public Task<bool> Commit(string path, IReadOnlyList<string> blockIds, BlobMetadata metadata)
    {
        StagedBlob? staged = index.Current.Staged.GetValueOrDefault(path);
        CommittedBlob? committed = index.Current.Committed.GetValueOrDefault(path);

        // A committed blob's bytes are not yet at its path if cutting off or renaming its file has failed.
        bool isPlaced = committed is null || !File.Exists(staging.PathOf(committed.File));
        string committedFile = isPlaced ? files.PathOf(path) : staging.PathOf(committed!.File);
        var sources = new BlobSources(staged, staging.PathOf(staged?.File ?? ""), committed, committedFile, isPlaced);
        if (sources.IsCommitted(blockIds))
            return Place(path, committed! with { Metadata = metadata, Time = clock.GetUtcNow() });

        List<(string File, BlockRange Range)> parts = sources.Find(path, blockIds);
        string file = sources.IsStagingFile(parts) ? staged!.File : staging.Join(parts);
        CommittedBlocks blocks = CommittedBlocks.Of(blockIds.Zip(parts, (id, part) => (id, part.Range.Length)));
        return Place(path, new CommittedBlob(file, parts.Sum(p => p.Range.Length), clock.GetUtcNow(), metadata, blocks));
    }

    /// <summary>Records the blob, which drops its staged blocks, and then renames its file.</summary>
    private async Task<bool> Place(string path, CommittedBlob blob)
    {
        string?[] before = [index.Current.Staged.GetValueOrDefault(path)?.File, index.Current.Committed.GetValueOrDefault(path)?.File];
        try
        {
            await index.Update(_ => (true, (BlobChange?)new BlobChange.Committed(path, blob)), CancellationToken.None);
        }
        catch (IOException) when (!index.IsBroken && !before.Contains(blob.File))
        {
            // Surely not recorded. If the index is broken nobody knows, and the next start decides.
            staging.Delete(blob.File);
            throw;
        }

        BlobRecovery.Finish(path, blob, files, staging);
        foreach (string? file in before)
        {
            if (file is not null && file != blob.File)
                staging.Delete(file);
        }

        return true;
    }
}
