using Registry.Functions.Http;

namespace Registry.Functions.ApiVersion;

/// <summary>GET /v2/ (end-1): this is a registry. The version header is set on every answer under /v2.</summary>
public sealed class ApiVersionFunction : IFunction
{
    public async Task Run(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = 2;
        if (!HttpMethods.IsHead(context.Request.Method))
            await context.Response.WriteAsync("{}");
    }
}
