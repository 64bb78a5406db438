using System.Buffers;

namespace Registry.Storage.Azure;

/// <summary>A sequence as a stream to upload from, without a copy. A retry seeks back to its beginning.</summary>
internal sealed class SequenceStream(ReadOnlySequence<byte> content) : Stream
{
    private SequencePosition next = content.Start;
    private long position;

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length { get; } = content.Length;

    public override long Position
    {
        get => position;
        set
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThan((ulong)value, (ulong)Length, nameof(value));
            next = content.GetPosition(value);
            position = value;
        }
    }

    public override int Read(Span<byte> buffer)
    {
        ReadOnlySequence<byte> rest = content.Slice(next);
        int count = (int)Math.Min(buffer.Length, rest.Length);
        rest.Slice(0, count).CopyTo(buffer);
        next = rest.GetPosition(count);
        position += count;
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        cancellationToken.IsCancellationRequested ? ValueTask.FromCanceled<int>(cancellationToken) : new(Read(buffer.Span));

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <summary>Writes the segments as they are: no buffer stands between a slab and the socket.</summary>
    public override async Task CopyToAsync(Stream destination, int bufferSize, CancellationToken cancellationToken)
    {
        var rest = content.Slice(next);
        foreach (ReadOnlyMemory<byte> segment in rest)
            await destination.WriteAsync(segment, cancellationToken);
        next = content.End;
        position = Length;
    }

    public override long Seek(long offset, SeekOrigin origin) => Position = offset + origin switch
    {
        SeekOrigin.Begin => 0,
        SeekOrigin.Current => position,
        _ => Length,
    };

    public override void Flush()
    {
    }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
