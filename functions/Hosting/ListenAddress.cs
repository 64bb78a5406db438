using System.Net;

namespace Registry.Functions.Hosting;

/// <summary>Where the registry listens, and who can reach it there.</summary>
/// <param name="Urls">Kestrel's addresses.</param>
/// <param name="BehindFunctions">Whether the Functions host stands in front.</param>
internal sealed record ListenAddress(string[] Urls, bool BehindFunctions)
{
    private const string AnyUrl = "http, an address (localhost, an IP address of this machine, or * for all) and a port, such as http://localhost:5000";
    private const string AnyPort = "a port, 0 to 65535";

    /// <summary>Whether others than this machine can reach it.</summary>
    public bool IsReachable => BehindFunctions || !Urls.All(IsLoopback);

    /// <summary>Whether accounts and rules decide: as the operator says, and where nothing is said, wherever others can reach the registry.</summary>
    public bool NeedsAuth(AuthSettings auth) => auth.Enabled ?? IsReachable;

    /// <exception cref="SettingException">An address is none that Kestrel could listen on.</exception>
    public static ListenAddress Read(IConfiguration configuration)
    {
        // The Functions host names the port that its custom handler must listen on.
        if (configuration["FUNCTIONS_CUSTOMHANDLER_PORT"] is { Length: > 0 } port)
            return new ListenAddress([Valid($"http://127.0.0.1:{port}") ?? throw Wrong("FUNCTIONS_CUSTOMHANDLER_PORT", port, AnyPort)], BehindFunctions: true);
        if (configuration["urls"] is { Length: > 0 } urls)
            return new ListenAddress(Split("urls", urls, AnyUrl, url => url), BehindFunctions: false);

        // What .NET's container images set.
        if (configuration["http_ports"] is { Length: > 0 } ports)
            return new ListenAddress(Split("http_ports", ports, AnyPort, p => $"http://*:{p}"), BehindFunctions: false);
        return new ListenAddress(["http://localhost:5000"], BehindFunctions: false);
    }

    private static string[] Split(string name, string list, string expected, Func<string, string> url)
    {
        var parts = list.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return parts.Length == 0 ? throw Wrong(name, list, expected) : [.. parts.Select(part => Valid(url(part)) ?? throw Wrong(name, part, expected))];
    }

    // Kestrel takes a host that it does not understand ("localhost:80a", another machine's name) for every address of this one, and ends with a stack trace on other mistakes.
    private static string? Valid(string url)
    {
        BindingAddress address;
        try
        {
            address = BindingAddress.Parse(url);
        }
        catch (FormatException)
        {
            return null;
        }

        var isLocalhost = address.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase);
        var isHost = isLocalhost || address.Host is "*" or "+" || IPAddress.TryParse(address.Host, out _);
        return address.Scheme == "http" && isHost && address.Port is >= 0 and <= IPEndPoint.MaxPort && address.PathBase.Length == 0 && !(isLocalhost && address.Port == 0) ? url : null;
    }

    private static SettingException Wrong(string name, string value, string expected) => new($"{name} is '{value}'; it must be {expected}");

    private static bool IsLoopback(string url)
    {
        var host = BindingAddress.Parse(url).Host;
        return host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host, out var ip) && IPAddress.IsLoopback(ip));
    }
}
