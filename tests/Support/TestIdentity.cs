using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Azure.Core;
using Registry.Storage.Azure;

namespace Registry.Tests.Support;

/// <summary>An identity that Azurite's <c>--oauth basic</c> takes: it reads a token's claims and does not look at its signature.</summary>
public sealed class TestIdentity : TokenCredential
{
    private int tokens;

    /// <summary>How many tokens were asked for.</summary>
    public int Tokens => tokens;

    /// <summary>A certificate for loopback, signed by itself.</summary>
    public static X509Certificate2 NewCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddHours(-1), now.AddDays(1));
    }

    /// <summary>Writes a certificate and its key, and gives Azurite's options for them.</summary>
    public static string[] WriteCertificate(X509Certificate2 certificate, string folder)
    {
        string file = Path.Combine(folder, "certificate.pem");
        string keyFile = Path.Combine(folder, "key.pem");
        using ECDsa key = certificate.GetECDsaPrivateKey()!;
        File.WriteAllText(file, certificate.ExportCertificatePem());
        File.WriteAllText(keyFile, key.ExportPkcs8PrivateKeyPem());
        return ["--cert", file, "--key", keyFile];
    }

    /// <summary>The registry's own connections, but such as trust this Azurite alone.</summary>
    public static SocketsHttpHandler Trusting(AzuriteServer server)
    {
        SocketsHttpHandler handler = AzureTransport.CreateHandler();
        handler.SslOptions.RemoteCertificateValidationCallback = server.Trusts;
        return handler;
    }

    /// <summary>Storage as this identity, over a transport that trusts this Azurite alone.</summary>
    public AzureStorage Open(AzuriteServer server, string account, TimeProvider? time = null)
    {
        AzureStorageOptions options = AzuriteAccount.NewPlace() with { Transport = AzureTransport.Create(Trusting(server)), Time = time ?? TimeProvider.System };
        return AzureStorage.FromIdentity(server.BlobService(account), server.TableService(account), this, options);
    }

    public override AccessToken GetToken(TokenRequestContext requestContext, CancellationToken cancellationToken)
    {
        Assert.Equal(["https://storage.azure.com/.default"], requestContext.Scopes);
        Interlocked.Increment(ref tokens);
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        DateTimeOffset end = now.AddHours(1);
        string claims = JsonSerializer.Serialize(new Dictionary<string, object>
        {
            ["aud"] = "https://storage.azure.com",
            ["iss"] = "https://sts.windows.net/00000000-0000-0000-0000-000000000001/",
            ["tid"] = "00000000-0000-0000-0000-000000000001",
            ["oid"] = "00000000-0000-0000-0000-000000000002",
            ["iat"] = now.ToUnixTimeSeconds(),
            ["nbf"] = now.AddMinutes(-5).ToUnixTimeSeconds(),
            ["exp"] = end.ToUnixTimeSeconds(),
        });
        return new AccessToken($"{Encode("""{"alg":"none","typ":"JWT"}""")}.{Encode(claims)}.", end);
    }

    public override ValueTask<AccessToken> GetTokenAsync(TokenRequestContext requestContext, CancellationToken cancellationToken) =>
        new(GetToken(requestContext, cancellationToken));

    private static string Encode(string json) => Base64Url.EncodeToString(System.Text.Encoding.UTF8.GetBytes(json));
}
