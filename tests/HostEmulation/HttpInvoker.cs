using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Azure.WebJobs.Extensions.Http;
using Yarp.ReverseProxy.Forwarder;

namespace Registry.Tests.HostEmulation;

/// <summary>Invokes an HTTP function: buffers its body where the host does, and forwards it to the handler.</summary>
internal sealed class HttpInvoker(HandlerPackage package, HandlerProcess handler, IHttpForwarder forwarder) : IWebJobsRouteHandler, IDisposable
{
    public const string HostVersion = "4.1040.0";
    public const string HostVersionHeader = "X-Azure-Functions-HostVersion";
    public const string InvocationIdHeader = "X-Azure-Functions-InvocationId";
    private const string CorrelationHeader = "x-ms-invocation-id";

    private static readonly ForwarderRequestConfig Forwarding = new() { ActivityTimeout = TimeSpan.FromSeconds(240) };

    private readonly HttpMessageInvoker sender = new(new ReplayHandler(
        new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, UseProxy = false }));

    private readonly HashSet<string> anonymous = [.. package.Functions.Where(f => f.Http?.Anonymous == true).Select(f => f.Name)];

    public async Task InvokeAsync(HttpContext context, string functionName)
    {
        if (!anonymous.Contains(functionName))
        {
            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
            return;
        }

        var cancellation = context.RequestAborted;
        await Buffer(context.Request, cancellation);
        await handler.WaitUntilReady(cancellation);

        var id = Guid.NewGuid().ToString();
        context.Request.Headers[HostVersionHeader] = HostVersion;
        context.Request.Headers[InvocationIdHeader] = id;
        context.Request.Headers[CorrelationHeader] = id;

        var error = await forwarder.SendAsync(context, handler.Address.ToString(), sender, Forwarding, HttpTransformer.Default);
        if (error != ForwarderError.None && !cancellation.IsCancellationRequested)
        {
            throw new InvocationFailedException(
                $"{context.Request.Method} {context.Request.Path} could not be forwarded: {error}", context.GetForwarderErrorFeature()?.Exception);
        }
    }

    public void Dispose() => sender.Dispose();

    /// <summary>The trigger's binding reads a body of known length to its end, before the handler sees anything of the request.</summary>
    private static async Task Buffer(HttpRequest request, CancellationToken cancellation)
    {
        if (request.ContentLength is not > 0)
            return;

        request.EnableBuffering();
        await request.Body.DrainAsync(cancellation);
        request.Body.Position = 0;
    }
}
