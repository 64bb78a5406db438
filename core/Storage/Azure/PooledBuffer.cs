using System.Buffers;

namespace Registry.Storage.Azure;

/// <summary>A growing buffer of the shared pool, for the body of a request or an answer.</summary>
/// <remarks>
/// Disposed when the call is over. For a request's body that is safe because HTTP/1.1 sends it to its end, or fails doing so, before it looks
/// for an answer: nothing reads the buffer any more when the call returns, whether by result, failure or time limit.
/// </remarks>
internal sealed class PooledBuffer(int capacity) : IBufferWriter<byte>, IDisposable
{
    private byte[] buffer = ArrayPool<byte>.Shared.Rent(capacity);
    private int written;

    public ReadOnlyMemory<byte> Written => buffer.AsMemory(0, written);

    /// <summary>What was written, as a stream that is not to be used after the buffer.</summary>
    public MemoryStream AsStream() => new(buffer, 0, written, writable: false, publiclyVisible: true);

    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)count, (uint)(buffer.Length - written), nameof(count));
        written += count;
    }

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        int needed = written + Math.Max(sizeHint, 1);
        if (needed > buffer.Length)
            Grow(needed);
        return buffer.AsMemory(written);
    }

    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(buffer);
        buffer = [];
        written = 0;
    }

    private void Grow(int needed)
    {
        byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(needed, buffer.Length * 2));
        Written.Span.CopyTo(larger);
        ArrayPool<byte>.Shared.Return(buffer);
        buffer = larger;
    }
}
