using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Registry.Digests;
using Registry.Layers;
using Registry.Repositories;

namespace Registry.Functions.Http;

/// <summary>The headers and bodies that several functions share.</summary>
internal static class Responses
{
    public const string DigestHeader = "Docker-Content-Digest";

    /// <summary>A digest's content never changes: a cache may keep it for ever (RFC 8246).</summary>
    public const string Immutable = "max-age=31536000, immutable";

    public static async Task Json<T>(this HttpResponse response, int status, T value, JsonTypeInfo<T> type)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(value, type);
        response.StatusCode = status;
        response.ContentType = "application/json";
        response.ContentLength = body.Length;
        if (!HttpMethods.IsHead(response.HttpContext.Request.Method))
            await response.Body.WriteAsync(body);
    }

    /// <summary>201 for a blob: where it can be pulled.</summary>
    public static void BlobCreated(this HttpContext context, PublicUrls urls, RepositoryName repository, Digest digest)
    {
        context.Response.StatusCode = StatusCodes.Status201Created;
        context.Response.Headers.Location = urls.Of($"/v2/{repository}/blobs/{digest}");
        context.Response.Headers[DigestHeader] = digest.ToString();
        context.Response.ContentLength = 0;
    }

    /// <summary>How an upload stands: where it goes on, and the bytes it has (end-5, end-13).</summary>
    public static void UploadStatus(this HttpContext context, UploadUrls urls, int status, RepositoryName repository, Guid upload, long offset)
    {
        context.Response.StatusCode = status;
        context.UploadHeaders(urls, repository, upload, offset);
        if (status != StatusCodes.Status204NoContent)
            context.Response.ContentLength = 0;
    }

    public static void UploadHeaders(this HttpContext context, UploadUrls urls, RepositoryName repository, Guid upload, long offset)
    {
        var headers = context.Response.Headers;
        headers.Location = urls.Of(context, repository, upload);
        headers["Docker-Upload-UUID"] = upload.ToString("D");

        // The end is inclusive, so "nothing" cannot be said: 0-0 it is, as every registry does (0--1 breaks clients).
        headers.Range = $"0-{Math.Max(0, offset - 1)}";
    }
}
