using Microsoft.AspNetCore.Http.Features;
using Registry.Digests;
using Registry.Errors;
using Registry.Layers;
using Registry.Manifests;
using Registry.Repositories;
using Registry.Storage;

namespace Registry.Functions.Http;

/// <summary>Around every function: the one place that turns a failure into an answer and a log event.</summary>
internal sealed partial class Envelope(RequestDelegate next, UploadUrls urls, IdSource ids, ILogger<Envelope> log)
{
    /// <summary>Longer than any request of a client; Kestrel's own limits are beyond these, because it answers without an envelope.</summary>
    public const int MaxTarget = 16 * 1024;

    public const int MaxHeaders = 32 * 1024;

    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(2);

    public async Task Invoke(HttpContext context)
    {
        if (context.Request.Path.StartsWithSegments("/v2", StringComparison.Ordinal))
            context.Response.Headers["Docker-Distribution-Api-Version"] = "registry/2.0";
        try
        {
            RequireReasonableSize(context.Request);
            await next(context);
            if (context.Response.StatusCode == StatusCodes.Status404NotFound && !context.Response.HasStarted && context.GetEndpoint() is null)
                throw new RegistryException(RegistryError.NotFound);
        }
        catch (RegistryException e)
        {
            LogRefused(context.Request.Method, context.Request.Path, e.Error.Status, e.Error.Code, e.Message);
            await Answer(context, e);
        }
        catch (ClientGoneException e)
        {
            LogClientGone(context.Request.Method, context.Request.Path, e.Offset, e.InnerException?.Message);
            context.Abort();
        }
        catch (Exception e) when (IsClientGone(context, e))
        {
            LogClientGone(context.Request.Method, context.Request.Path, null, e.Message);
            context.Abort();
        }
        catch (StorageFailedException e)
        {
            var id = ids.NewHex(8);
            LogStorageFailed(e, id, context.Request.Method, context.Request.Path, e.Operation, e.Path, e.Status, e.Code, e.Attempts);
            context.Response.Headers.RetryAfter = ((int)RetryAfter.TotalSeconds).ToString(System.Globalization.CultureInfo.InvariantCulture);
            await Answer(context, new RegistryException(RegistryError.Unavailable, detail: new FaultDetail(id)));
        }
        catch (Exception e)
        {
            var id = ids.NewHex(8);
            LogFault(e, id, context.Request.Method, context.Request.Path);
            await Answer(context, new RegistryException(RegistryError.Unknown, detail: new FaultDetail(id)));
        }
    }

    private async Task Answer(HttpContext context, RegistryException exception)
    {
        if (context.Response.HasStarted)
        {
            // Half an answer must not look like a whole one.
            context.Abort();
            return;
        }

        await BodyDrain.Drain(context);
        KeepOnly(context.Response.Headers, "Docker-Distribution-Api-Version", "Allow", "Retry-After", "WWW-Authenticate");
        foreach (var detail in exception.Problems.Select(p => p.Detail))
            DescribeRange(context, exception, detail);
        await context.Response.Json(exception.Error.Status, ErrorBody.Of(exception), WireJson.Default.ErrorBody);
    }

    // A 416 says what would have been right: for an upload where it stands, for content how long it is.
    private void DescribeRange(HttpContext context, RegistryException exception, object? detail)
    {
        if (detail is RangeDetail content)
            context.Response.Headers.ContentRange = $"bytes */{content.Size}";
        else if (exception.Error.Status == StatusCodes.Status416RangeNotSatisfiable && detail is UploadDetail { Offset: { } offset } upload)
            context.UploadHeaders(urls, context.Target().Repository, upload.Upload, offset);
    }

    private static void RequireReasonableSize(HttpRequest request)
    {
        if ((request.Path.Value?.Length ?? 0) + (request.QueryString.Value?.Length ?? 0) > MaxTarget)
            throw new RegistryException(RegistryError.TargetTooLong, $"path and query are longer than {MaxTarget} characters");
        if (LengthOf(request.Headers) > MaxHeaders)
            throw new RegistryException(RegistryError.HeadersTooLong, $"the headers are longer than {MaxHeaders} characters");
    }

    private static int LengthOf(IHeaderDictionary headers)
    {
        var length = 0;
        foreach (var (name, values) in headers)
        {
            length += name.Length;
            foreach (var value in values)
                length += value?.Length ?? 0;
        }

        return length;
    }

    private static void KeepOnly(IHeaderDictionary headers, params string[] kept)
    {
        foreach (var name in headers.Keys.Except(kept, StringComparer.OrdinalIgnoreCase).ToList())
            headers.Remove(name);
    }

    private static bool IsClientGone(HttpContext context, Exception e) =>
        e is BadHttpRequestException or Microsoft.AspNetCore.Connections.ConnectionResetException
        || (e is OperationCanceledException && context.RequestAborted.IsCancellationRequested);

    [LoggerMessage(1, LogLevel.Information, "{Method} {Path}: refused {Status} {Code}: {Message}")]
    private partial void LogRefused(string method, PathString path, int status, string code, string message);

    [LoggerMessage(2, LogLevel.Information, "{Method} {Path}: the client went away; stored up to {Offset}: {Message}")]
    private partial void LogClientGone(string method, PathString path, long? offset, string? message);

    [LoggerMessage(3, LogLevel.Error, "{Id} {Method} {Path}: storage failed: {Operation} {StoragePath}: {StorageStatus} {StorageCode} after {Attempts} attempts")]
    private partial void LogStorageFailed(
        Exception exception, string id, string method, PathString path, string operation, string storagePath, int storageStatus, string storageCode, int attempts);

    [LoggerMessage(4, LogLevel.Error, "{Id} {Method} {Path}: unexpected")]
    private partial void LogFault(Exception exception, string id, string method, PathString path);
}
