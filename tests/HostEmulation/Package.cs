using System.Runtime.InteropServices;
using Registry.Tests.Support;

namespace Registry.Tests.HostEmulation;

/// <summary>The package that is deployed: functions/ published to artifacts/package, once in a test run.</summary>
internal static class Package
{
    private static readonly string functions = Path.Combine(SourceTree.Root, "functions");
    private static readonly string package = Path.Combine(SourceTree.Root, "artifacts", "package");
    private static readonly Lazy<Task<string>> published = new(Publish);

    /// <summary>Whether its executable is one for this machine.</summary>
    public static bool RunsHere => OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture == Architecture.X64;

    /// <summary>The package's folder. The first to ask waits for <c>dotnet publish</c>, which does nothing that is done already: minutes the first time, seconds later.</summary>
    public static Task<string> Folder() => published.Value;

    /// <summary>Runs dotnet for a Release build, one at a time: they share folders of intermediate files.</summary>
    public static async Task Build(params string[] arguments)
    {
        using var turn = await Turn.Take(package + ".lock", TimeSpan.FromMinutes(15));
        var dotnet = new Command(RequiredTool.Dotnet.Find(), TimeSpan.FromMinutes(15))
        {
            WorkingDirectory = SourceTree.Root,
            Environment = OwnMSBuild(),
        };
        await dotnet.Run([.. arguments, "-c", "Release", "--disable-build-servers"], CancellationToken.None);
    }

    private static async Task<string> Publish()
    {
        await Build("publish", Path.Combine(functions, "Registry.Functions.csproj"), "-o", package);
        RemoveFormerFunctions();
        return package;
    }

    /// <summary>What <c>dotnet test</c> tells its own MSBuild is not for another one.</summary>
    private static Dictionary<string, string?> OwnMSBuild() =>
        Environment.GetEnvironmentVariables().Keys.Cast<string>()
            .Where(name => name.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase))
            .ToDictionary(name => name, _ => (string?)null);

    /// <summary>Publishing removes nothing; and a folder with a function.json is a function, whether or not there is still code for it.</summary>
    private static void RemoveFormerFunctions()
    {
        foreach (var folder in Directory.EnumerateDirectories(package))
        {
            var config = Path.Combine(Path.GetFileName(folder), "function.json");
            if (File.Exists(Path.Combine(package, config)) && !File.Exists(Path.Combine(functions, config)))
                Directory.Delete(folder, recursive: true);
        }
    }
}
