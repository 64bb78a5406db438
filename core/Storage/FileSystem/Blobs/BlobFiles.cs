using System.Collections.Concurrent;

namespace Registry.Storage.FileSystem.Blobs;

/// <summary>A file that is a blob.</summary>
internal sealed record BlobFile(string Path, long Length, DateTimeOffset LastModified);

/// <summary>Where blobs lie on disk.</summary>
/// <remarks>
/// <see cref="BlobLimits.CheckPath"/> leaves only paths that a file system takes segment by segment, so a path cannot leave its folder.
/// A path with a leading slash lies in a folder of its own, for it is another path than the same without.
/// </remarks>
internal sealed class BlobFiles(DataDirectory directory)
{
    /// <summary>Folders that this process has made sure of: a few hundred, for the paths of content.</summary>
    private readonly ConcurrentDictionary<string, bool> durableFolders = new(StringComparer.Ordinal);

    /// <summary>The file of a blob, whether it is there or not. The path has been checked.</summary>
    public string PathOf(string path) => path[0] == '/' ? Path.Join(directory.Rooted, path.AsSpan(1)) : Path.Join(directory.Blobs, path);

    public BlobFile? Find(string path) => Stat(path, new FileInfo(PathOf(path)));

    /// <summary>Renames a file of the staging folder to a blob, durably. Until then the blob is what it was.</summary>
    public void Place(string stagingFile, string path)
    {
        string target = PathOf(path);
        string folder = Path.GetDirectoryName(target)!;
        try
        {
            MakeFolder(folder);
            directory.Disk.Move(stagingFile, target);
        }
        catch (DirectoryNotFoundException) when (durableFolders.TryRemove(folder, out _))
        {
            // Somebody has tidied the empty folder away since.
            MakeFolder(folder);
            directory.Disk.Move(stagingFile, target);
        }

        // The index alone would have a lost rename made again. With this, what was acknowledged does not depend on the index, nor on the
        // file system moving a name between two folders in one step.
        directory.Disk.FlushDirectory(folder);
    }

    /// <summary>Removes a blob, durably. Who has it open reads on. Its folder stays: the next blob of its kind will want it.</summary>
    public bool Delete(string path)
    {
        if (Find(path) is null)
            return false;
        string file = PathOf(path);
        directory.Disk.Delete(file);
        directory.Disk.FlushDirectory(Path.GetDirectoryName(file)!);
        return true;
    }

    /// <summary>Lists blobs in ordinal order. The prefix is only compared with what is there, never opened, so it may be anything.</summary>
    public IEnumerable<BlobFile> List(string prefix)
    {
        // The folder of the paths with a leading slash stands among the others as one whose name is empty.
        IEnumerable<Entry> top = EntriesOf(new DirectoryInfo(directory.Blobs), "", prefix);
        var rooted = new Entry("/", new DirectoryInfo(directory.Rooted));
        return Walk(rooted.MayHave(prefix) ? top.Append(rooted) : top, prefix);
    }

    /// <summary>That a folder is there does not make it durable: another call may be about to flush it, or a process that died was. So the first use of each flushes it.</summary>
    private void MakeFolder(string folder)
    {
        if (durableFolders.ContainsKey(folder))
            return;
        directory.Disk.CreateDurableDirectory(folder, directory.Root);
        durableFolders.TryAdd(folder, true);
    }

    private static IEnumerable<BlobFile> Walk(IEnumerable<Entry> entries, string prefix)
    {
        foreach (Entry entry in entries.OrderBy(e => e.Path, StringComparer.Ordinal))
        {
            if (entry.Info is DirectoryInfo folder)
            {
                foreach (BlobFile file in Walk(EntriesOf(folder, entry.Path, prefix), prefix))
                    yield return file;
            }
            else if (Stat(entry.Path, (FileInfo)entry.Info) is { } found)
            {
                yield return found;
            }
        }
    }

    private static List<Entry> EntriesOf(DirectoryInfo folder, string path, string prefix)
    {
        try
        {
            return
            [
                .. folder.EnumerateFileSystemInfos()
                    .Select(info => new Entry(path + info.Name + (info is DirectoryInfo ? "/" : ""), info))
                    .Where(entry => entry.MayHave(prefix)),
            ];
        }
        catch (DirectoryNotFoundException)
        {
            return [];
        }
    }

    /// <summary>Null when there is none, or it is a folder. What may not be looked at is an error, unlike in <see cref="File.Exists"/>: it is not absent.</summary>
    private static BlobFile? Stat(string path, FileInfo file)
    {
        try
        {
            return new BlobFile(path, file.Length, new DateTimeOffset(file.LastWriteTimeUtc));
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>A folder's path ends with a slash, so that ordering the entries of each folder orders all paths.</summary>
    private readonly record struct Entry(string Path, FileSystemInfo Info)
    {
        public bool MayHave(string prefix) =>
            Path.StartsWith(prefix, StringComparison.Ordinal)
            || (Info is DirectoryInfo && prefix.StartsWith(Path, StringComparison.Ordinal));
    }
}
