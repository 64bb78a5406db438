using System.Buffers;
using Registry.Digests;

namespace Registry.Layers;

/// <summary>A chain of slabs that is filled at its end, hashed behind that, and cut off at its front. Used by one loop. Only a cut allocates.</summary>
internal sealed class BlockBuffer(SlabLease lease, int slabSize)
{
    private Slab? first;
    private Slab? last;
    private int count;
    private int filled;

    /// <summary>Bytes in the buffer.</summary>
    public int Length => count == 0 ? 0 : ((count - 1) * slabSize) + filled;

    /// <summary>Bytes in slabs that are full.</summary>
    public int FullLength => Length / slabSize * slabSize;

    /// <summary>Where the next bytes go; empty when a slab is needed first.</summary>
    public Span<byte> Room => last is null ? [] : last.Bytes[filled..];

    /// <summary>Adds a slab. False when there is none to be had now.</summary>
    public bool TryGrow()
    {
        if (lease.TryTake() is not { } slab)
            return false;
        slab.Follow(last);
        first ??= slab;
        last = slab;
        count++;
        filled = 0;
        return true;
    }

    public void Fill(ReadOnlySpan<byte> content)
    {
        content.CopyTo(Room);
        filled += content.Length;
    }

    /// <summary>Hashes the bytes from one offset to another.</summary>
    public void HashTo(ResumableHash hash, int from, int to)
    {
        var start = 0;
        for (var slab = first; from < to; slab = slab!.Following, start += slabSize)
        {
            if (from >= start + slabSize)
                continue;
            var end = Math.Min(to, start + slabSize);
            hash.Append(slab!.Bytes[(from - start)..(end - start)]);
            from = end;
        }
    }

    /// <summary>A copy of everything: for the little that is kept in a row.</summary>
    public byte[] ToArray()
    {
        var copy = new byte[Length];
        var at = 0;
        for (var slab = first; slab is not null; slab = slab.Following)
        {
            var length = Math.Min(slabSize, copy.Length - at);
            slab.Bytes[..length].CopyTo(copy.AsSpan(at));
            at += length;
        }

        return copy;
    }

    /// <summary>Takes the first bytes out of the buffer: whole slabs, or everything.</summary>
    public SlabBlock Cut(int length)
    {
        var block = first!;
        var end = block;
        var cut = 1;
        for (; cut * slabSize < length; cut++)
            end = end.Following!;

        first = end.End(length - ((cut - 1) * slabSize));
        count -= cut;
        if (first is null)
        {
            last = null;
            filled = 0;
        }

        return new SlabBlock(lease, block, end);
    }

    public void Clear()
    {
        SlabBlock.Return(lease, first);
        (first, last, count, filled) = (null, null, 0, 0);
    }
}

/// <summary>Bytes that were cut off to be staged. Returns its slabs when it is disposed.</summary>
internal sealed class SlabBlock : IDisposable
{
    private readonly SlabLease lease;
    private Slab? slabs;

    public SlabBlock(SlabLease lease, Slab first, Slab last)
    {
        this.lease = lease;
        slabs = first;
        Content = new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    public ReadOnlySequence<byte> Content { get; }

    public void Dispose()
    {
        Return(lease, slabs);
        slabs = null;
    }

    /// <summary>Returns a chain, link by link: what is returned is another's at once.</summary>
    public static void Return(SlabLease lease, Slab? slabs)
    {
        while (slabs is { } slab)
        {
            slabs = slab.End(0);
            lease.Return(slab);
        }
    }
}
