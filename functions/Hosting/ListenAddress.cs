using System.Net;

namespace Registry.Functions.Hosting;

/// <summary>Where the registry listens, and who can reach it there.</summary>
/// <param name="Urls">Kestrel's addresses.</param>
/// <param name="BehindFunctions">Whether the Functions host stands in front.</param>
internal sealed record ListenAddress(string[] Urls, bool BehindFunctions)
{
    /// <summary>Whether others than this machine can reach it.</summary>
    public bool IsReachable => BehindFunctions || !Urls.All(IsLoopback);

    /// <summary>Whether accounts and rules decide: as the operator says, and where nothing is said, wherever others can reach the registry.</summary>
    public bool NeedsAuth(AuthSettings auth) => auth.Enabled ?? IsReachable;

    public static ListenAddress Read(ConfigurationManager configuration)
    {
        // The Functions host names the port that its custom handler must listen on.
        if (configuration["FUNCTIONS_CUSTOMHANDLER_PORT"] is { Length: > 0 } port)
            return new ListenAddress([$"http://127.0.0.1:{port}"], BehindFunctions: true);
        if (configuration["urls"] is { Length: > 0 } urls)
            return new ListenAddress(urls.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries), BehindFunctions: false);

        // What .NET's container images set.
        if (configuration["http_ports"] is { Length: > 0 } ports)
            return new ListenAddress([.. ports.Split(';').Select(p => $"http://*:{p}")], BehindFunctions: false);
        return new ListenAddress(["http://localhost:5000"], BehindFunctions: false);
    }

    private static bool IsLoopback(string url) =>
        Uri.TryCreate(url, UriKind.Absolute, out var uri)
        && (uri.Host == "localhost" || (IPAddress.TryParse(uri.Host, out var ip) && IPAddress.IsLoopback(ip)));
}
