using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Registry.Storage.FileSystem;

/// <summary>The steps by which files become durable, one method each, so that a test can pull the plug between any two.</summary>
/// <remarks>
/// What is relied on: flushed bytes of a file and flushed entries of a directory survive a loss of power, a rename is one thing (it is in both
/// directories or in neither, as on every journalling file system), and nothing else. On Windows a directory cannot be flushed; NTFS journals its entries itself.
/// </remarks>
internal partial class Disk
{
    public static readonly Disk Real = new();

    private const FileShare EverySharing = FileShare.ReadWrite | FileShare.Delete;

    /// <summary>Makes an empty file, or empties the one that is there.</summary>
    public virtual SafeFileHandle Create(string path) =>
        File.OpenHandle(path, FileMode.Create, FileAccess.ReadWrite, EverySharing);

    /// <summary>Opens a file that is there.</summary>
    public virtual SafeFileHandle Open(string path) =>
        File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, EverySharing);

    /// <summary>Opens a file once more, for writes that go to the disk past the page cache; null where there is no such thing.</summary>
    /// <remarks>Offsets, lengths and memory are multiples of <see cref="DirectWrites.Alignment"/>. A write is no more durable than any other before the file is flushed.</remarks>
    public virtual SafeFileHandle? OpenDirect(string path)
    {
        if (!OperatingSystem.IsLinux())
            return null;
        SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, EverySharing);
        if (NativeControl(file, SetFlags, DirectFlag) == 0)
            return file;

        // The file system has it not: a few, such as older tmpfs.
        file.Dispose();
        return null;
    }

    public virtual void Write(SafeFileHandle file, IReadOnlyList<ReadOnlyMemory<byte>> buffers, long offset)
    {
        try
        {
            RandomAccess.Write(file, buffers, offset);
        }
        catch (ArgumentOutOfRangeException error)
        {
            // EFBIG: the file system, or a limit of the process, has no room for a file of this length.
            throw new IOException("the file would be too large", error);
        }
    }

    public virtual void SetLength(SafeFileHandle file, long length) => RandomAccess.SetLength(file, length);

    /// <summary>Makes a file's bytes and length durable, not its name.</summary>
    /// <remarks>
    /// On Linux not by <see cref="RandomAccess.FlushToDisk"/>, which takes EROFS, EINVAL and ENOTSUP for success. EROFS is what ext4 answers when an
    /// error of the disk has made it read-only: what was written before and not flushed is lost then.
    /// </remarks>
    /// <exception cref="IOException">What was written may be lost, also if a later call succeeds.</exception>
    public virtual void Flush(SafeFileHandle file)
    {
        if (!OperatingSystem.IsLinux())
            RandomAccess.FlushToDisk(file);
        else if (!TryFlush(file))
            throw new IOException($"cannot flush a file: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    /// <summary>Makes a directory's entries durable.</summary>
    public virtual void FlushDirectory(string path)
    {
        if (OperatingSystem.IsWindows())
            return;
        using SafeFileHandle directory = OpenWithoutLock(path);
        if (!TryFlush(directory))
            throw Failure("flush", path);
    }

    /// <summary>Renames a file, over another one if need be.</summary>
    public virtual void Move(string from, string to) => File.Move(from, to, overwrite: true);

    /// <summary>Removes a file; without one nothing happens.</summary>
    public virtual void Delete(string path) => File.Delete(path);

    public virtual void CreateDirectory(string path) => Directory.CreateDirectory(path);

    /// <summary>Makes a directory and its parents below the root durable, whether they are there or not: who made one may not have come to flush it.</summary>
    public void CreateDurableDirectory(string path, string root)
    {
        if (path == root)
            return;
        string parent = Path.GetDirectoryName(path)!;
        CreateDurableDirectory(parent, root);
        CreateDirectory(path);
        FlushDirectory(parent);
    }

    /// <summary>The text of a file that another process has locked (.NET itself would respect the lock); null where that cannot be read.</summary>
    public static string? TryReadLocked(string path)
    {
        if (OperatingSystem.IsWindows())
            return null;
        using SafeFileHandle file = OpenWithoutLock(path);
        Span<byte> text = stackalloc byte[64];
        return Encoding.ASCII.GetString(text[..RandomAccess.Read(file, text, 0)]);
    }

    // errno(3): a signal came first, and nothing is decided.
    private const int Interrupted = 4;

    // fcntl(2): F_SETFL, and O_DIRECT, which is another bit on ARM.
    private const int SetFlags = 4;

    private static int DirectFlag => RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm ? 0x10000 : 0x4000;

    private static SafeFileHandle OpenWithoutLock(string path)
    {
        const int readOnly = 0;
        int closeOnExec = OperatingSystem.IsLinux() ? 0x80000 : 0;
        SafeFileHandle file = NativeOpen(path, readOnly | closeOnExec);
        return file.IsInvalid ? throw Failure("open", path) : file;
    }

    private static bool TryFlush(SafeFileHandle file)
    {
        int result;
        do
            result = NativeFlush(file);
        while (result != 0 && Marshal.GetLastPInvokeError() == Interrupted);
        return result == 0;
    }

    private static IOException Failure(string operation, string path) =>
        new($"cannot {operation} '{path}': {Marshal.GetLastPInvokeErrorMessage()}");

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle NativeOpen(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int NativeControl(SafeFileHandle file, int command, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int NativeFlush(SafeFileHandle file);
}
