using System.Collections.Concurrent;

namespace Registry.Access.Oidc;

/// <summary>Decides whether a token is one that a federation lets in.</summary>
public sealed class OidcVerifier(IOidcDocuments documents, TimeProvider time)
{
    /// <summary>By how much the issuer's clock and ours may differ.</summary>
    public static readonly TimeSpan Skew = TimeSpan.FromSeconds(60);

    // Keyed by issuers that an administrator named: as many as there are federations.
    private readonly ConcurrentDictionary<string, OidcIssuer> issuers = new(StringComparer.Ordinal);

    /// <summary>Whether a password has the form of a token.</summary>
    public static bool LooksLikeToken(string password)
    {
        ArgumentNullException.ThrowIfNull(password);
        return OidcToken.LooksLike(password);
    }

    /// <summary>Verifies issuer, audience, times, subject and signature. Returns when all are right.</summary>
    /// <exception cref="OidcException">One is wrong; the message says which.</exception>
    public async Task Verify(Federation federation, string token, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(federation);
        ArgumentNullException.ThrowIfNull(token);
        var parsed = OidcToken.Parse(token);

        // What costs nothing comes first: a token of another issuer must not make us fetch anything.
        RequireClaims(federation, parsed);
        var issuer = issuers.GetOrAdd(federation.Issuer.OriginalString, _ => new OidcIssuer(federation.Issuer, documents, time));
        var key = await issuer.FindKey(parsed.KeyId, cancellation) ?? throw new OidcException($"the issuer has no key '{parsed.KeyId}'");
        if (!key.Verifies(parsed))
            throw new OidcException("the token's signature is wrong");
    }

    private void RequireClaims(Federation federation, OidcToken token)
    {
        var now = time.GetUtcNow();
        if (token.Issuer != federation.Issuer.OriginalString)
            throw new OidcException($"the token's issuer is '{token.Issuer}'");
        if (!token.Audiences.Contains(federation.Audience, StringComparer.Ordinal))
            throw new OidcException($"the token is for '{string.Join("', '", token.Audiences)}'");
        if (now >= token.ExpiresAt + Skew)
            throw new OidcException($"the token expired at {token.ExpiresAt:O}");
        if (now < token.NotBefore - Skew || now < token.IssuedAt - Skew)
            throw new OidcException("the token is not valid yet");
        if (!Wildcard.Matches(federation.SubjectPattern, token.Subject))
            throw new OidcException($"the token's subject is '{token.Subject}'");
    }
}
