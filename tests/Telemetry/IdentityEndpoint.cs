using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;

namespace Registry.Tests.Telemetry;

/// <summary>Gives out tokens as the platform does inside a function app and a container app: to who knows a header, over http on this machine.</summary>
internal sealed class IdentityEndpoint : IAsyncDisposable
{
    public const string Token = "a-token-of-the-identity";
    private const string Client = "11111111-2222-3333-4444-555555555555";
    private const string Header = "known to the app alone";

    private readonly WebApplication app;
    private readonly Lock gate = new();
    private readonly List<string> wanted = [];

    private IdentityEndpoint(WebApplication app) => this.app = app;

    /// <summary>Whether it knows the identity that is asked for.</summary>
    public bool HasIdentity { get; init; } = true;

    /// <summary>What tokens were asked for.</summary>
    public IReadOnlyList<string> Wanted
    {
        get
        {
            lock (gate)
                return [.. wanted];
        }
    }

    public static async Task<IdentityEndpoint> Start(bool hasIdentity = true)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var endpoint = new IdentityEndpoint(builder.Build()) { HasIdentity = hasIdentity };
        endpoint.app.Run(endpoint.Give);
        await endpoint.app.StartAsync();
        return endpoint;
    }

    /// <summary>The environment of a process that has this identity, as the templates set it and as the platform does.</summary>
    public Dictionary<string, string> Environment() => new()
    {
        ["AZURE_CLIENT_ID"] = Client,
        ["AZURE_TOKEN_CREDENTIALS"] = "ManagedIdentityCredential",
        ["IDENTITY_ENDPOINT"] = $"{app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Single()}/msi/token",
        ["IDENTITY_HEADER"] = Header,
    };

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private async Task Give(HttpContext context)
    {
        var resource = context.Request.Query["resource"].ToString();
        lock (gate)
            wanted.Add(resource);
        if (context.Request.Headers["X-IDENTITY-HEADER"] != Header || context.Request.Query["client_id"] != Client || !HasIdentity)
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return;
        }

        context.Response.ContentType = "application/json";
        var end = TimeProvider.System.GetUtcNow().AddHours(24).ToUnixTimeSeconds();
        await context.Response.WriteAsync(JsonSerializer.Serialize(new { access_token = Token, expires_on = $"{end}", resource, token_type = "Bearer", client_id = Client }));
    }
}
