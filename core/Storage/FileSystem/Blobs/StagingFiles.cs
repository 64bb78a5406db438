using System.Buffers;
using Microsoft.Win32.SafeHandles;

namespace Registry.Storage.FileSystem.Blobs;

/// <summary>The staging folder: files that are going to be blobs.</summary>
internal sealed class StagingFiles(DataDirectory directory, IdSource ids)
{
    /// <summary>Read and written at once where blocks must be copied: large enough that the calls cost nothing beside the copying.</summary>
    private const int CopyBuffer = 1024 * 1024;

    private readonly Lock gate = new();
    private readonly Dictionary<string, StagingFile> open = new(StringComparer.Ordinal);

    public string PathOf(string name) => Path.Join(directory.Staging, name);

    public IEnumerable<FileInfo> All() => new DirectoryInfo(directory.Staging).EnumerateFiles();

    public void Delete(string name) => directory.Disk.Delete(PathOf(name));

    /// <summary>Reserves a place at the end of a path's file. Whoever stages the path shares it, until <see cref="Release"/>.</summary>
    /// <param name="path">The blob to be.</param>
    /// <param name="blockId">The block.</param>
    /// <param name="length">Its bytes.</param>
    /// <param name="find">Asks the index what it knows of the path.</param>
    public (StagingFile File, BlockRange Range) Reserve(string path, string blockId, long length, Func<StagedBlob?> find)
    {
        lock (gate)
        {
            // Whoever had the file open recorded its block before it left, and it leaves under this lock. Asked before it, the index may not have that
            // block yet: this one would get the same place, or a file of its own.
            if (!open.TryGetValue(path, out StagingFile? file))
            {
                StagedBlob? staged = find();
                file = new StagingFile(path, staged?.File ?? ids.NewHex(16), staged, directory);
            }

            BlockRange range = file.Reserve(blockId, length);
            open[path] = file;
            file.Users++;
            return (file, range);
        }
    }

    /// <summary>Ends a reservation. True for the last one of its file, which is closed.</summary>
    public bool Release(StagingFile file)
    {
        lock (gate)
        {
            if (--file.Users > 0)
                return false;
            open.Remove(file.Path);
        }

        file.Dispose();
        return true;
    }

    /// <summary>Makes a file of these bytes.</summary>
    public string WriteWhole(in ReadOnlySequence<byte> content)
    {
        List<ReadOnlyMemory<byte>> segments = StagingFile.Segments(content);
        return WriteNew(file => directory.Disk.Write(file, segments, 0));
    }

    /// <summary>Makes a file of ranges of other files.</summary>
    public string Join(IEnumerable<(string File, BlockRange Range)> parts)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(CopyBuffer);
        var sources = new Dictionary<string, SafeFileHandle>(StringComparer.Ordinal);
        try
        {
            return WriteNew(target =>
            {
                long end = 0;
                foreach ((string file, BlockRange range) in parts)
                {
                    if (!sources.TryGetValue(file, out SafeFileHandle? source))
                        sources.Add(file, source = File.OpenHandle(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
                    Copy(source, range, target, end, buffer);
                    end += range.Length;
                }
            });
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
            foreach (SafeFileHandle source in sources.Values)
                source.Dispose();
        }
    }

    /// <summary>Cuts a file off, durably, where it is longer.</summary>
    public void Trim(string name, long length)
    {
        using SafeFileHandle file = directory.Disk.Open(PathOf(name));
        if (RandomAccess.GetLength(file) <= length)
            return;
        directory.Disk.SetLength(file, length);
        directory.Disk.Flush(file);
    }

    /// <summary>Makes a file, durable with its name: once it is recorded as a blob, what it was made of may go. One that fails, most likely for want of room, does not stay to take some.</summary>
    private string WriteNew(Action<SafeFileHandle> write)
    {
        string name = ids.NewHex(16);
        try
        {
            using SafeFileHandle file = directory.Disk.Create(PathOf(name));
            write(file);
            directory.Disk.Flush(file);
            directory.Disk.FlushDirectory(directory.Staging);
            return name;
        }
        catch
        {
            Delete(name);
            throw;
        }
    }

    private void Copy(SafeFileHandle source, BlockRange range, SafeFileHandle target, long at, byte[] buffer)
    {
        for (long done = 0; done < range.Length;)
        {
            int count = (int)Math.Min(buffer.Length, range.Length - done);
            int read = RandomAccess.Read(source, buffer.AsSpan(0, count), range.Offset + done);
            if (read == 0)
                throw new EndOfStreamException("a file has become shorter while it was copied");
            directory.Disk.Write(target, [buffer.AsMemory(0, read)], at + done);
            done += read;
        }
    }
}
