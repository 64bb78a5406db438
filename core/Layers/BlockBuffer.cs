using System.Buffers;

namespace Registry.Layers;

/// <summary>A chain of slabs that is filled at its end, hashed behind that, and cut off at its front. Used by one loop.</summary>
internal sealed class BlockBuffer(SlabLease lease, int slabSize)
{
    private readonly List<byte[]> slabs = [];
    private int filled;

    /// <summary>Bytes in the buffer.</summary>
    public int Length => slabs.Count == 0 ? 0 : ((slabs.Count - 1) * slabSize) + filled;

    /// <summary>Bytes in slabs that are full.</summary>
    public int FullLength => Length / slabSize * slabSize;

    /// <summary>Where the next bytes go; empty when a slab is needed first.</summary>
    public Span<byte> Room => slabs.Count == 0 ? [] : slabs[^1].AsSpan(filled);

    /// <summary>Adds a slab. False when there is none to be had now.</summary>
    public bool TryGrow()
    {
        if (lease.TryTake() is not { } slab)
            return false;
        slabs.Add(slab);
        filled = 0;
        return true;
    }

    public void Fill(ReadOnlySpan<byte> content)
    {
        content.CopyTo(Room);
        filled += content.Length;
    }

    /// <summary>The bytes from one offset to another, slab by slab.</summary>
    public IEnumerable<ReadOnlyMemory<byte>> Slices(int from, int to)
    {
        while (from < to)
        {
            var start = from % slabSize;
            var length = Math.Min(slabSize - start, to - from);
            yield return slabs[from / slabSize].AsMemory(start, length);
            from += length;
        }
    }

    /// <summary>A copy of everything: for the little that is kept in a row.</summary>
    public byte[] ToArray()
    {
        var copy = new byte[Length];
        var at = 0;
        foreach (var slice in Slices(0, Length))
        {
            slice.Span.CopyTo(copy.AsSpan(at));
            at += slice.Length;
        }

        return copy;
    }

    /// <summary>Takes the first bytes out of the buffer: whole slabs, or everything.</summary>
    public SlabBlock Cut(int length)
    {
        var count = length == Length ? slabs.Count : length / slabSize;
        var cut = slabs[..count];
        slabs.RemoveRange(0, count);
        if (slabs.Count == 0)
            filled = 0;
        return new SlabBlock(lease, cut, length);
    }

    public void Clear()
    {
        foreach (var slab in slabs)
            lease.Return(slab);
        slabs.Clear();
        filled = 0;
    }
}

/// <summary>Bytes that were cut off to be staged. Returns its slabs when it is disposed.</summary>
internal sealed class SlabBlock(SlabLease lease, List<byte[]> slabs, int length) : IDisposable
{
    public int Length => length;

    public ReadOnlySequence<byte> Content
    {
        get
        {
            var first = new Segment(slabs[0].AsMemory(0, Math.Min(length, slabs[0].Length)), 0);
            var last = first;
            for (var i = 1; i < slabs.Count; i++)
            {
                var before = last.RunningIndex + last.Memory.Length;
                last = last.Append(slabs[i].AsMemory(0, (int)Math.Min(length - before, slabs[i].Length)));
            }

            return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
        }
    }

    public void Dispose()
    {
        foreach (var slab in slabs)
            lease.Return(slab);
        slabs.Clear();
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory, long runningIndex)
        {
            Memory = memory;
            RunningIndex = runningIndex;
        }

        public Segment Append(ReadOnlyMemory<byte> memory)
        {
            var next = new Segment(memory, RunningIndex + Memory.Length);
            Next = next;
            return next;
        }
    }
}
