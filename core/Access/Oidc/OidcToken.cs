using System.Text;
using System.Text.Json;
using Registry.Jose;

namespace Registry.Access.Oidc;

/// <summary>An OpenID Connect ID token (RFC 7519), taken apart. Nothing in it is true before its signature is verified.</summary>
internal sealed record OidcToken
{
    /// <summary>Those of real issuers have 1 to 3 KiB.</summary>
    public const int MaxLength = 16 * 1024;

    public required JoseAlgorithm Algorithm { get; init; }

    public required string KeyId { get; init; }

    public required string Issuer { get; init; }

    public required string Subject { get; init; }

    public required IReadOnlyList<string> Audiences { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }

    public required DateTimeOffset? NotBefore { get; init; }

    public required DateTimeOffset? IssuedAt { get; init; }

    /// <summary>What is signed: header and claims as they came.</summary>
    public required byte[] Signed { get; init; }

    public required byte[] Signature { get; init; }

    /// <summary>Whether a password has the form of a token: worth looking at.</summary>
    public static bool LooksLike(string text) => text.Length <= MaxLength && text.Count(c => c == '.') == 2;

    /// <summary>The algorithm of that name, if tokens may use it. "none" is not among them, nor HS256, which would take the published key for a shared secret.</summary>
    public static JoseAlgorithm? FindAlgorithm(string? name) => name switch
    {
        "RS256" => JoseAlgorithm.RS256,
        "ES256" => JoseAlgorithm.ES256,
        _ => null,
    };

    /// <exception cref="OidcException">It is no token, or not one that is accepted.</exception>
    public static OidcToken Parse(string text)
    {
        try
        {
            return Read(text);
        }
        catch (JoseException e)
        {
            throw new OidcException(e.Message, e);
        }
    }

    private static OidcToken Read(string text)
    {
        var parts = text.Length <= MaxLength ? text.Split('.') : throw new OidcException($"the token has more than {MaxLength} characters");
        if (parts.Length != 3)
            throw new OidcException("the token has not three parts");
        using var header = JoseJson.Parse(JoseJson.Base64Url(parts[0], "the header"), "the header");
        using var claims = JoseJson.Parse(JoseJson.Base64Url(parts[1], "the claims"), "the claims");

        // RFC 7515, 4.1.11: what "crit" names must be understood, and nothing is.
        if (header.RootElement.TryGetProperty("crit", out _))
            throw new OidcException("the token has critical extensions");
        var name = header.RootElement.FindString("alg");
        return new OidcToken
        {
            Algorithm = FindAlgorithm(name) ?? throw new OidcException($"the token's algorithm is '{name}'; RS256 and ES256 are accepted"),
            KeyId = header.RootElement.FindString("kid") ?? throw new OidcException("the token names no key"),
            Issuer = claims.RootElement.FindString("iss") ?? throw new OidcException("the token has no issuer"),
            Subject = claims.RootElement.FindString("sub") ?? throw new OidcException("the token has no subject"),
            Audiences = ReadAudiences(claims.RootElement),
            ExpiresAt = ReadTime(claims.RootElement, "exp") ?? throw new OidcException("the token never expires"),
            NotBefore = ReadTime(claims.RootElement, "nbf"),
            IssuedAt = ReadTime(claims.RootElement, "iat"),
            Signed = Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}"),
            Signature = JoseJson.Base64Url(parts[2], "the signature"),
        };
    }

    private static List<string> ReadAudiences(JsonElement claims)
    {
        if (!claims.TryGetProperty("aud", out var audience))
            throw new OidcException("the token has no audience");
        IEnumerable<JsonElement> all = audience.ValueKind == JsonValueKind.Array ? audience.EnumerateArray() : [audience];
        return all.All(a => a.ValueKind == JsonValueKind.String) ? [.. all.Select(a => a.Text())] : throw new OidcException("the token's audience is no text");
    }

    // RFC 7519, NumericDate: seconds, with a fraction perhaps.
    private static DateTimeOffset? ReadTime(JsonElement claims, string name)
    {
        if (!claims.TryGetProperty(name, out var value))
            return null;
        return value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var seconds) && seconds is >= 0 and < 253_402_300_799
            ? DateTimeOffset.UnixEpoch.AddSeconds(seconds)
            : throw new OidcException($"the token's {name} is no time");
    }
}
