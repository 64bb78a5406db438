using System.Buffers;
using System.Runtime.InteropServices;

namespace Registry.Layers;

/// <summary>A buffer of the pool, and a link of the chain that it stands in: a block is a sequence of slabs as they are, with nothing made for it.</summary>
public sealed partial class Slab : ReadOnlySequenceSegment<byte>
{
    /// <summary>A slab begins at a multiple of this, a page: a disk can take it past the page cache, and the system can have its memory back.</summary>
    public const int Alignment = 4096;

    // madvise(2)
    private const int DontNeed = 4;

    private readonly Memory<byte> memory;

    // Pinned: a slab is handed to sockets and files for its whole life, and must not be moved or fragment the heap.
    internal Slab(int size)
    {
        byte[] bytes = GC.AllocateUninitializedArray<byte>(Footprint(size), pinned: true);
        nint address = Marshal.UnsafeAddrOfPinnedArrayElement(bytes, 0);
        memory = bytes.AsMemory(size < Alignment ? 0 : (int)(-address & (Alignment - 1)), size);
    }

    /// <summary>Bytes of memory that a slab of that size takes: the page in which it may have to begin later is one of them. Slabs shorter than a page, which only tests have, begin anywhere.</summary>
    internal static int Footprint(int size) => size < Alignment ? size : size + Alignment;

    internal Span<byte> Bytes => memory.Span;

    internal Slab? Following => (Slab?)Next;

    /// <summary>Whether a slab of that size is whole pages, which the system can have back.</summary>
    internal static bool CanVacate(int size) =>
        OperatingSystem.IsLinux() && size % Environment.SystemPageSize == 0 && Alignment % Environment.SystemPageSize == 0;

    /// <summary>Gives the memory back to the system, not the place: its bytes are zeros until somebody writes to them. Nobody may be using it.</summary>
    /// <remarks>The collector does not mind: it never looks into an array of bytes, nor moves one that is pinned.</remarks>
    internal unsafe void Vacate()
    {
        fixed (byte* first = Bytes)
            _ = Advise(first, memory.Length, DontNeed);
    }

    /// <summary>Puts this behind another slab, or first.</summary>
    internal void Follow(Slab? before)
    {
        RunningIndex = before is null ? 0 : before.RunningIndex + before.memory.Length;
        Memory = memory;
        Next = null;
        if (before is not null)
            before.Next = this;
    }

    /// <summary>Ends the chain here, behind so many bytes of this slab. Gives what followed.</summary>
    internal Slab? End(int length)
    {
        var rest = Following;
        Memory = memory[..length];
        Next = null;
        return rest;
    }

    // Only advice: where it is not taken the memory stays as it is.
    [LibraryImport("libc", EntryPoint = "madvise")]
    private static unsafe partial int Advise(byte* address, nint length, int advice);
}
