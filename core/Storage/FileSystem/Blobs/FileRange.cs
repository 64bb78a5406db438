using Microsoft.Win32.SafeHandles;

namespace Registry.Storage.FileSystem.Blobs;

/// <summary>The bytes of a blob's file from one offset to another. It owns the handle. What the disk cannot read is a storage error.</summary>
/// <remarks>
/// A read is done at once, on the caller's thread. .NET has no other way to read a file on Linux than to block a thread, and would only take another
/// one of the pool for it; what is in the page cache comes sooner than that one starts.
/// </remarks>
internal sealed class FileRange(SafeFileHandle file, string path, long from, long to) : ForwardStream
{
    private long at = from;

    public override int Read(Span<byte> buffer)
    {
        int count = (int)Math.Clamp(to - at, 0, buffer.Length);
        if (count == 0)
            return 0;
        try
        {
            int read = RandomAccess.Read(file, buffer[..count], at);
            at += read;
            return read;
        }
        catch (Exception error) when (StorageCalls.IsFailure(error))
        {
            throw StorageCalls.Failure("read", path, error);
        }
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled<int>(cancellationToken);
        try
        {
            return new(Read(buffer.Span));
        }
        catch (StorageFailedException error)
        {
            return ValueTask.FromException<int>(error);
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            file.Dispose();
        base.Dispose(disposing);
    }
}
