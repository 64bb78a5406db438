using Registry.Digests;
using Registry.Repositories;
using Registry.Storage;

namespace Registry.Layers;

/// <summary>A layer's content as a seekable stream. Bytes are fetched by ranged reads when they are asked for; seeking, and asking for the end, costs no transaction.</summary>
/// <remarks>
/// Positions past the end can be sought, and read as the end. Once a read has begun at a position the rest follows on the same
/// connection; a seek to elsewhere gives it up. Not safe for concurrent use.
/// </remarks>
public sealed class Layer(IStorageDriver driver, LayerLink link) : Stream
{
    private Stream? source;
    private long sourcePosition;
    private long position;
    private bool closed;

    public RepositoryName Repository => link.Repository;

    public Digest Digest => link.Digest;

    public DateTimeOffset CreatedAt => link.CreatedAt;

    /// <summary>The blob's path, for a driver that can hand it out.</summary>
    public string Path => link.Path;

    public override long Length => link.Size;

    public override bool CanRead => !closed;

    public override bool CanSeek => !closed;

    public override bool CanWrite => false;

    public override long Position
    {
        get => position;
        set => Seek(value, SeekOrigin.Begin);
    }

    /// <exception cref="IOException">Before the beginning.</exception>
    public override long Seek(long offset, SeekOrigin origin)
    {
        ObjectDisposedException.ThrowIf(closed, this);
        var target = checked(offset + origin switch
        {
            SeekOrigin.Begin => 0,
            SeekOrigin.Current => position,
            SeekOrigin.End => Length,
            _ => throw new ArgumentOutOfRangeException(nameof(origin)),
        });
        if (target < 0)
            throw new IOException("a seek to before the beginning of the layer");
        return position = target;
    }

    /// <exception cref="StorageNotFoundException">The link's content is gone.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(closed, this);
        if (position >= Length || buffer.IsEmpty)
            return 0;
        if (source is null || sourcePosition != position)
        {
            await CloseSource();
            source = await driver.Open(link.Path, position, null, cancellationToken);
            sourcePosition = position;
        }

        var read = await source.ReadAsync(buffer, cancellationToken);
        if (read == 0)
            throw new InvalidDataException($"blob '{link.Path}' ends at {position} and its link says {Length}");
        position += read;
        sourcePosition = position;
        return read;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) =>
        throw new NotSupportedException("a layer is read asynchronously: its content comes over a network");

    public override void Flush()
    {
    }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <summary>Opens a range for reading once, forwards.</summary>
    public Task<Stream> OpenRange(long offset, long length, CancellationToken cancellation) =>
        driver.Open(link.Path, offset, length, cancellation);

    public override async ValueTask DisposeAsync()
    {
        closed = true;
        await CloseSource();
        await base.DisposeAsync();
    }

    protected override void Dispose(bool disposing)
    {
        closed = true;
        if (disposing)
            source?.Dispose();
        base.Dispose(disposing);
    }

    private async ValueTask CloseSource()
    {
        if (source is not null)
            await source.DisposeAsync();
        source = null;
    }
}
