using System.Diagnostics;
using System.Text.Json;

namespace Registry.Tests.Support;

/// <summary>Azurite as tests/package-lock.json pins it, installed by <c>npm ci</c> on first use.</summary>
public static class AzuritePackage
{
    private static readonly string modules = Path.Combine(SourceTree.Tests, "node_modules");
    private static readonly Lazy<Task<string>> installed = new(Install);

    /// <summary>The script that starts it. Needs Node.js with npm: see <see cref="RequiredTool"/>.</summary>
    public static async Task<string> Script()
    {
        RequiredTool.Node.Find();
        RequiredTool.Npm.Find();
        return await installed.Value;
    }

    private static async Task<string> Install()
    {
        using IDisposable turn = await Turn.Take(Path.Combine(SourceTree.Tests, "obj", "npm.lock"), TimeSpan.FromMinutes(5));
        if (!IsInstalled())
            await Run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund");
        return Path.Combine(modules, "azurite", "dist", "src", "azurite.js");
    }

    /// <summary>npm writes its own lock file into node_modules last, so a broken-off installation has none.</summary>
    private static bool IsInstalled()
    {
        string finished = Path.Combine(modules, ".package-lock.json");
        return File.Exists(finished) && Version(finished, "node_modules/azurite") == Version(Path.Combine(SourceTree.Tests, "package-lock.json"), "node_modules/azurite");
    }

    private static string? Version(string lockFile, string package)
    {
        using var json = JsonDocument.Parse(File.ReadAllBytes(lockFile));
        return json.RootElement.GetProperty("packages").GetProperty(package).GetProperty("version").GetString();
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
