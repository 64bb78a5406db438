using Registry.Errors;
using Registry.Functions.Http;

namespace Registry.Functions.CollectGarbage;

/// <summary>The timer: the Functions host posts here itself. It only ever does so directly; what came through its front carries forwarding headers, and is refused.</summary>
public sealed class CollectGarbageFunction(Maintenance maintenance) : IFunction
{
    private static readonly string[] Forwarding = ["X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"];

    public async Task Run(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (Forwarding.Any(context.Request.Headers.ContainsKey))
            throw new RegistryException(RegistryError.NotFound);
        await maintenance.RunSlice(context.RequestAborted);

        // Without a JSON answer of this form the host's invocation never ends.
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync("""{"Outputs":{},"Logs":[],"ReturnValue":null}""");
    }
}
