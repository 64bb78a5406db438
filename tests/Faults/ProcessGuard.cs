using System.Diagnostics;

namespace Registry.Tests.Faults;

/// <summary>Ends our child processes when this process ends, however it ends: a shell that waits for the end of its input knows their ids.</summary>
internal static class ProcessGuard
{
    private const string Script =
        """
        ids=" "
        while read -r sign id; do
          case $sign in
            +) ids="$ids$id " ;;
            -) ids="${ids%% $id *} ${ids#* $id }" ;;
          esac
        done
        for id in $ids; do kill -9 "$id" 2>/dev/null; done
        """;

    private static readonly Lock gate = new();
    private static readonly HashSet<Process> running = [];
    private static readonly Lazy<Process?> shell = new(StartShell);

    public static void Watch(Process process)
    {
        lock (gate)
        {
            running.Add(process);
            shell.Value?.StandardInput.WriteLine($"+ {process.Id}");
        }
    }

    public static void Forget(Process process)
    {
        lock (gate)
        {
            if (running.Remove(process))
                shell.Value?.StandardInput.WriteLine($"- {process.Id}");
        }
    }

    private static Process? StartShell()
    {
        AppDomain.CurrentDomain.ProcessExit += (_, _) =>
        {
            foreach (var process in running)
                process.Kill();
        };

        // Windows has no shell for it; there only an orderly end of this process ends its children.
        if (OperatingSystem.IsWindows())
            return null;
        var process = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", Script]) { RedirectStandardInput = true })!;
        process.StandardInput.AutoFlush = true;
        return process;
    }
}
