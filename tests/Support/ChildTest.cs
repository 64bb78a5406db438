using System.Diagnostics;

namespace Registry.Tests.Support;

/// <summary>Another process of this test program, which runs one explicit test: a real process to share with, and to kill.</summary>
public sealed class ChildTest : IDisposable
{
    private const string FolderVariable = "REGISTRY_TEST_CHILD_FOLDER";

    private readonly Process process;

    private ChildTest(Process process) => this.process = process;

    public int Id => process.Id;

    /// <summary>In the child: the folder that its parent gave it.</summary>
    public static string Folder =>
        Environment.GetEnvironmentVariable(FolderVariable) ?? throw new InvalidOperationException("this test is for a child process");

    public static ChildTest Start(Type type, string method, string folder)
    {
        string program = Path.ChangeExtension(typeof(ChildTest).Assembly.Location, OperatingSystem.IsWindows() ? ".exe" : null);
        var start = new ProcessStartInfo(program, ["-explicit", "only", "-method", $"{type.FullName}.{method}"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment[FolderVariable] = folder;
        Process process = Process.Start(start) ?? throw new InvalidOperationException($"'{program}' did not start");
        return new ChildTest(process);
    }

    /// <summary>Waits for what the child does.</summary>
    public async Task WaitFor(Func<bool> condition, CancellationToken cancellation)
    {
        while (!condition())
        {
            Assert.False(process.HasExited, process.HasExited ? process.StandardOutput.ReadToEnd() : "");
            await Task.Delay(TimeSpan.FromMilliseconds(20), cancellation);
        }
    }

    /// <summary>As <c>kill -9</c> does it.</summary>
    public async Task Kill(CancellationToken cancellation)
    {
        process.Kill();
        await process.WaitForExitAsync(cancellation);
    }

    public void Dispose()
    {
        if (!process.HasExited)
        {
            process.Kill();
            process.WaitForExit();
        }

        process.Dispose();
    }
}
