using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Registry.Bench.Http;

namespace Registry.Bench.Processes;

/// <summary>A server that is measured: a child process with a folder of its own, gone when it is disposed.</summary>
internal class ServerProcess : IDisposable
{
    private static readonly TimeSpan startLimit = TimeSpan.FromSeconds(60);

    private readonly Process process;
    private readonly List<string> output = [];

    protected ServerProcess(int port, string folder, string program, IEnumerable<string> arguments, params (string Name, string Value)[] environment)
    {
        Port = port;
        Folder = folder;
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        Started = Stopwatch.GetTimestamp();
        process = Process.Start(start)!;
        process.OutputDataReceived += (_, line) => Note(line.Data);
        process.ErrorDataReceived += (_, line) => Note(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public int Port { get; }

    public string Folder { get; }

    /// <summary>When it was started: a timestamp of <see cref="Stopwatch"/>.</summary>
    public long Started { get; }

    public ProcessUsage Usage => new(process.Id);

    /// <summary>Asks until the answer is 200 or, with <paramref name="any"/>, until there is one.</summary>
    public async Task AwaitAnswer(int port, string path, bool any = false)
    {
        while (!Answers(port, path, any))
        {
            if (process.HasExited || Stopwatch.GetElapsedTime(Started) > startLimit)
                throw new InvalidOperationException($"{process.StartInfo.FileName} does not answer: {string.Join('\n', Said().TakeLast(20))}");
            await Task.Delay(TimeSpan.FromMilliseconds(1));
        }
    }

    public void Dispose()
    {
        process.Kill(entireProcessTree: true);
        process.WaitForExit();
        process.Dispose();
        if (Directory.Exists(Folder))
            Directory.Delete(Folder, recursive: true);
        GC.SuppressFinalize(this);
    }

    protected static string NewFolder() => Directory.CreateTempSubdirectory("registry-bench-").FullName;

    protected static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static bool Answers(int port, string path, bool any)
    {
        try
        {
            using var connection = new RawConnection(port);
            connection.Send($"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n");
            connection.Receive();
            return any || connection.Status == 200;
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            // It does not listen yet.
            return false;
        }
    }

    private void Note(string? line)
    {
        if (line is null)
            return;
        lock (output)
        {
            if (output.Count < 200)
                output.Add(line);
        }
    }

    private List<string> Said()
    {
        lock (output)
            return [.. output];
    }
}
