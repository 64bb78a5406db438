using Registry.Functions.Http;

namespace Registry.Functions.Health;

/// <summary>GET /health: the process answers. No storage call, so that a monitor costs nothing; whether requests would succeed is /health/ready.</summary>
public sealed class HealthFunction : IFunction
{
    public Task Run(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        context.Response.ContentType = "text/plain; charset=utf-8";
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : context.Response.WriteAsync("ok\n");
    }
}
