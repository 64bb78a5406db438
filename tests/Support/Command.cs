using System.Diagnostics;

namespace Registry.Tests.Support;

/// <summary>A program that is run to its end, within a time limit, with both outputs kept.</summary>
/// <param name="Program">Its path.</param>
/// <param name="Limit">After this it is killed with all that it started, and the test fails.</param>
public sealed record Command(string Program, TimeSpan Limit)
{
    /// <summary>Variables set for it, or taken from it (null), on top of this process's own.</summary>
    public IReadOnlyDictionary<string, string?> Environment { get; init; } = new Dictionary<string, string?>();

    public string WorkingDirectory { get; init; } = Path.GetTempPath();

    /// <summary>What it finds on its standard input.</summary>
    public string Input { get; init; } = "";

    /// <summary>Runs it, and demands success.</summary>
    public async Task<string> Run(string[] arguments, CancellationToken cancellation)
    {
        var result = await TryRun(arguments, cancellation);
        Assert.True(result.ExitCode == 0, $"{result}");
        return result.Output;
    }

    /// <summary>Runs it, and demands that it refuses.</summary>
    /// <returns>What it complained of.</returns>
    public async Task<string> Fail(string[] arguments, CancellationToken cancellation)
    {
        var result = await TryRun(arguments, cancellation);
        Assert.False(result.ExitCode == 0, $"should have failed: {result}");
        return result.Errors;
    }

    /// <summary>Runs it, and takes any end of it.</summary>
    public async Task<int> ExitCode(string[] arguments, CancellationToken cancellation) => (await TryRun(arguments, cancellation)).ExitCode;

    /// <summary>Runs it, and takes any end of it: whether it succeeded, and what it complained of.</summary>
    public async Task<(bool Succeeded, string Errors)> Try(string[] arguments, CancellationToken cancellation)
    {
        var result = await TryRun(arguments, cancellation);
        return (result.ExitCode == 0, result.Errors);
    }

    /// <summary>Runs it, and takes any end of it, with all it wrote.</summary>
    public async Task<CommandResult> TryRun(string[] arguments, CancellationToken cancellation)
    {
        var line = $"{Path.GetFileName(Program)} {string.Join(' ', arguments)}";
        using var process = new Process { StartInfo = StartInfo(arguments) };
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(Limit);
        var (output, errors) = (new Lines(), new Lines());
        process.OutputDataReceived += (_, e) => output.Add(e.Data);
        process.ErrorDataReceived += (_, e) => errors.Add(e.Data);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        await process.StandardInput.WriteAsync(Input);
        process.StandardInput.Close();
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            cancellation.ThrowIfCancellationRequested();
            throw new TimeoutException($"{line}: not done after {Limit}, killed\n{output}\n{errors}");
        }

        return new CommandResult(line, process.ExitCode, output.ToString(), errors.ToString());
    }

    private ProcessStartInfo StartInfo(string[] arguments)
    {
        var start = new ProcessStartInfo(Program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = WorkingDirectory,
        };
        foreach (var (name, value) in Environment)
            start.Environment[name] = value;

        // All traffic of these tests stays on this machine.
        start.Environment["NO_PROXY"] = start.Environment["no_proxy"] = "localhost,127.0.0.1";
        return start;
    }

    /// <summary>Lines that arrive on one thread while a timeout may read them on another.</summary>
    private sealed class Lines
    {
        private readonly List<string> lines = [];

        public void Add(string? line)
        {
            lock (lines)
            {
                if (line is not null)
                    lines.Add(line);
            }
        }

        public override string ToString()
        {
            lock (lines)
                return string.Join('\n', lines);
        }
    }
}

/// <summary>How a program ended, and what it wrote: lines, without the last one's end.</summary>
public sealed record CommandResult(string Line, int ExitCode, string Output, string Errors)
{
    public override string ToString() => $"{Line}: exit code {ExitCode}\n{Output}\n{Errors}";
}
