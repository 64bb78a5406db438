using Microsoft.Win32.SafeHandles;

namespace Registry.Storage.FileSystem.Blobs;

/// <summary>Writes the whole pages of large blocks to a file past the page cache (O_DIRECT): memory to disk, without a copy in between.</summary>
/// <remarks>
/// A layer that is pushed is not read by this process again. To copy it into the page cache costs more processor time than to hash it, and displaces
/// what others pull. Where it cannot be done so (the file system, memory or an offset that is not aligned) nothing is written here, and all is left to an ordinary write.
/// </remarks>
internal sealed class DirectWrites(Disk disk, string path) : IDisposable
{
    /// <summary>What offsets, lengths and memory are multiples of: a page, and no smaller than the sector of any disk.</summary>
    public const int Alignment = 4096;

    /// <summary>What is smaller is written as well through the page cache, where whoever pulls it next finds it.</summary>
    public const int MinLength = 512 * 1024;

    private readonly Lock opening = new();
    private SafeFileHandle? file;
    private volatile bool isImpossible;

    /// <summary>The file.</summary>
    public string Path => path;

    /// <summary>Writes as many pages as can be written so, and takes them out of the list. Gives their length.</summary>
    public long Write(List<ReadOnlyMemory<byte>> content, long offset)
    {
        if (isImpossible || offset % Alignment != 0)
            return 0;
        List<ReadOnlyMemory<byte>> pages = WholePages(content);
        long length = pages.Sum(p => (long)p.Length);
        if (length < MinLength || OpenOnce() is not { } handle || !TryWrite(handle, pages, offset))
            return 0;
        Remove(content, length);
        return length;
    }

    public void Dispose() => file?.Dispose();

    /// <summary>The longest beginning that is whole pages in memory and in length.</summary>
    internal static List<ReadOnlyMemory<byte>> WholePages(List<ReadOnlyMemory<byte>> content)
    {
        var pages = new List<ReadOnlyMemory<byte>>(content.Count);
        foreach (ReadOnlyMemory<byte> segment in content)
        {
            int whole = IsAligned(segment.Span) ? segment.Length / Alignment * Alignment : 0;
            if (whole > 0)
                pages.Add(segment[..whole]);
            if (whole < segment.Length)
                break;
        }

        return pages;
    }

    /// <summary>A file system may say only now that it does not: then, and whatever else is wrong, an ordinary write is to tell.</summary>
    private bool TryWrite(SafeFileHandle handle, List<ReadOnlyMemory<byte>> pages, long offset)
    {
        try
        {
            disk.Write(handle, pages, offset);
            return true;
        }
        catch (IOException)
        {
            isImpossible = true;
            return false;
        }
    }

    private static void Remove(List<ReadOnlyMemory<byte>> content, long length)
    {
        int whole = 0;
        for (; whole < content.Count && content[whole].Length <= length; whole++)
            length -= content[whole].Length;
        content.RemoveRange(0, whole);
        if (length > 0)
            content[0] = content[0][(int)length..];
    }

    private SafeFileHandle? OpenOnce()
    {
        lock (opening)
        {
            if (file is null && !isImpossible)
                isImpossible = (file = disk.OpenDirect(path)) is null;
            return file;
        }
    }

    private static unsafe bool IsAligned(ReadOnlySpan<byte> bytes)
    {
        // Memory that is not pinned may move after this; the write then fails, and is done the ordinary way.
        fixed (byte* first = bytes)
            return (nuint)first % Alignment == 0;
    }
}
