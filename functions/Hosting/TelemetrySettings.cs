namespace Registry.Functions.Hosting;

/// <summary>What OpenTelemetry's own variables have no name for.</summary>
public sealed record TelemetrySettings
{
    /// <summary>The scope of a token that each OTLP request carries, such as <c>https://monitor.azure.com/.default</c>; null for none.</summary>
    public string? TokenScope { get; init; }

    internal static TelemetrySettings Read(SettingReader reader)
    {
        const string name = "Telemetry:TokenScope";
        var scope = reader.Text(name);
        return scope is null || (Uri.TryCreate(scope, UriKind.Absolute, out var url) && url.AbsolutePath.EndsWith("/.default", StringComparison.Ordinal))
            ? new TelemetrySettings { TokenScope = scope }
            : throw SettingReader.Wrong(name, scope, "a scope such as https://monitor.azure.com/.default");
    }
}
