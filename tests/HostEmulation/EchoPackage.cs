using System.Text.Json;
using Registry.Tests.Support;

namespace Registry.Tests.HostEmulation;

/// <summary>A package in a temporary folder whose executable is <see cref="EchoHandler"/>.</summary>
internal sealed class EchoPackage : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public EchoPackage(string routePrefix = "", bool proxying = true)
    {
        var host = new
        {
            version = "2.0",
            extensions = new { http = new { routePrefix } },
            customHandler = new
            {
                description = new
                {
                    defaultExecutablePath = Path.Combine(AppContext.BaseDirectory, OperatingSystem.IsWindows() ? "Registry.Tests.exe" : "Registry.Tests"),
                    arguments = new[] { EchoHandler.Argument },
                },
                enableProxyingHttpRequest = proxying,
            },
        };
        File.WriteAllText(Path.Combine(Folder, "host.json"), JsonSerializer.Serialize(host));
    }

    public string Folder => folder.Path;

    /// <summary>Adds an HTTP function. No methods: all of them.</summary>
    public EchoPackage Http(string name, string route, params string[] methods)
    {
        var trigger = new Dictionary<string, object> { ["type"] = "httpTrigger", ["direction"] = "in", ["name"] = "req", ["authLevel"] = "anonymous", ["route"] = route };
        if (methods.Length > 0)
            trigger["methods"] = methods;
        return Function(name, trigger, new { type = "http", direction = "out", name = "res" });
    }

    /// <summary>Adds a timer function.</summary>
    public EchoPackage Timer(string name) =>
        Function(name, new { type = "timerTrigger", direction = "in", name = "timer", schedule = "0 0 3 * * *" });

    /// <summary>Adds a function with these bindings.</summary>
    public EchoPackage Function(string name, params object[] bindings)
    {
        var folder = Directory.CreateDirectory(Path.Combine(Folder, name)).FullName;
        File.WriteAllText(Path.Combine(folder, "function.json"), JsonSerializer.Serialize(new { bindings }));
        return this;
    }

    public void Dispose() => folder.Dispose();
}
