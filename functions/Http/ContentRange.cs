using System.Globalization;
using Registry.Errors;
using Registry.Layers;

namespace Registry.Functions.Http;

/// <summary>Reads what a client says of a chunk (end-5): <c>Content-Range: start-end</c>, both inclusive, and Content-Length.</summary>
internal static class ContentRange
{
    /// <summary>Null when the client does not say. <c>bytes start-end/total</c>, as RFC 9110 has it, is understood too.</summary>
    /// <exception cref="RegistryException"><c>BLOB_UPLOAD_INVALID</c> when it cannot be read, <c>SIZE_INVALID</c> when it contradicts Content-Length.</exception>
    public static ChunkRange? Parse(HttpRequest request)
    {
        var text = request.Headers.ContentRange.ToString();
        if (text.Length == 0)
            return null;
        var range = text.StartsWith("bytes ", StringComparison.OrdinalIgnoreCase) ? text["bytes ".Length..] : text;
        var slash = range.IndexOf('/', StringComparison.Ordinal);
        var ends = (slash < 0 ? range : range[..slash]).Split('-');
        if (ends.Length != 2 || !TryNumber(ends[0], out var start) || !TryNumber(ends[1], out var end))
            throw new RegistryException(RegistryError.BlobUploadInvalid, "Content-Range is not start-end");

        // Docker's clients write 0-0 or 0--1 for an empty chunk; it is one byte only if there is one.
        var length = request.ContentLength == 0 && end <= start ? 0 : end - start + 1;
        if (length < 0)
            throw new RegistryException(RegistryError.BlobUploadInvalid, "Content-Range ends before it starts");
        if (request.ContentLength is { } said && said != length)
            throw new RegistryException(RegistryError.SizeInvalid, $"Content-Range has {length} bytes and Content-Length {said}");
        return new ChunkRange(start, length);
    }

    private static bool TryNumber(string text, out long number) =>
        long.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
