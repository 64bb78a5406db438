using System.Diagnostics;
using System.Globalization;
using Registry.Tests.Support;

namespace Registry.Tests.Faults;

/// <summary>The real executable as a child process on a free loopback port.</summary>
public sealed class RegistryProcess : IAsyncDisposable
{
    private const int KeptLines = 200;

    private readonly Process process;
    private readonly Queue<string> output = new();
    private readonly TaskCompletionSource<Uri> listening = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock gate = new();

    private RegistryProcess(Process process) => this.process = process;

    /// <summary>Talks to it; follows no redirect.</summary>
    public HttpClient Client { get; private set; } = null!;

    public Uri BaseAddress => Client.BaseAddress!;

    public int Id { get; private set; }

    /// <summary>What it wrote last, for the message of a failure.</summary>
    public string Output
    {
        get
        {
            lock (gate)
                return string.Join('\n', output);
        }
    }

    /// <param name="settings">Settings by name, such as <c>Storage:Driver</c>.</param>
    /// <param name="environment">More of its environment, such as limits of its runtime.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <param name="arguments">What it is started with, before the address.</param>
    public static async Task<RegistryProcess> Start(
        IEnumerable<KeyValuePair<string, string>> settings, IEnumerable<KeyValuePair<string, string>> environment, CancellationToken cancellation, params string[] arguments)
    {
        var start = new ProcessStartInfo(Executable, [.. arguments, "--urls=http://127.0.0.1:0"]) { RedirectStandardOutput = true, RedirectStandardError = true };

        // These processes live for seconds: profiling for later optimisation would be most of what they do.
        start.Environment["DOTNET_TieredPGO"] = "0";
        foreach (var (name, value) in settings)
            start.Environment[$"Registry__{name.Replace(":", "__", StringComparison.Ordinal)}"] = value;
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        var registry = new RegistryProcess(new Process { StartInfo = start, EnableRaisingEvents = true });
        try
        {
            await registry.Start(cancellation);
            return registry;
        }
        catch
        {
            await registry.DisposeAsync();
            throw;
        }
    }

    /// <summary>The executable, as the build leaves it beside the tests.</summary>
    public static string Executable => Path.Combine(AppContext.BaseDirectory, OperatingSystem.IsWindows() ? "registry.exe" : "registry");

    /// <summary>SIGKILL. Ends when it is dead.</summary>
    public async Task Kill()
    {
        process.Kill();
        await process.WaitForExitAsync();
        ProcessGuard.Forget(process);
    }

    /// <summary>SIGTERM. Ends when the process has, in its own time.</summary>
    /// <returns>Its exit code.</returns>
    public async Task<int> Stop(CancellationToken cancellation)
    {
        using var kill = Process.Start("/bin/sh", ["-c", $"kill -TERM {Id}"]);
        await process.WaitForExitAsync(cancellation);
        ProcessGuard.Forget(process);
        return process.ExitCode;
    }

    /// <summary>The most memory it ever had resident, in bytes.</summary>
    public long PeakMemory() => StatusOf("VmHWM");

    /// <summary>The memory it has resident now, in bytes.</summary>
    public long ResidentMemory() => StatusOf("VmRSS");

    public async ValueTask DisposeAsync()
    {
        await Kill();
        Client?.Dispose();
        process.Dispose();
    }

    private async Task Start(CancellationToken cancellation)
    {
        process.OutputDataReceived += (_, line) => Hear(line.Data);
        process.ErrorDataReceived += (_, line) => Hear(line.Data);
        process.Start();
        ProcessGuard.Watch(process);
        Id = process.Id;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        await Task.WhenAny(listening.Task, process.WaitForExitAsync(cancellation)).WaitAsync(Patience.Limit, cancellation);
        if (!listening.Task.IsCompleted)
            throw new InvalidOperationException($"the registry did not start:\n{Output}");

        // The lab's own requests can take as long as storage's retries: longer than the client's default.
        Client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false }) { BaseAddress = await listening.Task, Timeout = Patience.Limit };
    }

    private void Hear(string? line)
    {
        const string Listens = "Registry listens on ";
        if (line is null)
            return;
        lock (gate)
        {
            output.Enqueue(line);
            if (output.Count > KeptLines)
                output.Dequeue();
        }

        if (line.StartsWith(Listens, StringComparison.Ordinal))
            listening.TrySetResult(new Uri(line[Listens.Length..].Split(' ', ',')[0]));
    }

    private long StatusOf(string name)
    {
        // "VmHWM:	  123456 kB"
        var line = File.ReadLines($"/proc/{Id}/status").First(l => l.StartsWith(name + ":", StringComparison.Ordinal));
        return long.Parse(line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
    }
}
