using System.Buffers;

namespace Registry.Layers;

/// <summary>A buffer of the pool, and a link of the chain that it stands in: a block is a sequence of slabs as they are, with nothing made for it.</summary>
public sealed class Slab : ReadOnlySequenceSegment<byte>
{
    // Pinned: a slab is handed to sockets and files for its whole life, and must not be moved or fragment the heap.
    internal Slab(int size) => Bytes = GC.AllocateUninitializedArray<byte>(size, pinned: true);

    internal byte[] Bytes { get; }

    internal Slab? Following => (Slab?)Next;

    /// <summary>Puts this behind another slab, or first.</summary>
    internal void Follow(Slab? before)
    {
        RunningIndex = before is null ? 0 : before.RunningIndex + before.Bytes.Length;
        Memory = Bytes;
        Next = null;
        if (before is not null)
            before.Next = this;
    }

    /// <summary>Ends the chain here, behind so many bytes of this slab. Gives what followed.</summary>
    internal Slab? End(int length)
    {
        var rest = Following;
        Memory = Bytes.AsMemory(0, length);
        Next = null;
        return rest;
    }
}
