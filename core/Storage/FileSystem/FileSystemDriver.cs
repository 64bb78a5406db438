using System.Buffers;
using System.Runtime.CompilerServices;
using Microsoft.Win32.SafeHandles;
using Registry.Storage.FileSystem.Blobs;
using Registry.Storage.FileSystem.Journal;

namespace Registry.Storage.FileSystem;

/// <summary>Content in files: a blob is a file under its path, readable with any tool.</summary>
/// <remarks>
/// A block is appended to the staging file of its blob, flushed, and recorded in the index. A commit records the blob in the index, then renames the
/// staging file to it: an empty one, or one whose blocks lie in order, as they do unless uploads failed halfway, is written once and never copied.
/// Whatever the moment of a crash, the next start finds either the recorded blocks or the recorded blob, and finishes the rename of the latter.
/// A file that is put there by hand is a blob without metadata.
/// </remarks>
public sealed class FileSystemDriver : IStorageDriver, IAsyncDisposable
{
    private readonly DurableState<BlobIndex, BlobChange> index;
    private readonly PathGates gates = new();
    private readonly BlobFiles files;
    private readonly StagingFiles staging;
    private readonly BlobCommits commits;
    private readonly TimeProvider clock;

    private FileSystemDriver(DurableState<BlobIndex, BlobChange> index, BlobFiles files, StagingFiles staging, TimeProvider clock)
    {
        this.index = index;
        this.files = files;
        this.staging = staging;
        this.clock = clock;
        commits = new BlobCommits(index, files, staging, clock);
    }

    /// <summary>Why the index could not be compacted, or null. Nothing is lost by it, but the next start reads a longer journal.</summary>
    public Exception? CompactionFailure => index.CompactionFailure;

    /// <summary>Opens the content of a data directory, and finishes what a crash left unfinished. It must stay open for as long as the driver.</summary>
    /// <exception cref="InvalidDataException">The index is corrupt other than at its torn end; names the file and the offset.</exception>
    public static Task<FileSystemDriver> Open(DataDirectory directory, TimeProvider clock, IdSource ids, CancellationToken cancellation) =>
        Open(directory, clock, ids, new JournalOptions(), cancellation);

    internal static async Task<FileSystemDriver> Open(
        DataDirectory directory, TimeProvider clock, IdSource ids, JournalOptions options, CancellationToken cancellation)
    {
        var index = DurableState<BlobIndex, BlobChange>.Open(directory.BlobIndex, new BlobJournal(), directory.Disk, ids, options);
        try
        {
            var files = new BlobFiles(directory);
            var staging = new StagingFiles(directory, ids);
            await new BlobRecovery(index, files, staging, clock).Run(cancellation);
            return new FileSystemDriver(index, files, staging, clock);
        }
        catch
        {
            await index.DisposeAsync();
            throw;
        }
    }

    public async Task<BlobStat?> Find(string path, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        BlobLimits.CheckPath(path);
        return await StorageCalls.Run("find", path, async () =>
        {
            BlobFile? file = files.Find(path);
            CommittedBlob? blob = index.Current.Committed.GetValueOrDefault(path);
            if (file is null || blob is null || blob.Length == file.Length)
                return StatOf(file, blob);

            // The index and the file disagree: a commit is between recording and renaming, or the file was put there by hand.
            using (await gates.Share(path, cancellation))
                return StatOf(files.Find(path), index.Current.Committed.GetValueOrDefault(path));
        });
    }

    /// <inheritdoc/>
    /// <remarks>Gives a handle, not a path: what was opened stays readable though the blob is deleted.</remarks>
    public async Task<Stream> Open(string path, long offset, long? length, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        BlobLimits.CheckRange(path, offset, length);
        return await StorageCalls.Run("open", path, () =>
        {
            SafeFileHandle file = OpenFile(path);
            long end = RandomAccess.GetLength(file);
            return Task.FromResult<Stream>(new FileRange(file, path, offset, length < end - offset ? offset + length.Value : end));
        });
    }

    public async Task Put(string path, ReadOnlySequence<byte> content, BlobMetadata metadata, CancellationToken cancellation)
    {
        BlobLimits.CheckPath(path);
        using PathGates.Lease lease = await gates.Own(path, cancellation);
        cancellation.ThrowIfCancellationRequested();
        await StorageCalls.Run("put", path, () => Task.Run(() => commits.Put(path, content, metadata), CancellationToken.None));
    }

    public async Task StageBlock(string path, string blockId, ReadOnlySequence<byte> content, CancellationToken cancellation)
    {
        BlobLimits.CheckBlock(path, blockId, content);
        using PathGates.Lease lease = await gates.Share(path, cancellation);
        cancellation.ThrowIfCancellationRequested();

        // Until here nothing was awaited unless the path is owned, so blocks get their places in the order of the calls. From here
        // on nothing is cancelled: a place is given up only when nobody writes to it any more.
        (StagingFile file, BlockRange range) = staging.Reserve(path, blockId, content.Length, () => FindStaged(path));
        try
        {
            await StorageCalls.Run("stage block", path, async () =>
            {
                await Task.Run(() => file.Write(range, content), CancellationToken.None);
                return await Record(new BlobChange.Staged(path, file.Name, blockId, range, clock.GetUtcNow()));
            });
        }
        finally
        {
            // A file of which no block was recorded was never there.
            if (staging.Release(file) && FindStaged(path)?.File != file.Name)
                staging.Delete(file.Name);
        }
    }

    public async Task CommitBlocks(string path, IReadOnlyList<string> blockIds, BlobMetadata metadata, CancellationToken cancellation)
    {
        BlobLimits.CheckBlockList(path, blockIds);
        using PathGates.Lease lease = await gates.Own(path, cancellation);
        cancellation.ThrowIfCancellationRequested();
        await StorageCalls.Run("commit blocks", path, () => Task.Run(() => commits.Commit(path, blockIds, metadata), CancellationToken.None));
    }

    public async Task<bool> Delete(string path, CancellationToken cancellation)
    {
        BlobLimits.CheckPath(path);
        using PathGates.Lease lease = await gates.Own(path, cancellation);
        cancellation.ThrowIfCancellationRequested();
        return await StorageCalls.Run("delete", path, async () =>
        {
            StagedBlob? staged = FindStaged(path);
            CommittedBlob? committed = index.Current.Committed.GetValueOrDefault(path);

            // The file first: a record without a file is no blob, a file without a record would be one without metadata.
            bool existed = await Task.Run(() => files.Delete(path), CancellationToken.None);
            if (staged is not null || committed is not null)
                await Record(new BlobChange.Deleted(path));
            foreach (string? file in (string?[])[staged?.File, committed?.File])
            {
                if (file is not null)
                    staging.Delete(file);
            }

            return existed;
        });
    }

    public async IAsyncEnumerable<BlobListing> List(string prefix, [EnumeratorCancellation] CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        cancellation.ThrowIfCancellationRequested();
        using IEnumerator<BlobFile> found = files.List(prefix).GetEnumerator();
        while (await StorageCalls.Run("list", prefix, () => Task.FromResult(found.MoveNext())))
        {
            cancellation.ThrowIfCancellationRequested();
            BlobFile file = found.Current;
            CommittedBlob? blob = index.Current.Committed.GetValueOrDefault(file.Path);
            BlobStat? stat = blob is null || blob.Length == file.Length ? StatOf(file, blob) : await Find(file.Path, cancellation);
            if (stat is not null)
                yield return new BlobListing(file.Path, stat);
        }
    }

    public ValueTask<Uri?> SignReadUrl(string path, TimeSpan lifetime, CancellationToken cancellation)
    {
        BlobLimits.CheckPath(path);
        return ValueTask.FromResult<Uri?>(null);
    }

    public ValueTask DisposeAsync() => index.DisposeAsync();

    /// <summary>The file decides whether there is a blob; of a file that is not the recorded one nothing but itself is known.</summary>
    private static BlobStat? StatOf(BlobFile? file, CommittedBlob? blob) =>
        file is null ? null
        : blob?.Length == file.Length ? new BlobStat(file.Length, blob.Time, blob.Metadata)
        : new BlobStat(file.Length, file.LastModified, BlobMetadata.None);

    private SafeFileHandle OpenFile(string path)
    {
        string file = files.PathOf(path);
        try
        {
            const FileShare everything = FileShare.ReadWrite | FileShare.Delete;
            return File.OpenHandle(file, FileMode.Open, FileAccess.Read, everything, FileOptions.SequentialScan);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException
            || (error is UnauthorizedAccessException && Directory.Exists(file)))
        {
            throw new StorageNotFoundException(path, error);
        }
    }

    private StagedBlob? FindStaged(string path) => index.Current.Staged.GetValueOrDefault(path);

    private Task<bool> Record(BlobChange change) => index.Update(_ => (true, change), CancellationToken.None);
}
