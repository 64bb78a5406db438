using System.Buffers;
using Microsoft.AspNetCore.Connections;

namespace Registry.Functions.Http;

/// <summary>The buffers of Kestrel's connections, sixteen times as large as Kestrel's own.</summary>
/// <remarks>
/// A socket is read into one block at a time. With Kestrel's 4 KiB a layer of 256 MiB is 65,536 reads, and as many links of a
/// chain to be walked; with 64 KiB a sixteenth. A connection that is idle holds no block, so what it costs is a block or two for each request under way.
/// </remarks>
internal sealed class BlockPool(BlockPool.Spares spares) : MemoryPool<byte>
{
    public const int BlockSize = 64 * 1024;

    public override int MaxBufferSize => BlockSize;

    /// <exception cref="ArgumentOutOfRangeException">More than <see cref="MaxBufferSize"/>.</exception>
    public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(minBufferSize, BlockSize);
        return spares.Take();
    }

    protected override void Dispose(bool disposing)
    {
        // The blocks are the server's, which has other pools.
    }

    /// <summary>Makes the pools that Kestrel asks for, one for each of its queues. All of a server have their blocks from one place.</summary>
    public sealed class Factory : IMemoryPoolFactory<byte>
    {
        private readonly Spares spares = new();

        public MemoryPool<byte> Create(MemoryPoolOptions? options = null) => new BlockPool(spares);
    }

    /// <summary>Blocks that came back and are kept for the next who asks: the one that came last first, since it is still in the processor's cache.</summary>
    /// <remarks>
    /// A body that is read gives back all that had gathered before it at once, up to Kestrel's request buffer of 1 MiB, and gathers it again. Where fewer
    /// blocks are kept than come back so, the others are garbage that no collection comes for in a long time, since next to nothing else is allocated.
    /// </remarks>
    internal sealed class Spares
    {
        /// <summary>16 MiB: what sixteen bodies give back.</summary>
        public const int Most = 256;

        private readonly Lock gate = new();
        private readonly Stack<Block> kept = new(Most);

        public Block Take()
        {
            Block? block;
            lock (gate)
                kept.TryPop(out block);
            block ??= new Block(this);
            block.IsRented = true;
            return block;
        }

        public void Return(Block block)
        {
            lock (gate)
            {
                if (kept.Count < Most)
                    kept.Push(block);
            }
        }
    }

    internal sealed class Block(Spares spares) : IMemoryOwner<byte>
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
            spares.Return(this);
        }
    }
}
