using System.Buffers;

namespace Registry.Tests.Support;

/// <summary>Bytes for tests: the same for the same seed.</summary>
public static class Content
{
    public static byte[] Bytes(int seed, int length)
    {
        byte[] bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    public static ReadOnlySequence<byte> Sequence(byte[] bytes) => new(bytes);

    /// <summary>The same bytes as a chain of segments of at most that length, as pooled buffers come.</summary>
    public static ReadOnlySequence<byte> Chain(ReadOnlyMemory<byte> bytes, int segment)
    {
        var first = new Segment(bytes[..Math.Min(segment, bytes.Length)], null);
        Segment last = first;
        for (int at = segment; at < bytes.Length; at += segment)
            last = new Segment(bytes.Slice(at, Math.Min(segment, bytes.Length - at)), last);
        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    public static async Task<byte[]> ReadAll(Stream stream, CancellationToken cancellation)
    {
        using var copy = new MemoryStream();
        await stream.CopyToAsync(copy, cancellation);
        return copy.ToArray();
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory, Segment? before)
        {
            Memory = memory;
            if (before is null)
                return;
            RunningIndex = before.RunningIndex + before.Memory.Length;
            before.Next = this;
        }
    }
}
