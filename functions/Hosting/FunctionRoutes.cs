using System.Text.Json;
using Registry.Functions.Http;

namespace Registry.Functions.Hosting;

/// <summary>Maps the routes of the function.json files on Kestrel: the files are the only place where routes are written, in the Functions host and here.</summary>
internal static class FunctionRoutes
{
    /// <param name="app">The application.</param>
    /// <param name="root">The folder that holds one folder for each function.</param>
    /// <param name="functions">The functions by the name of their folder.</param>
    public static void Map(WebApplication app, string root, IReadOnlyDictionary<string, IFunction> functions)
    {
        foreach (var (name, function) in functions)
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(root, name, "function.json")));
            var trigger = json.RootElement.GetProperty("bindings").EnumerateArray().First();
            var methods = trigger.TryGetProperty("methods", out var list) ? list.EnumerateArray().Select(m => m.GetString()!.ToUpperInvariant()).ToList() : null;
            RequestDelegate run = function.Run;
            var endpoint = (trigger.GetProperty("type").GetString(), methods) switch
            {
                ("httpTrigger", null) => app.Map(Route(trigger), run),
                ("httpTrigger", { } named) => app.MapMethods(Route(trigger), named, run),
                ("timerTrigger", _) => app.MapPost($"/{name}", run),
                var (type, _) => throw new InvalidDataException($"function {name} has a trigger of type '{type}'"),
            };
            endpoint.WithMetadata(new FunctionName(name));
        }
    }

    private static string Route(JsonElement trigger) => trigger.GetProperty("route").GetString()!;
}
