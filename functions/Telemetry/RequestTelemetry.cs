using System.Diagnostics;
using Microsoft.AspNetCore.Http.Features;
using Registry.Functions.Hosting;

namespace Registry.Functions.Telemetry;

/// <summary>Says of each request's span and measurement which function answered: its route is a pattern that nobody wants to read. Only there while telemetry is on, around everything else.</summary>
internal static class RequestTelemetry
{
    private const string FunctionTag = "faas.name";

    public static RequestDelegate Around(RequestDelegate next) => async context =>
    {
        // The server's own span: what the functions do has spans of its own below it.
        var span = Activity.Current;
        await next(context);
        var function = context.GetEndpoint()?.Metadata.GetMetadata<FunctionName>()?.Name ?? "none";
        context.Features.Get<IHttpMetricsTagsFeature>()?.Tags.Add(new(FunctionTag, function));
        if (span is not null)
            Describe(span, context, function);
    };

    // The names of OpenTelemetry's semantic conventions for HTTP. The query is left out: it may hold a signature.
    private static void Describe(Activity span, HttpContext context, string function)
    {
        // A monitor that asks every few seconds would bury everything else.
        if (function is "Home" or "Health" or "HealthReady")
        {
            span.ActivityTraceFlags &= ~ActivityTraceFlags.Recorded;
            span.IsAllDataRequested = false;
            return;
        }

        span.DisplayName = $"{context.Request.Method} {function}";
        span.SetTag(FunctionTag, function);
        span.SetTag("http.request.method", context.Request.Method);
        span.SetTag("url.path", context.Request.Path.Value);
        span.SetTag("http.response.status_code", context.Response.StatusCode);
        if (context.Response.StatusCode >= StatusCodes.Status500InternalServerError)
            span.SetStatus(ActivityStatusCode.Error);
    }
}
