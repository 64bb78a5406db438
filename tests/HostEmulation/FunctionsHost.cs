using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Azure.WebJobs.Extensions.Http;
using Microsoft.Extensions.DependencyInjection;
using Yarp.ReverseProxy.Forwarder;

namespace Registry.Tests.HostEmulation;

/// <summary>
/// The Azure Functions host as far as a custom handler with <c>enableProxyingHttpRequest</c> can tell: it starts a published package's
/// executable and puts HTTP on a loopback port in front of it.
/// </summary>
/// <remarks>
/// The router and the forwarder are the host's own components (WebJobs.Extensions.Http, YARP); the rest is written after its source,
/// Azure/azure-functions-host 4.x. Not emulated: keys, <c>/admin</c>, throttling, <c>functionTimeout</c>, and a front's 230 s.
/// </remarks>
internal sealed class FunctionsHost : IAsyncDisposable
{
    private readonly WebApplication front;
    private readonly HttpInvoker http;
    private readonly TimerInvoker timers;

    private FunctionsHost(HandlerPackage package, FunctionsHostOptions options)
    {
        Handler = new HandlerProcess(package, options);
        timers = new TimerInvoker(package, Handler, options);
        front = BuildFront(options);
        http = new HttpInvoker(package, Handler, front.Services.GetRequiredService<IHttpForwarder>());

        var router = front.Services.GetRequiredService<IWebJobsRouter>();
        HostPipeline.MapFunctions(router, package, http);
        front.Use(HostPipeline.FixUpFrontHeaders);
        front.Use(HostPipeline.AnswerFailures);
        front.UseRouter(router);
        front.Run(HostPipeline.AnswerUnrouted);
    }

    /// <summary>The handler's process.</summary>
    public HandlerProcess Handler { get; }

    /// <summary>Where clients reach the app.</summary>
    public Uri Address => new(front.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Single());

    /// <summary>Starts the package in that folder, and waits until its handler answers.</summary>
    /// <exception cref="InvalidDataException">The package is not one that the host runs by proxying.</exception>
    /// <exception cref="HostStoppedException">The handler does not come up; its output is in the message.</exception>
    public static async Task<FunctionsHost> Start(string folder, FunctionsHostOptions options, CancellationToken cancellation)
    {
        var host = new FunctionsHost(HandlerPackage.Load(folder), options);
        try
        {
            await host.front.StartAsync(cancellation);
            await host.Handler.WaitUntilReady(cancellation);
            return host;
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }
    }

    /// <summary>Fires a timer function now.</summary>
    /// <exception cref="InvocationFailedException">The host counts the invocation as failed.</exception>
    /// <exception cref="TimeoutException">The invocation hangs, as it does after an answer without JSON.</exception>
    public Task<JsonElement> TriggerTimer(string functionName, CancellationToken cancellation) =>
        timers.Invoke(functionName, cancellation);

    public async ValueTask DisposeAsync()
    {
        await front.DisposeAsync();
        await Handler.DisposeAsync();
        http.Dispose();
        timers.Dispose();
    }

    private static WebApplication BuildFront(FunctionsHostOptions options)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = options.BodyLimit;
            kestrel.Listen(IPAddress.Loopback, 0);
        });
        builder.Services.AddRouting();
        builder.Services.AddHttpBindingRouting();
        builder.Services.AddHttpForwarder();
        return builder.Build();
    }
}
