namespace Registry.Storage.Azure;

/// <summary>The body of a download. What goes wrong in the middle of it is a storage error here as well.</summary>
/// <remarks>
/// The stream inside is the library's: when a body breaks off, or a read gets nothing for the time limit of a try, it asks again for what is
/// missing, on the condition that the blob's ETag is the same, up to five times for a download. Each is one more transaction. Content
/// never changes under its name, so what is read is whole and of one blob, or ends with an exception: never short.
/// </remarks>
internal sealed class BlobReadStream(Stream body, string path) : ForwardStream
{
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            return await body.ReadAsync(buffer, cancellationToken);
        }
        catch (Exception e) when (AzureFailure.IsStorage(e, cancellationToken))
        {
            throw AzureFailure.Of(e, "read", path);
        }
    }

    public override int Read(byte[] buffer, int offset, int count)
    {
        try
        {
            return body.Read(buffer, offset, count);
        }
        catch (Exception e) when (AzureFailure.IsStorage(e, CancellationToken.None))
        {
            throw AzureFailure.Of(e, "read", path);
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            body.Dispose();
        base.Dispose(disposing);
    }
}
