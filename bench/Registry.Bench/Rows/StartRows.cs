using System.Diagnostics;
using Registry.Bench.Measuring;
using Registry.Bench.Processes;

namespace Registry.Bench.Rows;

/// <summary>From exec to the first 200, beside the smallest ASP.NET program. The first start of each reads the package from disk and is not counted.</summary>
internal static class StartRows
{
    public static async Task<List<Row>> Run(BenchOptions options)
    {
        List<double> ours = [], hellos = [];
        for (var round = 0; round <= 2 * options.Runs; round++)
        {
            var (one, other) = round % 2 == 0
                ? (await Time(() => RegistryServer.InMemory(options.Package)), await Time(() => HelloServer.Start(options.Hello)))
                : Swap(await Time(() => HelloServer.Start(options.Hello)), await Time(() => RegistryServer.InMemory(options.Package)));
            if (round == 0)
                continue;
            ours.Add(one);
            hellos.Add(other);
        }

        return [new Row("start: exec to first 200", "ms", new Series("registry", ours), new Series("hello-world", hellos), Goal.AtMost(1.5))];
    }

    private static (double One, double Other) Swap(double other, double one) => (one, other);

    private static async Task<double> Time<T>(Func<Task<T>> start)
        where T : ServerProcess
    {
        using var server = await start();
        return Stopwatch.GetElapsedTime(server.Started).TotalMilliseconds;
    }
}
