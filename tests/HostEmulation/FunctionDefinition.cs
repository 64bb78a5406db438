using System.Text.Json;

namespace Registry.Tests.HostEmulation;

/// <summary>One function of a package: what its function.json binds it to.</summary>
/// <param name="Name">The folder's name.</param>
/// <param name="Http">How HTTP reaches it, or null.</param>
/// <param name="TimerBinding">The name of its timer trigger's binding, or null.</param>
internal sealed record FunctionDefinition(string Name, HttpTrigger? Http, string? TimerBinding)
{
    /// <summary>Reads one function.json.</summary>
    /// <exception cref="InvalidDataException">The host would not run it as this project means it.</exception>
    public static FunctionDefinition Parse(string name, JsonElement config)
    {
        var bindings = config.GetProperty("bindings").EnumerateArray().ToList();
        var trigger = bindings.Single(b => TypeOf(b).EndsWith("Trigger", StringComparison.OrdinalIgnoreCase));
        if (IsType(trigger, "timerTrigger"))
        {
            if (!trigger.TryGetProperty("schedule", out _))
                throw new InvalidDataException($"the timer function {name} has no schedule");
            return new FunctionDefinition(name, Http: null, trigger.GetProperty("name").GetString());
        }

        if (!IsType(trigger, "httpTrigger"))
            throw new InvalidDataException($"the function {name} has a trigger that the emulation does not know: {TypeOf(trigger)}");

        // Any other pair of bindings, and the host sends its own JSON to /<FunctionName> where the handler expects the request.
        if (bindings.Count != 2 || !bindings.Any(b => IsType(b, "http")))
            throw new InvalidDataException($"the host proxies {name} only when its bindings are one httpTrigger and one http");

        return new FunctionDefinition(name, HttpTrigger.Parse(name, trigger), TimerBinding: null);
    }

    private static string TypeOf(JsonElement binding) => binding.GetProperty("type").GetString() ?? "";

    private static bool IsType(JsonElement binding, string type) => TypeOf(binding).Equals(type, StringComparison.OrdinalIgnoreCase);
}

/// <summary>An httpTrigger binding.</summary>
/// <param name="Route">The route template; the function's name when function.json has none.</param>
/// <param name="Methods">The methods it is reached by; null for all.</param>
/// <param name="Anonymous">Whether it is reached without a key.</param>
internal sealed record HttpTrigger(string Route, string[]? Methods, bool Anonymous)
{
    public static HttpTrigger Parse(string name, JsonElement trigger)
    {
        var route = trigger.TryGetProperty("route", out var r) ? r.GetString() : null;
        var methods = trigger.TryGetProperty("methods", out var m) ? m.EnumerateArray().Select(x => x.GetString()!).ToArray() : null;
        var level = trigger.TryGetProperty("authLevel", out var a) ? a.GetString() : "function";
        return new HttpTrigger(
            string.IsNullOrEmpty(route) ? name : route, methods, string.Equals(level, "anonymous", StringComparison.OrdinalIgnoreCase));
    }
}
