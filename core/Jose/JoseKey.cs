using System.Security.Cryptography;
using System.Text.Json;

namespace Registry.Jose;

/// <summary>A public key that came as a JWK (RFC 7517), for the one algorithm that its type allows.</summary>
internal sealed class JoseKey
{
    private readonly RSAParameters? rsa;
    private readonly ECParameters? ec;

    private JoseKey(JoseAlgorithm algorithm, RSAParameters? rsa, ECParameters? ec)
    {
        Algorithm = algorithm;
        this.rsa = rsa;
        this.ec = ec;
    }

    public JoseAlgorithm Algorithm { get; }

    /// <summary>What a key of this type and curve signs with; null for those that are not used here.</summary>
    /// <exception cref="JoseException">The type or the curve is no text.</exception>
    public static JoseAlgorithm? AlgorithmOf(JsonElement jwk) => (jwk.FindString("kty"), jwk.FindString("crv")) switch
    {
        ("RSA", _) => JoseAlgorithm.RS256,
        ("EC", "P-256") => JoseAlgorithm.ES256,
        ("EC", "P-384") => JoseAlgorithm.ES384,
        _ => null,
    };

    /// <summary>Reads a key; null for a type, a curve or a size that is not used here.</summary>
    /// <exception cref="JoseException">A number of it is not base64url.</exception>
    public static JoseKey? Read(JsonElement jwk) => AlgorithmOf(jwk) switch
    {
        null => null,
        var algorithm when algorithm == JoseAlgorithm.RS256 => ReadRsa(jwk),
        var algorithm when algorithm == JoseAlgorithm.ES256 => ReadEc(algorithm, ECCurve.NamedCurves.nistP256, 32, jwk),
        var algorithm => ReadEc(algorithm, ECCurve.NamedCurves.nistP384, 48, jwk),
    };

    /// <param name="hash">The hash of what was signed, in the algorithm's.</param>
    /// <param name="signature">RSA's number, or both of ECDSA's at full length, one after the other (RFC 7518, section 3.4).</param>
    /// <exception cref="JoseException">The key is no point of the curve, or no modulus.</exception>
    public bool Verifies(byte[] hash, byte[] signature) => Use(
        key => key.VerifyHash(hash, signature, Algorithm.Hash, RSASignaturePadding.Pkcs1),
        key => key.VerifyHash(hash, signature, DSASignatureFormat.IeeeP1363FixedFieldConcatenation));

    /// <summary>The key as DER (X.509's SubjectPublicKeyInfo).</summary>
    /// <exception cref="JoseException">The key is no point of the curve, or no modulus.</exception>
    public byte[] ExportSubjectPublicKeyInfo() => Use(key => key.ExportSubjectPublicKeyInfo(), key => key.ExportSubjectPublicKeyInfo());

    private T Use<T>(Func<RSA, T> withRsa, Func<ECDsa, T> withEc)
    {
        try
        {
            if (rsa is { } rsaKey)
            {
                using var algorithm = RSA.Create(rsaKey);
                return withRsa(algorithm);
            }
            else
            {
                using var algorithm = ECDsa.Create(ec!.Value);
                return withEc(algorithm);
            }
        }
        catch (CryptographicException e)
        {
            throw new JoseException("the key is none", e);
        }
    }

    private static JoseKey? ReadRsa(JsonElement jwk)
    {
        var parameters = new RSAParameters { Modulus = JoseJson.Base64Url(jwk.FindString("n"), "n"), Exponent = JoseJson.Base64Url(jwk.FindString("e"), "e") };

        // RFC 7518, 3.3: 2048 bits or more. Beyond 8192 a verification takes long.
        return parameters.Modulus.Length is >= 256 and <= 1024 && parameters.Exponent.Length is >= 1 and <= 4 ? new JoseKey(JoseAlgorithm.RS256, parameters, null) : null;
    }

    private static JoseKey? ReadEc(JoseAlgorithm algorithm, ECCurve curve, int length, JsonElement jwk)
    {
        // RFC 7518, 6.2.1.2: as many octets as the curve's numbers have, leading zeros too.
        var point = new ECPoint { X = JoseJson.Base64Url(jwk.FindString("x"), "x"), Y = JoseJson.Base64Url(jwk.FindString("y"), "y") };
        return point.X.Length == length && point.Y.Length == length ? new JoseKey(algorithm, null, new ECParameters { Curve = curve, Q = point }) : null;
    }
}
