using System.Security.Cryptography;
using System.Text;
using Registry.Jose;

namespace Registry.Manifests.Schema1;

/// <summary>A private key that manifests are signed with, and its public half as libtrust writes it.</summary>
/// <param name="Algorithm">What it signs with.</param>
/// <param name="Id">Its name.</param>
/// <param name="Members">The JWK's members, in order of their names.</param>
/// <param name="SignData">Signs bytes.</param>
internal sealed record SigningKey(JoseAlgorithm Algorithm, string Id, IReadOnlyList<(string Name, string Value)> Members, Func<byte[], byte[]> SignData)
{
    /// <exception cref="ArgumentException">A key that manifests are not signed with.</exception>
    public static SigningKey Of(AsymmetricAlgorithm key) => key switch
    {
        ECDsa ec when IsOn(ec, ECCurve.NamedCurves.nistP256) => OfEc(ec, "P-256", JoseAlgorithm.ES256),
        ECDsa ec when IsOn(ec, ECCurve.NamedCurves.nistP384) => OfEc(ec, "P-384", JoseAlgorithm.ES384),
        RSA { KeySize: >= 2048 and <= 8192 } rsa => OfRsa(rsa),
        _ => throw new ArgumentException("a key is ECDSA on P-256 or P-384, or RSA of 2048 to 8192 bits", nameof(key)),
    };

    public byte[] Sign(string text) => SignData(Encoding.ASCII.GetBytes(text));

    private static bool IsOn(ECDsa key, ECCurve curve) => key.ExportParameters(includePrivateParameters: false).Curve.Oid.Value == curve.Oid.Value;

    private static SigningKey OfEc(ECDsa key, string curve, JoseAlgorithm algorithm)
    {
        var point = key.ExportParameters(includePrivateParameters: false).Q;
        var id = LibtrustKeyId.Of(key.ExportSubjectPublicKeyInfo());
        return new SigningKey(
            algorithm,
            id,
            [("crv", curve), ("kid", id), ("kty", "EC"), ("x", Encode(point.X!)), ("y", Encode(point.Y!))],
            data => key.SignData(data, algorithm.Hash, DSASignatureFormat.IeeeP1363FixedFieldConcatenation));
    }

    private static SigningKey OfRsa(RSA key)
    {
        var parameters = key.ExportParameters(includePrivateParameters: false);
        var id = LibtrustKeyId.Of(key.ExportSubjectPublicKeyInfo());
        return new SigningKey(
            JoseAlgorithm.RS256,
            id,
            [("e", Encode(parameters.Exponent!)), ("kid", id), ("kty", "RSA"), ("n", Encode(parameters.Modulus!))],
            data => key.SignData(data, JoseAlgorithm.RS256.Hash, RSASignaturePadding.Pkcs1));
    }

    private static string Encode(byte[] number) => System.Buffers.Text.Base64Url.EncodeToString(number);
}
