using System.Globalization;
using Microsoft.Extensions.Primitives;
using Registry.Errors;

namespace Registry.Functions.Http;

/// <summary>A single range of content that a client asks for (RFC 9110, section 14).</summary>
internal readonly record struct ByteRange(long Offset, long Length)
{
    /// <summary>Reads a Range header. Null when there is none, or one that may be ignored: another unit, several ranges, or of content that is empty.</summary>
    /// <remarks>containerd asks for every blob from 0 on, the empty one too; RFC 9110, section 14.2 lets a server ignore Range where there is no content. An end before its start is invalid and could be ignored by RFC 9110, section 14.1.1; but it selects nothing, and OCI's conformance suite wants that said.</remarks>
    /// <exception cref="RegistryException"><c>RANGE_INVALID</c> (416)</exception>
    public static ByteRange? Parse(StringValues header, long size)
    {
        var text = header.ToString().Trim();
        if (size == 0 || !text.StartsWith("bytes=", StringComparison.OrdinalIgnoreCase) || text.Contains(',', StringComparison.Ordinal))
            return null;
        var range = text["bytes=".Length..].Trim();
        var dash = range.IndexOf('-', StringComparison.Ordinal);
        if (dash < 0 || !TryNumber(range[..dash], out var first) || !TryNumber(range[(dash + 1)..], out var last) || (first, last) is (null, null))
            return null;

        var (offset, end) = (first, last) switch
        {
            (null, { } suffix) => (Math.Max(0, size - suffix), suffix == 0 ? -1 : size - 1),
            ({ } from, null) => (from, size - 1),
            var (from, to) => (from!.Value, Math.Min(to!.Value, size - 1)),
        };
        return offset <= end ? new ByteRange(offset, end - offset + 1) : throw new RegistryException(RegistryError.RangeNotSatisfiable, detail: new RangeDetail(size));
    }

    // More digits than a long takes are a number all the same: one beyond every end.
    private static bool TryNumber(string text, out long? number)
    {
        number = null;
        text = text.Trim();
        if (text.Length == 0)
            return true;
        if (!text.All(char.IsAsciiDigit))
            return false;
        number = long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : long.MaxValue;
        return true;
    }
}

/// <summary>The detail of <c>RANGE_INVALID</c>: how many bytes there are.</summary>
public sealed record RangeDetail(long Size);
