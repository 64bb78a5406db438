using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Registry.Access.Oidc;

namespace Registry.Tests.Access;

/// <summary>An issuer of OpenID Connect tokens, whose documents are fetched from memory, and which signs whatever it is told to.</summary>
internal sealed class TestIssuer(TimeProvider time, bool isStranger = false) : IOidcDocuments, IDisposable
{
    public const string Address = "https://issuer.example.org/tenant";

    // Making an RSA key takes a while, so there are two for all tests: the issuer's, and that of somebody who says that he is the issuer.
    private static readonly (RSAParameters Rsa, ECParameters Ec)[] keys = [MakeKeys(), MakeKeys()];

    private readonly RSA rsa = RSA.Create(keys[isStranger ? 1 : 0].Rsa);
    private readonly ECDsa ec = ECDsa.Create(keys[isStranger ? 1 : 0].Ec);

    public string Issuer { get; set; } = Address;

    public string KeysAddress { get; set; } = "https://keys.example.org/set";

    public string RsaId { get; set; } = "rsa-1";

    /// <summary>Replaces the key set when it is not null.</summary>
    public string? Keys { get; set; }

    public bool IsAway { get; set; }

    /// <summary>What was fetched, in order.</summary>
    public List<string> Fetched { get; } = [];

    public string RsaHeader => $$"""{"alg":"RS256","typ":"JWT","kid":"{{RsaId}}"}""";

    public static string EcHeader => """{"alg":"ES256","kid":"ec-1"}""";

    public Task<ReadOnlyMemory<byte>> Get(Uri address, CancellationToken cancellation)
    {
        Fetched.Add(address.AbsoluteUri);
        if (IsAway)
            throw new OidcException("away");
        var body = address.AbsoluteUri switch
        {
            Address + "/.well-known/openid-configuration" => $$"""{"issuer":"{{Issuer}}","jwks_uri":"{{KeysAddress}}"}""",
            "https://keys.example.org/set" => Keys ?? KeySet(),
            _ => throw new OidcException("404"),
        };
        return Task.FromResult<ReadOnlyMemory<byte>>(Encoding.UTF8.GetBytes(body));
    }

    public string Claims(
        string issuer = Address, string audience = "registry.example.org", string subject = "repo:example/app:ref:refs/heads/main", int lives = 300, int age = 0)
    {
        var now = time.GetUtcNow().ToUnixTimeSeconds() - age;
        return $$"""{"iss":"{{issuer}}","aud":"{{audience}}","sub":"{{subject}}","iat":{{now}},"nbf":{{now}},"exp":{{now + lives}}}""";
    }

    /// <summary>Signs as the header's algorithm says.</summary>
    public string Sign(string header, string claims)
    {
        var input = $"{Text(header)}.{Text(claims)}";
        var bytes = Encoding.ASCII.GetBytes(input);
        var signature = header.Contains("ES256", StringComparison.Ordinal)
            ? ec.SignData(bytes, HashAlgorithmName.SHA256)
            : rsa.SignData(bytes, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        return $"{input}.{Base64Url.EncodeToString(signature)}";
    }

    public string Token() => Sign(RsaHeader, Claims());

    /// <summary>The public key as text: what a verifier that trusts <c>alg</c> would take for HMAC's secret.</summary>
    public byte[] PublicKeyText() => Encoding.UTF8.GetBytes(rsa.ExportSubjectPublicKeyInfoPem());

    public static string Text(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));

    public void Dispose()
    {
        rsa.Dispose();
        ec.Dispose();
    }

    private static (RSAParameters, ECParameters) MakeKeys()
    {
        using var rsa = RSA.Create(2048);
        using var ec = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return (rsa.ExportParameters(true), ec.ExportParameters(true));
    }

    public string KeySet()
    {
        var (modulus, exponent) = rsa.ExportParameters(false) is var p ? (p.Modulus!, p.Exponent!) : default;
        var point = ec.ExportParameters(false).Q;
        return $$"""
            {"keys":[
              {"kty":"oct","kid":"shared","k":"AAAA"},
              {"kty":"RSA","use":"enc","kid":"for-encryption","n":"{{Base64Url.EncodeToString(modulus)}}","e":"{{Base64Url.EncodeToString(exponent)}}"},
              {"kty":"RSA","use":"sig","alg":"RS256","kid":"{{RsaId}}","n":"{{Base64Url.EncodeToString(modulus)}}","e":"{{Base64Url.EncodeToString(exponent)}}"},
              {"kty":"EC","crv":"P-256","kid":"ec-1","x":"{{Base64Url.EncodeToString(point.X!)}}","y":"{{Base64Url.EncodeToString(point.Y!)}}"}]}
            """;
    }
}
