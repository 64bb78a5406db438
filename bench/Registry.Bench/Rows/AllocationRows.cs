using System.Diagnostics;
using System.Text.Json;
using Registry.Bench.Allocation;
using Registry.Bench.Measuring;
using Registry.Bench.Processes;

namespace Registry.Bench.Rows;

/// <summary>Bytes that the registry allocates, counted in a process of its own.</summary>
internal static class AllocationRows
{
    public static async Task<List<Row>> Run(BenchOptions options)
    {
        using var azurite = await AzuriteServer.Start(options.Modules);
        var counts = new List<AllocationCounts>();
        for (var round = 0; round < options.Runs; round++)
            counts.Add(await Count(azurite.ConnectionString));
        return
        [
            Counted("allocated for a MiB hashed and copied", c => c.HashAndCopy, 0),
            Counted("allocated for a MiB staged to Azure", c => c.StagedToAzure!.Value, 2048),
            Counted("allocated for a MiB pushed to disk by HTTP", c => c.PushedToDisk, null),
            Counted("allocated for a MiB pulled from disk by HTTP", c => c.PulledFromDisk, null),
            Counted("allocated for a manifest GET, in memory", c => c.ManifestInMemory, 4096),
            Counted("allocated for a manifest GET, on disk", c => c.ManifestOnDisk, 4096),
        ];

        Row Counted(string what, Func<AllocationCounts, double> figure, double? goal) =>
            new(what, "bytes", new Series("registry", [.. counts.Select(figure)]), null, goal is { } most ? Goal.AtMostValue(most) : null);
    }

    private static async Task<AllocationCounts> Count(string connection)
    {
        var start = new ProcessStartInfo("dotnet", [typeof(AllocationRows).Assembly.Location, "allocation", connection]) { RedirectStandardOutput = true };
        using var process = Process.Start(start)!;
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"counting allocations failed: {output}");
        return JsonSerializer.Deserialize<AllocationCounts>(output.TrimEnd().Split('\n')[^1])!;
    }
}
