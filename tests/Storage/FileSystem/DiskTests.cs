using Microsoft.Win32.SafeHandles;
using Registry.Storage;
using Registry.Storage.FileSystem;
using Registry.Storage.FileSystem.Blobs;
using Registry.Tests.Support;

namespace Registry.Tests.Storage.FileSystem;

/// <summary>What the system says of a failing disk is heard.</summary>
public sealed class DiskTests : IDisposable
{
    private const string Blob = "content/aa/blob";

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    /// <summary>/dev/null answers fsync with EINVAL. .NET takes that for success, and EROFS, which is what ext4 says after an error of the disk, as well.</summary>
    [Fact]
    public void A_flush_that_the_system_refuses_is_an_error()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "made of Linux's devices");
        using SafeFileHandle file = Disk.Real.Open("/dev/null");

        Assert.Throws<IOException>(() => Disk.Real.Flush(file));
    }

    [Fact]
    public void A_file_that_would_be_too_large_is_an_error_of_the_disk()
    {
        using SafeFileHandle file = Disk.Real.Create(folder["file"]);

        Assert.Throws<IOException>(() => Disk.Real.Write(file, [new byte[1]], long.MaxValue - 1));
    }

    /// <summary>This process's own memory is a file of which the first page cannot be read: EIO.</summary>
    [Fact]
    public async Task A_blob_that_the_disk_cannot_read_is_a_storage_error()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "made of Linux's files");
        await using var content = new FileRange(File.OpenHandle("/proc/self/mem"), Blob, 0, 100);

        var error = await Assert.ThrowsAsync<StorageFailedException>(async () => await content.ReadExactlyAsync(new byte[10], TestContext.Current.CancellationToken));

        Assert.Equal(("read", Blob), (error.Operation, error.Path));
    }

    /// <summary>Two blocks are written; then the system fails to write the file's pages, and tells each handle once.</summary>
    [Fact]
    public async Task Of_blocks_whose_pages_are_lost_together_none_is_acknowledged()
    {
        var disk = new LosingDisk(writers: 2);
        await using OpenBlobs blobs = await OpenBlobs.Open(folder["data"], disk);

        Task[] staged = [blobs.Stage(Blob, "1", Content.Bytes(1, 100)), blobs.Stage(Blob, "2", Content.Bytes(2, 100))];

        foreach (Task block in staged)
            await Assert.ThrowsAsync<StorageFailedException>(() => block);
        await blobs.Stage(Blob, "3", Content.Bytes(3, 100));
        await blobs.Commit(Blob, "3");
        Assert.Equal(Content.Bytes(3, 100), await blobs.Read(Blob));
    }

    /// <summary>Loses what was written to a staging file at the first flush, which waits for so many writers, as Linux does since 4.13: every handle that is open hears of it, once.</summary>
    private sealed class LosingDisk(int writers) : Disk
    {
        private readonly Lock gate = new();
        private readonly CountdownEvent written = new(writers);
        private readonly Dictionary<SafeFileHandle, bool> heard = [];

        public override SafeFileHandle Create(string path) => Track(base.Create(path), path);

        public override SafeFileHandle Open(string path) => Track(base.Open(path), path);

        public override void Flush(SafeFileHandle file)
        {
            lock (gate)
            {
                if (!heard.ContainsKey(file))
                    return;
            }

            if (!written.IsSet)
                written.Signal();
            written.Wait();
            lock (gate)
            {
                if (heard[file])
                    return;
                heard[file] = true;
            }

            throw new IOException("Input/output error");
        }

        public override void FlushDirectory(string path)
        {
        }

        private SafeFileHandle Track(SafeFileHandle file, string path)
        {
            lock (gate)
            {
                // Who opens the file later has nothing to hear of.
                if (path.Contains("staging", StringComparison.Ordinal))
                    heard[file] = written.IsSet;
            }

            return file;
        }
    }
}
