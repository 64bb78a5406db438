using System.Runtime.InteropServices;

namespace Registry.Bench.Measuring;

/// <summary>Lets the disk come to rest, so that what one entrant wrote is not written while the next is measured.</summary>
internal static partial class Disk
{
    [LibraryImport("libc", EntryPoint = "sync")]
    public static partial void Flush();
}
