using Microsoft.Extensions.Primitives;
using Registry.Errors;

namespace Registry.Functions.Http;

/// <summary>Answers with content of a known digest: whole, a range of it, or nothing where the client has it.</summary>
internal static class ContentWriter
{
    /// <summary>Writes the headers, and tells which bytes are to follow; null when none are.</summary>
    /// <param name="context">The request.</param>
    /// <param name="digest">What the content is called.</param>
    /// <param name="contentType">Its type.</param>
    /// <param name="size">Bytes.</param>
    /// <param name="bytes">The digest of the bytes, where that is another: a strong validator changes whenever they do (RFC 9110, section 8.8.1).</param>
    /// <exception cref="RegistryException"><c>RANGE_INVALID</c> (416)</exception>
    /// <param name="context">The request.</param>
    /// <param name="digest">What the content is called.</param>
    /// <param name="contentType">Its media type.</param>
    /// <param name="size">Its bytes.</param>
    /// <param name="validator">The digest of the very bytes; null when that is what the content is called.</param>
    public static ByteRange? Begin(HttpContext context, string digest, string contentType, long size, string? validator = null)
    {
        var (request, response) = (context.Request, context.Response);
        validator ??= digest;
        var etag = $"\"{validator}\"";
        response.Headers[Responses.DigestHeader] = digest;
        response.Headers.ETag = etag;
        response.Headers.AcceptRanges = "bytes";
        if (Matches(request.Headers.IfNoneMatch, etag))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return null;
        }

        response.ContentType = contentType;
        var range = HttpMethods.IsHead(request.Method) ? null : RequestedRange(request, validator, size);
        var (offset, length) = range ?? new ByteRange(0, size);
        response.StatusCode = range is null ? StatusCodes.Status200OK : StatusCodes.Status206PartialContent;
        response.ContentLength = length;
        if (range is not null)
            response.Headers.ContentRange = $"bytes {offset}-{offset + length - 1}/{size}";
        return HttpMethods.IsHead(request.Method) ? null : new ByteRange(offset, length);
    }

    /// <summary>The range that the request selects; null for the whole. If-None-Match comes first (RFC 9110, section 13.2.2), and If-Range may set Range aside.</summary>
    /// <exception cref="RegistryException"><c>RANGE_INVALID</c> (416)</exception>
    public static ByteRange? RequestedRange(HttpRequest request, string validator, long size)
    {
        if (request.Headers.Range.Count == 0)
            return null;
        var etag = $"\"{validator}\"";
        return Matches(request.Headers.IfNoneMatch, etag) || !RangeApplies(request, etag) ? null : ByteRange.Parse(request.Headers.Range, size);
    }

    // RFC 9110, section 13.1.2: a weak comparison, so that a cache's W/ does not matter.
    private static bool Matches(StringValues ifNoneMatch, string etag) =>
        ifNoneMatch.Count > 0 && ifNoneMatch.SelectMany(h => (h ?? "").Split(',')).Select(t => t.Trim()).Any(t => t == "*" || t == etag || t == $"W/{etag}");

    // RFC 9110, section 13.1.5: with another validator than ours the range is not applied.
    private static bool RangeApplies(HttpRequest request, string etag) =>
        request.Headers.IfRange.Count == 0 || request.Headers.IfRange == etag;
}
