using System.Buffers;

namespace Registry.Digests;

/// <summary>The bytes of an archive, through one buffer, and no more of them than it may expand to.</summary>
internal sealed class TarSource(Stream stream, bool isCompressed, long limit) : IDisposable
{
    // Larger than a block, so that most headers and bodies cost no read of their own; SHA-256 gains nothing from more.
    private const int BufferSize = 128 * 1024;

    private readonly byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
    private long spent;
    private int start;
    private int end;

    /// <summary>Where the next byte stands in the (decompressed) archive.</summary>
    public long Position { get; private set; }

    /// <summary>Waits until so many bytes are there. Gives how many are: fewer only at the end.</summary>
    public async ValueTask<int> Fill(int count, CancellationToken cancellation)
    {
        if (buffer.Length - start < count)
        {
            buffer.AsSpan(start, end - start).CopyTo(buffer);
            (start, end) = (0, end - start);
        }

        while (end - start < count && await Read(cancellation))
        {
        }

        return Math.Min(count, end - start);
    }

    /// <summary>Bytes that <see cref="Fill"/> found.</summary>
    public ReadOnlySpan<byte> Peek(int count) => buffer.AsSpan(start, count);

    /// <summary>The next bytes, at least one.</summary>
    /// <exception cref="TarSumException">The archive ends before.</exception>
    public async ValueTask<ReadOnlyMemory<byte>> Some(long max, CancellationToken cancellation)
    {
        if (start == end && await Fill(1, cancellation) == 0)
            throw new TarSumException($"truncated tar archive: it ends at byte {Position}, within an entry");
        return buffer.AsMemory(start, (int)Math.Min(max, end - start));
    }

    public void Advance(int count)
    {
        start += count;
        Position += count;
        if (start == end)
            start = end = 0;
    }

    public async ValueTask Skip(long count, CancellationToken cancellation)
    {
        while (count > 0)
        {
            var some = (await Some(count, cancellation)).Length;
            Advance(some);
            count -= some;
        }
    }

    /// <summary>Reads what follows the end of the archive.</summary>
    public async ValueTask Drain(CancellationToken cancellation)
    {
        while (await Fill(1, cancellation) > 0)
            Advance(end - start);
    }

    /// <summary>Takes bytes that a sparse file leaves out from what the archive may expand to.</summary>
    public void Spend(long bytes)
    {
        if (bytes > limit - spent)
            throw new TarSumException($"the tar archive expands to more than {limit} bytes, which is more than the registry sums up");
        spent += bytes;
    }

    public void Dispose() => ArrayPool<byte>.Shared.Return(buffer);

    private async ValueTask<bool> Read(CancellationToken cancellation)
    {
        int read;
        try
        {
            read = await stream.ReadAsync(buffer.AsMemory(end), cancellation);
        }
        catch (InvalidDataException e) when (isCompressed)
        {
            throw new TarSumException($"damaged gzip data behind byte {Position} of the tar archive: {e.Message}");
        }

        Spend(read);
        end += read;
        return read > 0;
    }
}
