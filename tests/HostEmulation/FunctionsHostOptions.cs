using System.Globalization;

namespace Registry.Tests.HostEmulation;

/// <summary>What a Functions app is configured with.</summary>
internal sealed record FunctionsHostOptions
{
    private const string BodyLimitSetting = "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT";
    private const long DefaultBodyLimit = 100 * 1024 * 1024;

    /// <summary>The app settings: environment variables of the handler. The host reads <c>FUNCTIONS_REQUEST_BODY_SIZE_LIMIT</c> itself (bytes).</summary>
    public IReadOnlyDictionary<string, string> AppSettings { get; init; } = new Dictionary<string, string>();

    /// <summary>How long a handler may take until it answers; the host's own default.</summary>
    public TimeSpan StartupTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>When a timer that will never end is given up. The host has no such limit.</summary>
    public TimeSpan TimerPatience { get; init; } = TimeSpan.FromSeconds(30);

    public long BodyLimit =>
        long.TryParse(AppSettings.GetValueOrDefault(BodyLimitSetting), CultureInfo.InvariantCulture, out var limit) ? limit : DefaultBodyLimit;
}
