using OpenTelemetry;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using Registry.Telemetry;

namespace Registry.Functions.Telemetry;

/// <summary>Sends traces, metrics and logs by OTLP, when the environment names an endpoint (OpenTelemetry's own variables: <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> and the rest).</summary>
/// <remarks>
/// Nothing else of this program names OpenTelemetry, and nothing here runs unless it is on, so that a start without it does not load it.
/// What is measured are .NET's own sources: the server's (each request, joined to the caller's W3C trace context), the HTTP client's (each call to storage), and ours.
/// </remarks>
internal sealed class TelemetryPipeline : IDisposable
{
    private static readonly string[] endpoints =
        ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT"];

    private const int FlushMilliseconds = 5000;

    private readonly TracerProvider? traces;
    private readonly MeterProvider? metrics;

    private TelemetryPipeline(IConfiguration environment)
    {
        if (Has(environment, "TRACES"))
        {
            traces = Sdk.CreateTracerProviderBuilder()
                .SetResourceBuilder(Resource())
                .AddSource("Microsoft.AspNetCore", "System.Net.Http")
                .AddOtlpExporter()
                .Build();
        }

        if (Has(environment, "METRICS"))
        {
            metrics = Sdk.CreateMeterProviderBuilder()
                .SetResourceBuilder(Resource())
                .AddMeter(RegistryMetrics.MeterName, "Microsoft.AspNetCore.Hosting", "System.Runtime")
                .AddOtlpExporter()
                .Build();
        }
    }

    /// <summary>Whether the environment names an endpoint, and does not switch all of it off.</summary>
    public static bool IsWanted(IConfiguration environment) =>
        endpoints.Any(e => environment[e] is { Length: > 0 }) && !string.Equals(environment["OTEL_SDK_DISABLED"], "true", StringComparison.OrdinalIgnoreCase);

    /// <summary>Starts sending traces and metrics, and adds the log to what is sent.</summary>
    public static TelemetryPipeline Start(IConfiguration environment, ILoggingBuilder logging)
    {
        if (Has(environment, "LOGS"))
        {
            logging.AddOpenTelemetry(options =>
            {
                options.SetResourceBuilder(Resource());
                options.IncludeFormattedMessage = true;
                options.AddOtlpExporter();
            });
        }

        return new TelemetryPipeline(environment);
    }

    /// <summary>Sends what has not been sent; an endpoint that does not answer keeps no process from ending.</summary>
    public void Dispose()
    {
        traces?.ForceFlush(FlushMilliseconds);
        metrics?.ForceFlush(FlushMilliseconds);
        traces?.Dispose();
        metrics?.Dispose();
    }

    private static bool Has(IConfiguration environment, string signal) =>
        environment["OTEL_EXPORTER_OTLP_ENDPOINT"] is { Length: > 0 } || environment[$"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT"] is { Length: > 0 };

    // What the environment says of the service (OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES) comes last, and so wins.
    private static ResourceBuilder Resource() => ResourceBuilder.CreateEmpty()
        .AddTelemetrySdk()
        .AddService("registry", serviceVersion: typeof(TelemetryPipeline).Assembly.GetName().Version?.ToString(3))
        .AddEnvironmentVariableDetector();
}
