using Microsoft.Win32.SafeHandles;
using Registry.Storage.FileSystem;

namespace Registry.Tests.Storage.FileSystem;

/// <summary>A disk that flushes nothing: for tests that start again from files which they made themselves, and do not pull the plug.</summary>
internal sealed class UnflushedDisk : Disk
{
    public override void Flush(SafeFileHandle file)
    {
    }

    public override void FlushDirectory(string path)
    {
    }
}
