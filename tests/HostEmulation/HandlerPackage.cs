using System.Text.Json;
using System.Text.RegularExpressions;

namespace Registry.Tests.HostEmulation;

/// <summary>A published custom handler: a folder with host.json, one folder per function, and the executable that host.json names.</summary>
internal sealed partial record HandlerPackage(
    string Folder, string Executable, IReadOnlyList<string> Arguments, string RoutePrefix, IReadOnlyList<FunctionDefinition> Functions)
{
    // Comments and trailing commas are fine with the host, too.
    private static readonly JsonDocumentOptions Lenient = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };

    /// <exception cref="InvalidDataException">The host would refuse the package, or run it in another mode than proxying.</exception>
    public static HandlerPackage Load(string folder)
    {
        var host = Read(Path.Combine(folder, "host.json"));
        if (Find(host, "version")?.GetString() != "2.0")
            throw new InvalidDataException("host.json must have version 2.0");

        var handler = Find(host, "customHandler") ?? throw new InvalidDataException("host.json has no customHandler");
        if (Find(handler, "enableProxyingHttpRequest")?.GetBoolean() != true)
            throw new InvalidDataException("host.json must have customHandler.enableProxyingHttpRequest: true");

        var description = Find(handler, "description") ?? throw new InvalidDataException("host.json has no customHandler.description");
        var executable = Find(description, "defaultExecutablePath")?.GetString();
        if (string.IsNullOrEmpty(executable))
            throw new InvalidDataException("host.json has no customHandler.description.defaultExecutablePath");

        // What is no file of the package is looked for on the PATH.
        var packaged = Path.Combine(folder, executable);
        return new HandlerPackage(
            folder,
            File.Exists(packaged) ? packaged : executable,
            Find(description, "arguments")?.EnumerateArray().Select(a => a.GetString()!).ToArray() ?? [],
            Find(host, "extensions", "http", "routePrefix")?.GetString() ?? "api",
            ReadFunctions(folder));
    }

    private static FunctionDefinition[] ReadFunctions(string folder)
    {
        var functions = new List<FunctionDefinition>();
        foreach (var directory in Directory.EnumerateDirectories(folder))
        {
            var config = Path.Combine(directory, "function.json");
            if (!File.Exists(config))
                continue;

            var name = Path.GetFileName(directory);
            if (!FunctionName().IsMatch(name))
                throw new InvalidDataException($"'{name}' is not a valid function name");
            functions.Add(FunctionDefinition.Parse(name, Read(config)));
        }

        // The order in which the host maps the routes, and so the order in which they are tried.
        return [.. functions.OrderBy(f => f.Name, StringComparer.OrdinalIgnoreCase)];
    }

    private static JsonElement Read(string file)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(file), Lenient);
        return document.RootElement.Clone();
    }

    private static JsonElement? Find(JsonElement element, params ReadOnlySpan<string> path)
    {
        foreach (var name in path)
        {
            if (!element.TryGetProperty(name, out element))
                return null;
        }

        return element;
    }

    [GeneratedRegex("^[a-zA-Z][a-zA-Z0-9_-]{0,127}$")]
    private static partial Regex FunctionName();
}
