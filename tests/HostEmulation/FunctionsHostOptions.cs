using System.Globalization;
using Registry.Tests.Support;

namespace Registry.Tests.HostEmulation;

/// <summary>What a Functions app is configured with.</summary>
internal sealed record FunctionsHostOptions
{
    private const string BodyLimitSetting = "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT";
    private const long DefaultBodyLimit = 100 * 1024 * 1024;

    /// <summary>The app settings: environment variables of the handler. The host reads <c>FUNCTIONS_REQUEST_BODY_SIZE_LIMIT</c> itself (bytes).</summary>
    public IReadOnlyDictionary<string, string> AppSettings { get; init; } = new Dictionary<string, string>();

    /// <summary>How long a handler may take until it answers. The host's own default is 30 s, on a machine that has nothing else to do.</summary>
    public TimeSpan StartupTimeout { get; init; } = Patience.Limit;

    /// <summary>When a timer that will never end is given up. The host has no such limit.</summary>
    public TimeSpan TimerPatience { get; init; } = Patience.Limit;

    public long BodyLimit =>
        long.TryParse(AppSettings.GetValueOrDefault(BodyLimitSetting), CultureInfo.InvariantCulture, out var limit) ? limit : DefaultBodyLimit;
}
