using System.Text.Json;
using Azure;
using Azure.Core;
using Azure.Core.Pipeline;

namespace Registry.Storage.Azure;

/// <summary>One call to the table service, with the buffers of its two bodies.</summary>
/// <param name="message">The request.</param>
/// <param name="operation">What is asked, for errors.</param>
/// <param name="path">Table, partition and row, for errors.</param>
internal sealed class TableCall(HttpMessage message, string operation, string path) : IDisposable
{
    private PooledBuffer? body;

    public delegate T Reading<T>(EntityReader reader, ReadOnlySpan<byte> answer);

    public RequestHeaders Headers => message.Request.Headers;

    public ResponseHeaders AnswerHeaders => message.Response.Headers;

    public ReadOnlySpan<byte> AnswerBody => message.Response.Content.ToMemory().Span;

    /// <summary>Starts a body; <see cref="Send"/> sends what was written into it.</summary>
    public PooledBuffer Body(string contentType, long capacity)
    {
        message.Request.Headers.Add("Content-Type", contentType);
        return body = new PooledBuffer((int)capacity);
    }

    public async Task<TableAnswer> Send(HttpPipeline pipeline, CancellationToken cancellation)
    {
        if (body is not null)
            message.Request.Content = RequestContent.Create(body.Written);
        try
        {
            await pipeline.SendAsync(message, cancellation);
        }
        catch (Exception e) when (AzureFailure.IsStorage(e, cancellation))
        {
            throw AzureFailure.Of(e, operation, path);
        }

        string code = AnswerHeaders.TryGetValue("x-ms-error-code", out string? value) ? value : "";
        return TableAnswer.Read(message.Response.Status, AnswerBody, AnswerHeaders.ETag?.ToString("H"), code);
    }

    /// <summary>Reads rows from the answer.</summary>
    public T Read<T>(Reading<T> read)
    {
        // Date has whole seconds, and a row's time has more: a row that was just written can seem up to a second younger than nothing.
        DateTimeOffset readAt = AnswerHeaders.Date ?? throw Unexpected();
        try
        {
            return read(new EntityReader(readAt), AnswerBody);
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException)
        {
            throw Unexpected(e);
        }
    }

    public void ThrowUnlessSuccess(TableAnswer answer)
    {
        if (!answer.IsSuccess)
            throw Failure(answer);
    }

    public StorageFailedException Failure(TableAnswer answer) =>
        new(operation, path, answer.Status, answer.Code, new RequestFailedException(message.Response));

    /// <summary>An answer that is not the table service's.</summary>
    public StorageFailedException Unexpected(Exception? cause = null) => new(operation, path, message.Response.Status, "UnexpectedResponse", cause);

    public void Dispose()
    {
        PooledBodyPolicy.Release(message);
        body?.Dispose();
        message.Dispose();
    }
}
