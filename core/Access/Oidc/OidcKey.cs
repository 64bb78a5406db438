using System.Security.Cryptography;
using System.Text.Json;
using Registry.Jose;

namespace Registry.Access.Oidc;

/// <summary>A public key that an issuer published, by its id.</summary>
internal sealed record OidcKey(string Id, JoseKey Key)
{
    /// <summary>The keys of a JWKS that can be used here, by their id. Others are left aside: an issuer may publish more than it signs with.</summary>
    /// <exception cref="OidcException">It is no JWKS, or has two usable keys of one id.</exception>
    public static IReadOnlyDictionary<string, OidcKey> ReadSet(ReadOnlyMemory<byte> json)
    {
        try
        {
            using var document = JoseJson.Parse(json, "the issuer's key set");
            if (!document.RootElement.TryGetProperty("keys", out var list) || list.ValueKind != JsonValueKind.Array)
                throw new OidcException("the issuer's key set has no keys");
            var keys = new Dictionary<string, OidcKey>(StringComparer.Ordinal);
            foreach (var key in list.EnumerateArray().Select(Read).OfType<OidcKey>())
            {
                if (!keys.TryAdd(key.Id, key))
                    throw new OidcException($"the issuer has two keys called '{key.Id}'");
            }

            return keys;
        }
        catch (JoseException e)
        {
            throw new OidcException(e.Message, e);
        }
    }

    public bool Verifies(OidcToken token)
    {
        try
        {
            // Both algorithms of a token sign its SHA-256.
            return token.Algorithm == Key.Algorithm && Key.Verifies(SHA256.HashData(token.Signed), token.Signature);
        }
        catch (JoseException e)
        {
            throw new OidcException($"the issuer's key '{Id}' is none", e);
        }
    }

    private static OidcKey? Read(JsonElement key)
    {
        if (key.ValueKind != JsonValueKind.Object || key.FindString("kid") is not { } id || key.FindString("use") is not (null or "sig"))
            return null;
        var algorithm = JoseKey.AlgorithmOf(key);
        if (algorithm is null || OidcToken.FindAlgorithm(algorithm.Name) is null || key.FindString("alg") is { } named && named != algorithm.Name)
            return null;
        return JoseKey.Read(key) is { } read ? new OidcKey(id, read) : null;
    }
}
