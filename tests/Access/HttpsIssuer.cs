using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Registry.Tests.Support;

namespace Registry.Tests.Access;

/// <summary>The issuer as a server of its own on loopback, and as a CI system would have it: whoever shows a job's secret gets a token of that job.</summary>
internal sealed class HttpsIssuer : IAsyncDisposable
{
    /// <summary>What a job shows.</summary>
    public const string JobSecret = "the secret of the job";

    private readonly TestIssuer issuer = new(TimeProvider.System);
    private readonly X509Certificate2 certificate = TestIdentity.NewCertificate();
    private readonly WebApplication server;

    private HttpsIssuer()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(k => k.Listen(IPAddress.Loopback, 0, l => l.UseHttps(certificate)));
        server = builder.Build();
        server.Run(Answer);
    }

    public string CertificatePem => certificate.ExportCertificatePem();

    /// <summary>Its <c>iss</c>.</summary>
    public string Address => $"{Root}/tenant";

    /// <summary>Where a job asks for a token of the audience that it adds as a parameter.</summary>
    public string TokenAddress => $"{Root}/token?api-version=2.0";

    private string Root => server.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();

    public static async Task<HttpsIssuer> Start(CancellationToken cancellation)
    {
        var issuer = new HttpsIssuer();
        await issuer.server.StartAsync(cancellation);
        (issuer.issuer.Issuer, issuer.issuer.KeysAddress) = (issuer.Address, $"{issuer.Root}/keys");
        return issuer;
    }

    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        certificate.Dispose();
        issuer.Dispose();
    }

    private async Task Answer(HttpContext context)
    {
        var request = context.Request;
        switch (request.Path.Value)
        {
            case "/tenant/.well-known/openid-configuration":
                await context.Response.Body.WriteAsync(await issuer.Get(new Uri($"{TestIssuer.Address}/.well-known/openid-configuration"), context.RequestAborted));
                break;
            case "/keys":
                await context.Response.WriteAsync(issuer.KeySet());
                break;
            case "/token" when request.Headers.Authorization == $"bearer {JobSecret}":
                var claims = issuer.Claims(issuer: Address, audience: request.Query["audience"].ToString());
                await context.Response.WriteAsync($$"""{"count":1,"value":"{{issuer.Sign(issuer.RsaHeader, claims)}}"}""");
                break;
            default:
                context.Response.StatusCode = StatusCodes.Status404NotFound;
                break;
        }
    }
}
