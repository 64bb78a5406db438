using System.Reflection;
using System.Text.Json;
using Registry.Errors;
using Registry.Tests.Support;

namespace Registry.Tests.Api;

/// <summary>docs/api.md tells of every route and every error.</summary>
public sealed class DocumentationTests
{
    private static readonly string[] lines = File.ReadAllLines(Path.Combine(SourceTree.Root, "docs", "api.md"));

    [Fact]
    public void Every_http_function_has_its_row_with_route_and_methods()
    {
        var folders = Directory.GetDirectories(Path.Combine(SourceTree.Root, "functions")).Where(f => File.Exists(Path.Combine(f, "function.json"))).ToList();
        Assert.NotEmpty(folders);
        foreach (var folder in folders)
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "function.json")));
            var trigger = json.RootElement.GetProperty("bindings").EnumerateArray().FirstOrDefault(b => b.GetProperty("type").GetString() == "httpTrigger");
            if (trigger.ValueKind == JsonValueKind.Undefined)
                continue;
            var methods = trigger.TryGetProperty("methods", out var some) ? string.Join(", ", some.EnumerateArray().Select(m => m.GetString()!.ToUpperInvariant())) : "all others";
            Assert.Contains(lines, l => l.StartsWith($"| {Path.GetFileName(folder)} | `{trigger.GetProperty("route").GetString()}` | {methods} |", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Every_error_has_its_row_with_all_its_statuses()
    {
        var table = typeof(RegistryError).GetFields(BindingFlags.Public | BindingFlags.Static).Select(f => (RegistryError)f.GetValue(null)!);
        foreach (var code in table.GroupBy(e => e.Code))
            Assert.Contains(lines, l => l.StartsWith($"| `{code.Key}` | {string.Join(", ", code.Select(e => e.Status).Distinct().Order())} |", StringComparison.Ordinal));
    }
}
