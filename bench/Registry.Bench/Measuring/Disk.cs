using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Registry.Bench.Measuring;

/// <summary>Brings the disk to rest, so that what one entrant wrote is not written while the next is measured.</summary>
internal static partial class Disk
{
    private const int DontNeed = 4;
    private const int Small = 1024 * 1024;

    [LibraryImport("libc", EntryPoint = "sync")]
    public static partial void Flush();

    /// <summary>Takes a folder's files of content out of the page cache, once they are flushed.</summary>
    /// <remarks>
    /// Whoever writes next gets that memory. A virtual machine's memory that was never used before is made by its host page by page as it is
    /// touched, which costs many times the copying: the first to write would pay for it, and the second not.
    /// </remarks>
    public static void Forget(string folder)
    {
        // What is small does not matter, and may be locked.
        foreach (var file in new DirectoryInfo(folder).EnumerateFiles("*", SearchOption.AllDirectories).Where(f => f.Length > Small))
        {
            try
            {
                using var handle = File.OpenHandle(file.FullName, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
                _ = Advise(handle, 0, 0, DontNeed);
            }
            catch (FileNotFoundException)
            {
                // The server tidied up meanwhile.
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "posix_fadvise")]
    private static partial int Advise(SafeFileHandle file, nint offset, nint length, int advice);
}
