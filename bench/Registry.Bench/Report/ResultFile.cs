using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Registry.Bench.Measuring;

namespace Registry.Bench.Report;

/// <summary>Keeps a run: what was measured, of which commit, when and on what.</summary>
internal static class ResultFile
{
    private static readonly JsonSerializerOptions indented = new() { WriteIndented = true };

    /// <summary>Writes a file of its own for each run, and gives its path.</summary>
    public static string Write(string folder, BenchOptions options, IEnumerable<Row> rows)
    {
        var now = TimeProvider.System.GetUtcNow();
        var commit = Git("rev-parse", "--short=10", "HEAD");
        var result = new JsonObject
        {
            ["commit"] = commit,
            ["changed"] = Git("status", "--porcelain", "--untracked-files=no", "--", ":(exclude)bench/results").Length > 0,
            ["date"] = now.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture),
            ["machine"] = Machine(),
            ["runs"] = options.Runs,
            ["size"] = options.Size,
            ["rows"] = new JsonArray([.. rows.Select(Describe)]),
        };
        Directory.CreateDirectory(folder);
        var path = Path.Join(folder, $"{now.ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture)}-{commit}.json");
        File.WriteAllText(path, result.ToJsonString(indented) + "\n");
        return path;
    }

    private static JsonObject Machine() => new()
    {
        ["cores"] = Environment.ProcessorCount,
        ["memoryMiB"] = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes >> 20,
        ["processor"] = File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim(),
        ["system"] = System.Runtime.InteropServices.RuntimeInformation.OSDescription,
        ["runtime"] = Environment.Version.ToString(),
        ["load"] = File.ReadAllText("/proc/loadavg").Split(' ')[0],
    };

    private static JsonNode Describe(Row row) => new JsonObject
    {
        ["what"] = row.What,
        ["unit"] = row.Unit,
        ["ours"] = Describe(row.Ours),
        ["other"] = row.Other is { } other ? Describe(other) : null,
        ["ratio"] = row.Ratio is { } ratio ? Math.Round(ratio, 3) : null,
        ["goal"] = row.Goal?.ToString(),
        ["reached"] = row.IsReached,
    };

    private static JsonObject Describe(Series series) => new()
    {
        ["name"] = series.Name,
        ["median"] = Math.Round(series.Median, 3),
        ["min"] = Math.Round(series.Min, 3),
        ["max"] = Math.Round(series.Max, 3),
        ["values"] = new JsonArray([.. series.Values.Select(v => JsonValue.Create(Math.Round(v, 3)))]),
    };

    private static string Git(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("git", arguments) { RedirectStandardOutput = true })!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return output.Trim();
    }
}
