using System.Net;

namespace Registry.Tests.HostEmulation;

/// <summary>A request body of two parts, the second of which is held back until it is released.</summary>
internal sealed class HeldContent(byte[] first, byte[] second, bool chunked) : HttpContent
{
    private readonly TaskCompletionSource firstIsSent = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource release = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task FirstIsSent => firstIsSent.Task;

    public void Release() => release.TrySetResult();

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        await stream.WriteAsync(first, cancellationToken);
        await stream.FlushAsync(cancellationToken);
        firstIsSent.TrySetResult();
        await release.Task.WaitAsync(cancellationToken);
        await stream.WriteAsync(second, cancellationToken);
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override bool TryComputeLength(out long length)
    {
        length = first.Length + second.Length;
        return !chunked;
    }
}
