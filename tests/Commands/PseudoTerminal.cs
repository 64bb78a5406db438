using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Registry.Tests.Faults;
using Registry.Tests.Support;

namespace Registry.Tests.Commands;

/// <summary>A program on a terminal of its own, which shows what is typed as long as the program does not tell it not to.</summary>
internal sealed partial class PseudoTerminal : IAsyncDisposable
{

    // Ctrl-C is for the program: the shell goes on, to tell how the program left the terminal.
    // What starts the tests may ignore interrupts, as a shell does for what it runs in the background; a person's terminal does not.
    private static readonly CompositeFormat script = CompositeFormat.Parse("trap : INT; stty cols {0}; env --default-signal=INT {1}; code=$?; stty -a | grep -q ' echo ' && echo 'echo is on'; exit $code");

    private readonly Process process;
    private readonly StringBuilder shown = new();
    private readonly Task reading;
    private TaskCompletionSource more = NewSignal();

    private PseudoTerminal(Process process)
    {
        this.process = process;
        reading = Read();
    }

    /// <summary>All that the terminal showed so far, escapes and all.</summary>
    public string Shown
    {
        get
        {
            lock (shown)
                return shown.ToString();
        }
    }

    /// <summary>The lines that a person sees.</summary>
    public string[] Lines => Escape().Replace(Shown, "").ReplaceLineEndings("\n").Split('\n');

    public static PseudoTerminal Start(string[] command, int width = 120)
    {
        var line = string.Format(CultureInfo.InvariantCulture, script, width, string.Join(' ', command.Select(word => $"'{word}'")));
        string[] arguments = ["--quiet", "--return", "--flush", "--echo", "always", "--command", line, "/dev/null"];
        var start = new ProcessStartInfo(RequiredTool.Script.Find(), arguments) { RedirectStandardInput = true, RedirectStandardOutput = true };
        start.Environment["SHELL"] = "/bin/sh";
        start.Environment.Remove("NO_COLOR");
        var process = Process.Start(start)!;
        ProcessGuard.Watch(process);
        return new PseudoTerminal(process);
    }

    public async Task Type(string keys)
    {
        await process.StandardInput.WriteAsync(keys);
        await process.StandardInput.FlushAsync();
    }

    /// <summary>Waits until the terminal shows that.</summary>
    public async Task Until(string text, CancellationToken cancellation)
    {
        for (Task next; !Shown.Contains(text, StringComparison.Ordinal); await next.WaitAsync(Patience.Limit, cancellation))
        {
            lock (shown)
                next = shown.ToString().Contains(text, StringComparison.Ordinal) ? Task.CompletedTask : more.Task;
            if (reading.IsCompleted && !Shown.Contains(text, StringComparison.Ordinal))
                Assert.Fail($"the terminal never showed '{text}':\n{Shown}");
        }
    }

    /// <summary>Waits for the program's end.</summary>
    /// <returns>Its exit code.</returns>
    public async Task<int> End(CancellationToken cancellation)
    {
        await reading.WaitAsync(Patience.Limit, cancellation);
        await process.WaitForExitAsync(cancellation);
        return process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        process.Kill(entireProcessTree: true);
        await process.WaitForExitAsync(CancellationToken.None);
        ProcessGuard.Forget(process);
        process.Dispose();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task Read()
    {
        var buffer = new char[1024];
        for (int count; (count = await process.StandardOutput.ReadAsync(buffer)) > 0;)
            Tell(buffer.AsSpan(0, count));
        Tell([]);

        void Tell(ReadOnlySpan<char> text)
        {
            lock (shown)
            {
                shown.Append(text);
                more.SetResult();
                more = NewSignal();
            }
        }
    }

    [GeneratedRegex(@"\e(\[[0-9;?]*[a-zA-Z]|[=>])")]
    private static partial Regex Escape();
}
