using System.Buffers;
using Microsoft.Win32.SafeHandles;
using Registry.Layers;
using Registry.Storage;
using Registry.Storage.FileSystem;
using Registry.Storage.FileSystem.Blobs;
using Registry.Tests.Support;

namespace Registry.Tests.Storage.FileSystem;

/// <summary>Blocks that go to the disk past the page cache: which do, and that nothing is lost where they cannot.</summary>
public sealed class DirectWritesTests : IDisposable
{
    private const string Blob = "content/aa/blob";
    private const int Page = DirectWrites.Alignment;
    private const int Slab = 256 * 1024;

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    /// <summary>The bytes of each block, in slabs; and how many of them all went past the page cache.</summary>
    [Theory]
    [InlineData(8 * Slab, 0, 8 * Slab)]
    [InlineData(2 * Slab, 0, 2 * Slab)]
    [InlineData((2 * Slab) - 1, 0, 0)]
    [InlineData((3 * Slab) + Page + 1, 0, (3 * Slab) + Page)]
    [InlineData(4 * Slab, (2 * Slab) + 77, 6 * Slab)]
    [InlineData((4 * Slab) + Page, 4 * Slab, (8 * Slab) + Page)]
    [InlineData((4 * Slab) + 1, 4 * Slab, 4 * Slab)]
    public async Task Whole_pages_of_a_large_block_that_begins_at_a_page_go_past_the_page_cache(int first, int second, int direct)
    {
        var disk = new CountingDisk();
        Assert.SkipUnless(disk.Has(folder.Path), "this file system has no direct writes");
        await using OpenBlobs blobs = await OpenBlobs.Open(folder["data"], disk);
        byte[] content = Content.Bytes(1, first + second);
        await blobs.Driver.StageBlock(Blob, "1", InSlabs(content.AsSpan(0, first)), TestContext.Current.CancellationToken);
        if (second > 0)
            await blobs.Driver.StageBlock(Blob, "2", InSlabs(content.AsSpan(first)), TestContext.Current.CancellationToken);

        await blobs.Commit(Blob, second > 0 ? ["1", "2"] : ["1"]);

        Assert.Equal(direct, disk.Direct);
        Assert.Equal(content, await blobs.Read(Blob));
    }

    [Fact]
    public async Task Memory_that_does_not_begin_at_a_page_is_written_as_ever()
    {
        var disk = new CountingDisk();
        await using OpenBlobs blobs = await OpenBlobs.Open(folder["data"], disk);
        byte[] content = Content.Bytes(1, 8 * Slab);
        byte[] shifted = GC.AllocateUninitializedArray<byte>(content.Length + (2 * Page), pinned: true);
        int at = OffsetOfPage(shifted) + 1;
        content.CopyTo(shifted, at);

        await blobs.Driver.StageBlock(Blob, "1", new ReadOnlySequence<byte>(shifted, at, content.Length), TestContext.Current.CancellationToken);
        await blobs.Commit(Blob, "1");

        Assert.Equal(0, disk.Direct);
        Assert.Equal(content, await blobs.Read(Blob));
    }

    /// <summary>What a file system without them does: it does not open a file so, or takes no such write.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Where_the_file_system_does_not_take_them_blocks_are_written_as_ever(bool opens)
    {
        var disk = new CountingDisk { Opens = opens, Takes = false };
        await using OpenBlobs blobs = await OpenBlobs.Open(folder["data"], disk);
        byte[] content = Content.Bytes(1, 8 * Slab);
        for (int i = 0; i < 2; i++)
            await blobs.Driver.StageBlock(Blob, $"{i}", InSlabs(content.AsSpan(i * 4 * Slab, 4 * Slab)), TestContext.Current.CancellationToken);

        await blobs.Commit(Blob, "0", "1");

        Assert.Equal(0, disk.Direct);
        Assert.Equal(content, await blobs.Read(Blob));
    }

    private static unsafe int OffsetOfPage(byte[] pinned)
    {
        fixed (byte* first = pinned)
            return (int)(-(nint)first & (Page - 1));
    }

    /// <summary>A chain of slabs, as an upload has it.</summary>
    private static ReadOnlySequence<byte> InSlabs(ReadOnlySpan<byte> content)
    {
        var lease = new SlabPool(new UploadOptions(), TimeProvider.System).Enter(CancellationToken.None).Result;
        var buffer = new BlockBuffer(lease, Slab);
        for (var rest = content; !rest.IsEmpty;)
        {
            Assert.True(!buffer.Room.IsEmpty || buffer.TryGrow());
            int length = Math.Min(rest.Length, buffer.Room.Length);
            buffer.Fill(rest[..length]);
            rest = rest[length..];
        }

        return buffer.Cut(content.Length).Content;
    }

    private sealed class CountingDisk : Disk
    {
        private SafeFileHandle? direct;

        /// <summary>Bytes written past the page cache.</summary>
        public long Direct { get; private set; }

        public bool Opens { get; init; } = true;

        public bool Takes { get; init; } = true;

        public bool Has(string path)
        {
            string file = Path.Combine(path, "has-direct-writes");
            File.WriteAllBytes(file, []);
            using SafeFileHandle? opened = base.OpenDirect(file);
            return opened is not null;
        }

        public override SafeFileHandle? OpenDirect(string path) => direct = Opens ? base.OpenDirect(path) : null;

        public override void Write(SafeFileHandle file, IReadOnlyList<ReadOnlyMemory<byte>> buffers, long offset)
        {
            if (file == direct && !Takes)
                throw new IOException("Invalid argument");
            base.Write(file, buffers, offset);
            Direct += file == direct ? buffers.Sum(b => (long)b.Length) : 0;
        }
    }
}
