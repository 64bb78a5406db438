using System.Diagnostics;
using Registry.Bench.Processes;

namespace Registry.Bench.Measuring;

/// <summary>One measurement of one entrant.</summary>
/// <param name="Work">MiB or requests.</param>
/// <param name="Seconds">How long it took.</param>
/// <param name="Processor">Seconds of processor time that the server took for it.</param>
internal readonly record struct Sample(double Work, double Seconds, double Processor)
{
    public double Rate => Work / Seconds;

    /// <summary>Processor seconds for a GiB.</summary>
    public double ProcessorPerGiB => Processor / Work * 1024;
}

/// <summary>Who is measured, and how.</summary>
internal sealed record Entrant(string Name, Func<Sample> Run)
{
    /// <summary>What is done between this entrant's turn and the next, and not measured.</summary>
    public Action Rest { get; init; } = Disk.Flush;

    /// <summary>One that writes: what it wrote is flushed, and out of memory, before the next one's turn.</summary>
    public static Entrant Writing(string name, ServerProcess server, Func<double> work, string? folder = null) =>
        Serving(name, server, work) with
        {
            Rest = () =>
            {
                Disk.Flush();
                Disk.Forget(folder ?? server.Folder);
            },
        };

    /// <summary>One that serves: its time is the client's, its processor time the server's.</summary>
    public static Entrant Serving(string name, ServerProcess server, Func<double> work) => new(name, () =>
    {
        var before = server.Usage.Processor;
        var began = Stopwatch.GetTimestamp();
        var done = work();
        var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        return new Sample(done, seconds, server.Usage.Processor - before);
    });
}

/// <summary>Measures entrants side by side: in turn, each round in another order, so that what else the machine does falls on all of them.</summary>
internal static class Contest
{
    /// <summary>Gives each entrant's samples, in the order of the entrants. A round before the first warms up and is not counted.</summary>
    public static List<Sample>[] Run(int rounds, params Entrant[] entrants)
    {
        var samples = entrants.Select(_ => new List<Sample>()).ToArray();
        for (var round = 0; round <= rounds; round++)
        {
            for (var turn = 0; turn < entrants.Length; turn++)
            {
                var index = (turn + round) % entrants.Length;
                var sample = entrants[index].Run();
                if (round > 0)
                    samples[index].Add(sample);
                entrants[index].Rest();
                Console.Error.Write($"\r\e[K{entrants[index].Name}, round {round} of {rounds}: {sample.Rate:F0} a second, {sample.Processor:F2} s of processor");
            }
        }

        Console.Error.Write("\r\e[K");
        return samples;
    }
}
