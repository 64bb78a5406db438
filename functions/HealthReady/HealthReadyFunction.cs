using Registry.Functions.Health;
using Registry.Functions.Http;

namespace Registry.Functions.HealthReady;

/// <summary>GET /health/ready: whether requests would succeed. 200 or 503, and what was looked at.</summary>
public sealed class HealthReadyFunction(Readiness readiness) : IFunction
{
    public async Task Run(HttpContext context)
    {
        var report = await readiness.Check().WaitAsync(context.RequestAborted);
        context.Response.Headers.CacheControl = "no-store";
        await context.Response.Json(report.Ready ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable, report, WireJson.Default.ReadinessReport);
    }
}
