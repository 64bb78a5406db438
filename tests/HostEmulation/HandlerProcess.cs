using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Registry.Tests.Faults;
using Registry.Tests.Support;

namespace Registry.Tests.HostEmulation;

/// <summary>The handler's process: started, waited for, and started again after a crash, as the Functions host does.</summary>
/// <remarks>
/// The host gives up at the third crash within 30 minutes; it does not restart a handler that ended with exit code 0, and goes on
/// forwarding to nobody; exit code 200 asks for a restart and is no crash. The port stays the same.
/// </remarks>
internal sealed class HandlerProcess : IAsyncDisposable
{
    private const int CrashesBeforeGivingUp = 3;
    private const int RestartExitCode = 200;
    private const int OutputLines = 1000;
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(25);

    private readonly HandlerPackage package;
    private readonly FunctionsHostOptions options;
    private readonly CancellationTokenSource stopping = new();
    private readonly ConcurrentQueue<string> output = new();
    private readonly HttpClient pinger = new(new SocketsHttpHandler { UseProxy = false });
    private readonly Lock killing = new();
    private volatile TaskCompletionSource ready = NewGate();
    private Process? current;
    private int starts;

    public HandlerProcess(HandlerPackage package, FunctionsHostOptions options)
    {
        this.package = package;
        this.options = options;
        Address = new Uri($"http://127.0.0.1:{LoopbackPorts.Take()}/");
        Stopped = Supervise();
    }

    public Uri Address { get; }

    /// <summary>How often the handler was started.</summary>
    public int Starts => Volatile.Read(ref starts);

    /// <summary>Ends when the handler has ended and will not be started again.</summary>
    public Task Stopped { get; }

    /// <summary>The last lines that the handler wrote to its two outputs.</summary>
    public string Output => string.Join(Environment.NewLine, output);

    /// <summary>Waits until the handler answers. The host holds invocations back until then.</summary>
    /// <exception cref="HostStoppedException">It never will.</exception>
    public Task WaitUntilReady(CancellationToken cancellation) => ready.Task.WaitAsync(cancellation);

    /// <summary>Kills the process, as a crash does: the host will start it again.</summary>
    public void Kill()
    {
        lock (killing)
            current?.Kill(entireProcessTree: true);
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await Stopped;
        pinger.Dispose();
        stopping.Dispose();
    }

    private static TaskCompletionSource NewGate() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task Supervise()
    {
        for (var crashes = 0; crashes < CrashesBeforeGivingUp;)
        {
            var exitCode = await RunOnce();
            if (stopping.IsCancellationRequested || exitCode == 0)
                return;

            if (exitCode != RestartExitCode)
                crashes++;
        }

        ready.TrySetException(new HostStoppedException(
            $"the handler crashed or did not answer {CrashesBeforeGivingUp} times; the host is not running. Its output:{Environment.NewLine}{Output}"));
    }

    /// <summary>Runs the handler until it ends, opening the gate once it answers. Null: it was killed because it did not answer.</summary>
    private async Task<int?> RunOnce()
    {
        using var process = Launch();
        lock (killing)
            current = process;
        try
        {
            var exit = process.WaitForExitAsync(stopping.Token);
            if (!await Answers(exit))
                return null;

            ready.TrySetResult();
            await exit;
            if (process.ExitCode != 0)
                ready = NewGate();

            return process.ExitCode;
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            ready.TrySetCanceled(stopping.Token);
            return null;
        }
        finally
        {
            lock (killing)
                current = null;
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync(CancellationToken.None);
            ProcessGuard.Forget(process);
        }
    }

    private Process Launch()
    {
        var start = new ProcessStartInfo(package.Executable, package.Arguments)
        {
            WorkingDirectory = package.Folder,
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in HandlerEnvironment.For(package, options, Address.Port))
            start.Environment[name] = value;

        var process = new Process { StartInfo = start };
        process.OutputDataReceived += (_, line) => Keep(line.Data);
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
        process.Start();
        ProcessGuard.Watch(process);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        Interlocked.Increment(ref starts);
        return process;
    }

    /// <summary>Polls until the handler answers anything at all. False: it ended, or the time is up.</summary>
    private async Task<bool> Answers(Task exit)
    {
        var started = Stopwatch.GetTimestamp();
        while (!exit.IsCompleted && Stopwatch.GetElapsedTime(started) < options.StartupTimeout)
        {
            try
            {
                using var answer = await pinger.GetAsync(Address, HttpCompletionOption.ResponseHeadersRead, stopping.Token);
                return true;
            }
            catch (HttpRequestException refused) when (refused.InnerException is SocketException)
            {
                await Task.WhenAny(exit, Task.Delay(PollInterval, stopping.Token));
            }
            catch (HttpRequestException)
            {
                // The host takes any other failure for a sign of life.
                return true;
            }
        }

        stopping.Token.ThrowIfCancellationRequested();
        return false;
    }

    private void Keep(string? line)
    {
        if (line is null)
            return;

        output.Enqueue(line);
        if (output.Count > OutputLines)
            output.TryDequeue(out _);
    }
}
