using System.Security.Cryptography;
using System.Text.Json;

namespace Registry.Access.Oidc;

/// <summary>A public key that an issuer published (RFC 7517), for the one algorithm that its type allows.</summary>
internal sealed class OidcKey
{
    private readonly RSAParameters? rsa;
    private readonly ECParameters? ec;

    private OidcKey(string id, RSAParameters? rsa, ECParameters? ec)
    {
        Id = id;
        this.rsa = rsa;
        this.ec = ec;
    }

    public string Id { get; }

    /// <summary>The keys of a JWKS that can be used here, by their id. Others are left aside: an issuer may publish more than it signs with.</summary>
    /// <exception cref="OidcException">It is no JWKS, or has two usable keys of one id.</exception>
    public static IReadOnlyDictionary<string, OidcKey> ReadSet(ReadOnlyMemory<byte> json)
    {
        using var document = OidcJson.Parse(json, "the issuer's key set");
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

    public bool Verifies(OidcToken token)
    {
        try
        {
            if (token.Algorithm == OidcAlgorithm.RS256 && rsa is { } rsaKey)
            {
                using var algorithm = RSA.Create(rsaKey);
                return algorithm.VerifyData(token.Signed, token.Signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
            }

            if (token.Algorithm == OidcAlgorithm.ES256 && ec is { } ecKey)
            {
                // RFC 7518, 3.4: both numbers at full length, one after the other.
                using var algorithm = ECDsa.Create(ecKey);
                return algorithm.VerifyData(token.Signed, token.Signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
            }

            return false;
        }
        catch (CryptographicException e)
        {
            // The key is no point of the curve, or no modulus.
            throw new OidcException($"the issuer's key '{Id}' is none", e);
        }
    }

    private static OidcKey? Read(JsonElement key)
    {
        if (key.ValueKind != JsonValueKind.Object || key.FindString("kid") is not { } id || key.FindString("use") is not (null or "sig"))
            return null;
        return (key.FindString("kty"), key.FindString("alg")) switch
        {
            ("RSA", null or "RS256") => ReadRsa(id, key),
            ("EC", null or "ES256") when key.FindString("crv") == "P-256" => ReadEc(id, key),
            _ => null,
        };
    }

    private static OidcKey? ReadRsa(string id, JsonElement key)
    {
        var parameters = new RSAParameters { Modulus = OidcJson.Base64Url(key.FindString("n"), "n"), Exponent = OidcJson.Base64Url(key.FindString("e"), "e") };

        // RFC 7518, 3.3: 2048 bits or more. Beyond 8192 a verification takes long.
        return parameters.Modulus.Length is >= 256 and <= 1024 && parameters.Exponent.Length is >= 1 and <= 4 ? new OidcKey(id, parameters, null) : null;
    }

    private static OidcKey? ReadEc(string id, JsonElement key)
    {
        var point = new ECPoint { X = OidcJson.Base64Url(key.FindString("x"), "x"), Y = OidcJson.Base64Url(key.FindString("y"), "y") };
        return point.X.Length == 32 && point.Y.Length == 32 ? new OidcKey(id, null, new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = point }) : null;
    }
}
