using Azure.Core;
using Azure.Core.Pipeline;

namespace Registry.Storage.Azure;

/// <summary>Reads an answer's body into the shared pool instead of a stream that grows by copies: an upload's row can be 700 KiB of JSON, and is read for every chunk.</summary>
/// <remarks>It stands inside the retries, so that a body that breaks off is asked for again.</remarks>
internal sealed class PooledBodyPolicy : HttpPipelinePolicy
{
    private const int FirstCapacity = 16 * 1024;

    public override async ValueTask ProcessAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
    {
        Release(message);
        message.BufferResponse = false;
        await ProcessNextAsync(message, pipeline);
        if (message.Response.ContentStream is not { } body)
            return;

        var buffer = new PooledBuffer((int)(message.Response.Headers.ContentLengthLong ?? FirstCapacity) + 1);
        message.SetProperty(typeof(PooledBodyPolicy), buffer);
        await using (body)
        {
            while (await body.ReadAsync(buffer.GetMemory(), message.CancellationToken) is var count and > 0)
                buffer.Advance(count);
        }

        message.Response.ContentStream = buffer.AsStream();
    }

    public override void Process(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline) => throw new NotSupportedException("every call is asynchronous");

    /// <summary>Gives the body of an answer back, when nobody reads it any more.</summary>
    public static void Release(HttpMessage message)
    {
        if (message.TryGetProperty(typeof(PooledBodyPolicy), out object? buffer))
            (buffer as PooledBuffer)?.Dispose();
        message.SetProperty(typeof(PooledBodyPolicy), null!);
    }
}
