using System.Buffers;
using Microsoft.Win32.SafeHandles;

namespace Registry.Storage.FileSystem.Blobs;

/// <summary>The file that blocks of one blob to be are appended to, while any is being staged.</summary>
/// <remarks>
/// A place is reserved before the first byte is written, in the order in which blocks were asked to be staged, so that a commit in that order
/// finds its blob written already; blocks staged at once are then written side by side. What a failed write leaves is a gap, which a commit copies around.
/// Each block has a handle of its own: what the system could not write it tells each handle once, so on a common one the first flush would
/// hear of the loss of all, and the second succeed.
/// </remarks>
/// <param name="path">The blob to be.</param>
/// <param name="name">The file's name.</param>
/// <param name="staged">What the index knows of the file; null for a new one.</param>
/// <param name="directory">Where it lies.</param>
internal sealed class StagingFile(string path, string name, StagedBlob? staged, DataDirectory directory) : IDisposable
{
    private readonly Lock opening = new();
    private readonly string? knownBlockId = staged?.Blocks.Keys.First();
    private readonly DirectWrites direct = new(directory.Disk, System.IO.Path.Join(directory.Staging, name));
    private bool isMade = staged is not null;
    private long end = staged?.End ?? 0;
    private volatile bool isNameDurable = staged is not null;
    private string? blockId;

    public string Path => path;

    public string Name => name;

    /// <summary>How many blocks are being staged. Guarded, as <see cref="Reserve"/> is, by the lock of <see cref="StagingFiles"/>.</summary>
    public int Users { get; set; }

    /// <exception cref="ArgumentException">The id has not the length of the others.</exception>
    public BlockRange Reserve(string id, long length)
    {
        BlobLimits.CheckSameLength(id, blockId ?? knownBlockId);
        blockId = id;
        end += length;
        return new BlockRange(end - length, length);
    }

    /// <summary>Writes a block to its place, durably.</summary>
    public void Write(BlockRange range, in ReadOnlySequence<byte> content)
    {
        using SafeFileHandle handle = Open();
        List<ReadOnlyMemory<byte>> segments = Segments(content);
        long written = direct.Write(segments, range.Offset);
        if (segments.Count > 0)
            directory.Disk.Write(handle, segments, range.Offset + written);
        directory.Disk.Flush(handle);
        if (isNameDurable)
            return;
        directory.Disk.FlushDirectory(directory.Staging);
        isNameDurable = true;
    }

    public void Dispose() => direct.Dispose();

    public static List<ReadOnlyMemory<byte>> Segments(in ReadOnlySequence<byte> content)
    {
        int count = 0;
        foreach (ReadOnlyMemory<byte> _ in content)
            count++;
        var segments = new List<ReadOnlyMemory<byte>>(count);
        foreach (ReadOnlyMemory<byte> segment in content)
            segments.Add(segment);
        return segments;
    }

    private SafeFileHandle Open()
    {
        lock (opening)
        {
            SafeFileHandle handle = isMade ? directory.Disk.Open(direct.Path) : directory.Disk.Create(direct.Path);
            isMade = true;
            return handle;
        }
    }
}
