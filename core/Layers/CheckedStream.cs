using Registry.Digests;

namespace Registry.Layers;

/// <summary>Content on its way to a reader: hashed as it passes, with a call each so many bytes. Owns the content, not the hash.</summary>
internal sealed class CheckedStream(Stream content, ResumableHash? hash, long checkpoint, Func<Task> onCheckpoint) : ForwardStream
{
    private long sinceCheckpoint;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await content.ReadAsync(buffer, cancellationToken);
        hash?.Append(buffer.Span[..read]);
        sinceCheckpoint += read;
        if (sinceCheckpoint >= checkpoint)
        {
            sinceCheckpoint = 0;
            await onCheckpoint();
        }

        return read;
    }

    public override async ValueTask DisposeAsync()
    {
        await content.DisposeAsync();
        await base.DisposeAsync();
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            content.Dispose();
        base.Dispose(disposing);
    }
}
