using System.Text.Json;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http.Features;
using Registry.Functions.Commands.Operations;

namespace Registry.Functions.Commands.Control;

/// <summary>Answers <c>POST /{operation}</c>: the body is the operation as JSON, the answer its events, each a line of JSON as soon as it happens.</summary>
/// <param name="work">What operations work with.</param>
/// <param name="operations">Which there are.</param>
/// <param name="stopping">Ends them all: the server stops.</param>
internal sealed class ControlApplication(OperationContext work, OperationList operations, CancellationToken stopping) : IHttpApplication<HttpContext>
{
    /// <summary>In bytes: no operation is anywhere near.</summary>
    public const int MaxRequest = 1024 * 1024;

    public const string ContentType = "application/x-ndjson";

    public HttpContext CreateContext(IFeatureCollection contextFeatures) => new DefaultHttpContext(contextFeatures);

    public void DisposeContext(HttpContext context, Exception? exception)
    {
    }

    public async Task ProcessRequestAsync(HttpContext context)
    {
        context.Response.ContentType = ContentType;
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, stopping);
        ValueTask Send(OperationEvent e) => Write(context.Response, e, context.RequestAborted);
        try
        {
            if (await Read(context.Request, ending.Token) is { } operation)
                await OperationRunner.Run(operation, work, Send, ending.Token);
            else
                await Send(Failure("the running server is another version of the registry, and does not know this command: start it again"));
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested && !context.RequestAborted.IsCancellationRequested)
        {
            await Send(Failure("the server stops: what was done so far stays done; give the command again"));
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            // The command has gone, and its operation with it.
            context.Abort();
        }
    }

    private async Task<Operation?> Read(HttpRequest request, CancellationToken cancellation)
    {
        if (!HttpMethods.IsPost(request.Method) || operations.Find(request.Path.Value!.TrimStart('/')) is not { } type)
            return null;
        try
        {
            return (Operation?)await JsonSerializer.DeserializeAsync(request.Body, type, cancellation);
        }
        catch (JsonException)
        {
            // Of the same name, and not of the same shape.
            return null;
        }
    }

    private static async ValueTask Write(HttpResponse response, OperationEvent e, CancellationToken cancellation)
    {
        await response.Body.WriteAsync((byte[])[.. JsonSerializer.SerializeToUtf8Bytes(e, EventJson.Default.OperationEvent), (byte)'\n'], cancellation);
        await response.Body.FlushAsync(cancellation);
    }

    private static OperationEvent Failure(string message) => new() { Error = new OperationFailure(IsUsage: false, message) };
}
