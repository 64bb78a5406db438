using System.Diagnostics.CodeAnalysis;
using System.Text;
using Microsoft.Extensions.Primitives;

namespace Registry.Functions.Access;

/// <summary>A name and a secret, as somebody gave them.</summary>
internal sealed record Credentials(string Name, string Secret)
{
    private static readonly UTF8Encoding strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Reads what follows <c>Basic</c> (RFC 7617). Null when it is nothing of the kind.</summary>
    public static Credentials? FindBasic(string parameter)
    {
        try
        {
            var text = strict.GetString(Convert.FromBase64String(parameter));
            var colon = text.IndexOf(':', StringComparison.Ordinal);
            return colon < 0 ? null : new Credentials(text[..colon], text[(colon + 1)..]);
        }
        catch (Exception e) when (e is FormatException or DecoderFallbackException)
        {
            return null;
        }
    }

    /// <summary>Takes an Authorization header apart. False when there is one that is no scheme and a parameter, or there are several.</summary>
    public static bool TryRead(StringValues header, [NotNullWhen(true)] out string? scheme, out string parameter)
    {
        var text = header.Count == 1 ? header[0] ?? "" : "";
        var space = text.IndexOf(' ', StringComparison.Ordinal);
        scheme = space <= 0 ? null : text[..space].ToUpperInvariant();
        parameter = space <= 0 ? "" : text[(space + 1)..].Trim();
        return scheme is not null;
    }

    /// <summary>Without the secret, which must not find its way into a log.</summary>
    public override string ToString() => Name;
}
