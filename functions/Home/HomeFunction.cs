using Registry.Functions.Http;

namespace Registry.Functions.Home;

/// <summary>GET / : the Functions host's liveness ping, every 25 ms while it starts, and a person with a browser. No storage call.</summary>
public sealed class HomeFunction : IFunction
{
    public Task Run(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        context.Response.ContentType = "text/plain; charset=utf-8";
        return HttpMethods.IsHead(context.Request.Method)
            ? Task.CompletedTask
            : context.Response.WriteAsync("This is a container registry. Its API is at /v2/.\n");
    }
}
