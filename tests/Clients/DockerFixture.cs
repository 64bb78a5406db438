using System.Diagnostics;
using Registry.Tests.Support;

namespace Registry.Tests.Clients;

/// <summary>A docker daemon of this test run, started when the first test asks for it, and its client.</summary>
public sealed class DockerFixture : IAsyncDisposable
{

    // The daemon must not outlive the tests, even if they are killed: then the shell's input ends, and with it the daemon. (In a shell
    // without job control a background job has no input, hence the detour by descriptor 3.)
    private const string Leash = """exec 3<&0; "$@" & daemon=$!; { cat <&3 >/dev/null; kill "$daemon" 2>/dev/null; } & wait "$daemon" """;

    private readonly TemporaryFolder folder = new();
    private readonly Lazy<Task<Command>> client;
    private Process? daemon;

    public DockerFixture() => client = new Lazy<Task<Command>>(Start);

    private string Socket => $"unix://{folder["docker.sock"]}";

    /// <summary>The client of the running daemon. Skips or fails the test if there is none.</summary>
    public Task<Command> Client() => client.Value;

    public async ValueTask DisposeAsync()
    {
        if (daemon is not null)
        {
            daemon.StandardInput.Close();
            using var limit = new CancellationTokenSource(Patience.Limit);
            try
            {
                await daemon.WaitForExitAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                daemon.Kill(entireProcessTree: true);
                throw new TimeoutException($"dockerd did not stop within {Patience.Limit} and was killed; its log:\n{Log()}");
            }
            finally
            {
                daemon.Dispose();
            }
        }

        folder.Dispose();
    }

    private async Task<Command> Start()
    {
        var docker = new Command(RequiredTool.Docker.Find(), Patience.Limit)
        {
            // A configuration of its own: no credentials, contexts or proxies of whoever runs the tests.
            Environment = new Dictionary<string, string?> { ["DOCKER_HOST"] = Socket, ["DOCKER_CONFIG"] = folder["client"], ["DOCKER_CONTEXT"] = null },
        };
        var program = RequiredTool.DockerDaemon.Find();
        RequiredTool.RequireRoot("dockerd");
        daemon = Process.Start(StartInfo(program))!;
        await WaitUntilItAnswers(docker);
        return docker;
    }

    private ProcessStartInfo StartInfo(string program)
    {
        string[] arguments =
        [
            "-c", """exec 2>"$0"; """ + Leash, folder["dockerd.log"], program,
            "--host", Socket,
            "--data-root", folder["data"], "--exec-root", folder["exec"], "--pidfile", folder["pid"],

            // No container is ever run, so it needs no network: the machine's firewall stays as it is, and a machine where it may
            // not be touched will do.
            "--bridge=none", "--iptables=false", "--ip6tables=false",

            // overlay2 does not work on an overlay, which is what a container has for a disk; plain folders work everywhere.
            "--storage-driver=vfs",
        ];
        var start = new ProcessStartInfo("/bin/sh", arguments) { RedirectStandardInput = true, WorkingDirectory = folder.Path };
        start.Environment["NO_PROXY"] = "localhost,127.0.0.1";
        return start;
    }

    private async Task WaitUntilItAnswers(Command docker)
    {
        for (var waited = Stopwatch.StartNew(); !await Answers(docker); await Task.Delay(TimeSpan.FromMilliseconds(200)))
        {
            if (daemon!.HasExited)
                throw new InvalidOperationException($"dockerd ended with {daemon.ExitCode}; its log:\n{Log()}");
            if (waited.Elapsed > Patience.Limit)
                throw new TimeoutException($"dockerd does not answer after {Patience.Limit}; its log:\n{Log()}");
        }
    }

    private static async Task<bool> Answers(Command docker) => await docker.ExitCode(["version"], CancellationToken.None) == 0;

    private string Log() => string.Join('\n', File.ReadLines(folder["dockerd.log"]).TakeLast(50));
}
