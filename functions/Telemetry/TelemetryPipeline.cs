using System.Globalization;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using Registry.Functions.Hosting;
using Registry.Telemetry;

namespace Registry.Functions.Telemetry;

/// <summary>Sends traces, metrics and logs by OTLP, when the environment names an endpoint (OpenTelemetry's own variables: <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> and the rest).</summary>
/// <remarks>
/// Nothing else of this program names OpenTelemetry, and nothing here runs unless it is on, so that a start without it does not load it.
/// With <see cref="TelemetrySettings.TokenScope"/> each request carries a token of the process's identity: Azure Monitor takes OTLP so, and no key.
/// What is measured are .NET's own sources: the server's (each request, joined to the caller's W3C trace context), the HTTP client's (each call to storage), and ours.
/// </remarks>
internal sealed class TelemetryPipeline : IDisposable
{
    private static readonly string[] endpoints =
        ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT"];

    private const int FlushMilliseconds = 5000;

    private readonly TracerProvider? traces;
    private readonly MeterProvider? metrics;

    private ILogger? log;

    private TelemetryPipeline(IConfiguration environment, ILoggingBuilder logging, TelemetrySettings settings)
    {
        var tokens = settings.TokenScope is { } scope ? new IdentityTokens(scope) : null;
        Action<OtlpExporterOptions> For(string signal) => options =>
        {
            ReadSignal(options, environment, $"OTEL_EXPORTER_OTLP_{signal}_");
            if (tokens is not null)
                Authorize(options, tokens);
        };

        if (Has(environment, "LOGS"))
        {
            logging.AddOpenTelemetry(options =>
            {
                options.SetResourceBuilder(Resource());
                options.IncludeFormattedMessage = true;
                options.AddOtlpExporter(For("LOGS"));
            });
        }

        if (Has(environment, "TRACES"))
        {
            traces = Sdk.CreateTracerProviderBuilder()
                .SetResourceBuilder(Resource())
                .AddSource("Microsoft.AspNetCore", "System.Net.Http")
                .AddOtlpExporter(For("TRACES"))
                .Build();
        }

        if (Has(environment, "METRICS"))
        {
            metrics = Sdk.CreateMeterProviderBuilder()
                .SetResourceBuilder(Resource())
                .AddMeter(RegistryMetrics.MeterName, "Microsoft.AspNetCore.Hosting", "System.Runtime")
                .AddOtlpExporter(For("METRICS"))
                .Build();
        }
    }

    /// <summary>Whether the environment names an endpoint, and does not switch all of it off.</summary>
    public static bool IsWanted(IConfiguration environment) =>
        endpoints.Any(e => environment[e] is { Length: > 0 }) && !string.Equals(environment["OTEL_SDK_DISABLED"], "true", StringComparison.OrdinalIgnoreCase);

    /// <summary>Starts sending traces and metrics, and adds the log to what is sent.</summary>
    /// <exception cref="SettingException">Tokens are wanted, and would go over a protocol or a line that they must not.</exception>
    public static TelemetryPipeline Start(IConfiguration environment, ILoggingBuilder logging, TelemetrySettings settings) => new(environment, logging, settings);

    /// <summary>Says from now on when what is sent is not taken.</summary>
    public void ReportTo(ILoggerFactory loggers) => log = loggers.CreateLogger<TelemetryPipeline>();

    /// <summary>Sends what has not been sent; an endpoint that does not answer keeps no process from ending.</summary>
    public void Dispose()
    {
        traces?.ForceFlush(FlushMilliseconds);
        metrics?.ForceFlush(FlushMilliseconds);
        traces?.Dispose();
        metrics?.Dispose();
    }

    // The exporter reads the variables of all signals by itself, and those of a single one, which come before them, it does not.
    private static void ReadSignal(OtlpExporterOptions options, IConfiguration environment, string prefix)
    {
        if (environment[prefix + "PROTOCOL"] is { Length: > 0 } protocol)
        {
            options.Protocol = protocol switch
            {
                "http/protobuf" => OtlpExportProtocol.HttpProtobuf,
                "grpc" => OtlpExportProtocol.Grpc,
                _ => throw new SettingException($"{prefix}PROTOCOL is '{protocol}'; it must be http/protobuf or grpc"),
            };
        }

        if (environment[prefix + "HEADERS"] is { Length: > 0 } headers)
            options.Headers = headers;
        if (environment[prefix + "TIMEOUT"] is { Length: > 0 } timeout)
            options.TimeoutMilliseconds = int.TryParse(timeout, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : throw new SettingException($"{prefix}TIMEOUT is '{timeout}'; it must be a number of milliseconds");
        if (environment[prefix + "ENDPOINT"] is { Length: > 0 } endpoint)
            options.Endpoint = Uri.TryCreate(endpoint, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" ? url : throw new SettingException($"{prefix}ENDPOINT is '{endpoint}'; it must be a URL");
    }

    // A token is as good as a password for as long as it lasts.
    private void Authorize(OtlpExporterOptions options, IdentityTokens tokens)
    {
        if (options.Protocol != OtlpExportProtocol.HttpProtobuf)
            throw new SettingException("Registry:Telemetry:TokenScope needs OTEL_EXPORTER_OTLP_PROTOCOL http/protobuf");
        if (options.Endpoint.Scheme != Uri.UriSchemeHttps && !options.Endpoint.IsLoopback)
            throw new SettingException($"Registry:Telemetry:TokenScope sends tokens, and {options.Endpoint.GetLeftPart(UriPartial.Authority)} is not https");
        options.HttpClientFactory = () => new HttpClient(new OtlpTokenHandler(tokens, () => log)) { Timeout = TimeSpan.FromMilliseconds(options.TimeoutMilliseconds) };
    }

    private static bool Has(IConfiguration environment, string signal) =>
        environment["OTEL_EXPORTER_OTLP_ENDPOINT"] is { Length: > 0 } || environment[$"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT"] is { Length: > 0 };

    // What the environment says of the service (OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES) comes last, and so wins.
    private static ResourceBuilder Resource() => ResourceBuilder.CreateEmpty()
        .AddTelemetrySdk()
        .AddService("registry", serviceVersion: typeof(TelemetryPipeline).Assembly.GetName().Version?.ToString(3))
        .AddEnvironmentVariableDetector();
}
