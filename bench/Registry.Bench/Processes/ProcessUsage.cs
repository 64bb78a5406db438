using System.Globalization;

namespace Registry.Bench.Processes;

/// <summary>What a process has used, as Linux tells it (proc(5)).</summary>
internal sealed class ProcessUsage(int id)
{
    // USER_HZ, in which Linux tells times to programs on every architecture that .NET runs on.
    private const double TicksPerSecond = 100;

    /// <summary>Processor time in user and system mode, in seconds, to 10 ms.</summary>
    public double Processor
    {
        get
        {
            var stat = File.ReadAllText($"/proc/{id}/stat");

            // The second field is the program's name in parentheses, which may hold spaces; utime and stime are the 14th and 15th.
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return (Number(fields[11]) + Number(fields[12])) / TicksPerSecond;
        }
    }

    /// <summary>Resident memory now, in MiB.</summary>
    public double Resident => Status("VmRSS");

    /// <summary>The most resident memory since <see cref="ForgetPeak"/>, in MiB.</summary>
    public double PeakResident => Status("VmHWM");

    public void ForgetPeak() => File.WriteAllText($"/proc/{id}/clear_refs", "5");

    private double Status(string name)
    {
        var line = File.ReadLines($"/proc/{id}/status").First(l => l.StartsWith(name, StringComparison.Ordinal));
        return Number(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]) / 1024;
    }

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
