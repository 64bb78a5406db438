using System.Diagnostics;
using Registry.Tests.Faults;
using Registry.Tests.Support;

namespace Registry.Tests.Import;

/// <summary>Debian's <c>docker-registry</c>, which is distribution 2.8, as a child process that keeps what it has in a folder.</summary>
internal sealed class DistributionProcess : IAsyncDisposable
{

    private readonly Process process;
    private readonly TaskCompletionSource<string> listening = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private DistributionProcess(Process process) => this.process = process;

    /// <summary>Its address as image names begin.</summary>
    public string Host => listening.Task.Result;

    /// <param name="folder">Where its settings and its content are to be.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    public static async Task<DistributionProcess> Start(string folder, CancellationToken cancellation)
    {
        var settings = Path.Combine(folder, "distribution.yml");
        await File.WriteAllTextAsync(
            settings,
            $$$"""
            version: 0.1
            log: {level: info, accesslog: {disabled: true}}
            storage: {filesystem: {rootdirectory: "{{{folder}}}"}}
            http: {addr: "127.0.0.1:0"}
            """,
            cancellation);
        var start = new ProcessStartInfo(RequiredTool.Distribution.Find(), ["serve", settings]) { RedirectStandardOutput = true, RedirectStandardError = true };
        var registry = new DistributionProcess(new Process { StartInfo = start });
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

    public async ValueTask DisposeAsync()
    {
        process.Kill();
        await process.WaitForExitAsync();
        ProcessGuard.Forget(process);
        process.Dispose();
    }

    private async Task Start(CancellationToken cancellation)
    {
        var said = new List<string>();
        process.OutputDataReceived += (_, line) => Hear(line.Data);
        process.ErrorDataReceived += (_, line) => Hear(line.Data);
        process.Start();
        ProcessGuard.Watch(process);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        await Task.WhenAny(listening.Task, process.WaitForExitAsync(cancellation)).WaitAsync(Patience.Limit, cancellation);
        lock (said)
            Assert.True(listening.Task.IsCompleted, $"docker-registry did not start:\n{string.Join('\n', said)}");

        void Hear(string? line)
        {
            const string Listens = "listening on ";
            lock (said)
                said.Add(line ?? "");
            if (line?.IndexOf(Listens, StringComparison.Ordinal) is >= 0 and var at)
                listening.TrySetResult(line[(at + Listens.Length)..].Split('"', ' ')[0]);
        }
    }
}
