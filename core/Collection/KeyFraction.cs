using System.Globalization;

namespace Registry.Collection;

/// <summary>How far a listing has come whose keys begin with random hexadecimal digits.</summary>
internal static class KeyFraction
{
    /// <summary>By a digest's first four digits. (The few of other algorithms come last and count as the end.)</summary>
    public static double OfDigest(string digest)
    {
        var colon = digest.IndexOf(':', StringComparison.Ordinal);
        return digest.StartsWith("sha256:", StringComparison.Ordinal) ? OfHex(digest.AsSpan(colon + 1), 4) : 1;
    }

    public static double OfHex(ReadOnlySpan<char> hex, int digits) =>
        hex.Length >= digits && int.TryParse(hex[..digits], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value)
            ? value / (double)(1 << (4 * digits))
            : 0;
}
