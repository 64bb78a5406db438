using System.Diagnostics;
using System.Text.Json;

namespace Registry.Tests.Support;

/// <summary>What the tests use of npm, as tests/package-lock.json pins it, installed by <c>npm ci</c> on first use.</summary>
public static class NodePackages
{
    private static readonly Lazy<Task<string>> installed = new(Install);

    /// <summary>The folder of the packages. Needs Node.js with npm: see <see cref="RequiredTool"/>.</summary>
    public static async Task<string> Folder()
    {
        RequiredTool.Node.Find();
        RequiredTool.Npm.Find();
        return await installed.Value;
    }

    private static async Task<string> Install()
    {
        string modules = Path.Combine(SourceTree.Tests, "node_modules");
        using IDisposable turn = await Turn.Take(Path.Combine(SourceTree.Tests, "obj", "npm.lock"), Patience.Limit);

        // npm writes its own lock file into node_modules last, so a broken-off installation has none.
        string finished = Path.Combine(modules, ".package-lock.json");
        if (!File.Exists(finished) || !IsComplete(finished))
            await Run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries", "5");
        return modules;
    }

    private static bool IsComplete(string finished)
    {
        using var wanted = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(SourceTree.Tests, "package-lock.json")));
        using var there = JsonDocument.Parse(File.ReadAllBytes(finished));
        JsonElement packages = there.RootElement.GetProperty("packages");
        return wanted.RootElement.GetProperty("packages").GetProperty("").GetProperty("dependencies").EnumerateObject()
            .All(d => packages.TryGetProperty($"node_modules/{d.Name}", out JsonElement package) && package.GetProperty("version").GetString() == d.Value.GetString());
    }

    private static async Task Run(string program, params string[] arguments)
    {
        // npm is a script, which Windows starts only through its shell.
        bool shell = OperatingSystem.IsWindows() && program == "npm";
        var start = new ProcessStartInfo(shell ? "cmd" : program, shell ? ["/c", program, .. arguments] : arguments)
        {
            WorkingDirectory = SourceTree.Tests,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}: {await output}{await errors}");
    }
}
