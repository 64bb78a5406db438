using System.Buffers;
using System.Collections.Concurrent;
using Microsoft.AspNetCore.Connections;

namespace Registry.Functions.Http;

/// <summary>The buffers of Kestrel's connections, sixteen times as large as Kestrel's own.</summary>
/// <remarks>
/// A socket is read into one block at a time. With Kestrel's 4 KiB a layer of 256 MiB is 65,536 reads, and as many links of a
/// chain to be walked; with 64 KiB a sixteenth. A connection that is idle holds no block, so what it costs is a block or two for each request under way.
/// Blocks that come back are kept for the next, up to <see cref="Kept"/>; the collector has the rest.
/// </remarks>
internal sealed class BlockPool : MemoryPool<byte>
{
    public const int BlockSize = 64 * 1024;

    // 4 MiB of each pool; Kestrel has a pool for each of its queues, at most one for each core.
    private const int Kept = 64;

    private readonly ConcurrentQueue<Block> idle = new();

    public override int MaxBufferSize => BlockSize;

    /// <exception cref="ArgumentOutOfRangeException">More than <see cref="MaxBufferSize"/>.</exception>
    public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(minBufferSize, BlockSize);
        var block = idle.TryDequeue(out var kept) ? kept : new Block(this);
        block.IsRented = true;
        return block;
    }

    protected override void Dispose(bool disposing) => idle.Clear();

    private void Return(Block block)
    {
        if (idle.Count < Kept)
            idle.Enqueue(block);
    }

    /// <summary>Makes the pools that Kestrel asks for.</summary>
    public sealed class Factory : IMemoryPoolFactory<byte>
    {
        public MemoryPool<byte> Create(MemoryPoolOptions? options = null) => new BlockPool();
    }

    private sealed class Block(BlockPool pool) : IMemoryOwner<byte>
    {
        // Pinned: sockets read into it and write from it for its whole life.
        private readonly byte[] bytes = GC.AllocateUninitializedArray<byte>(BlockSize, pinned: true);

        public bool IsRented { get; set; }

        public Memory<byte> Memory => bytes;

        public void Dispose()
        {
            if (!IsRented)
                return;
            IsRented = false;
            pool.Return(this);
        }
    }
}
