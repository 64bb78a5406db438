using System.Net;
using System.Net.Sockets;
using System.Text;
using Registry.Functions.Commands.Accounts;
using Registry.Functions.Commands.Operations;
using Registry.Tests.Faults;
using Registry.Tests.Support;

namespace Registry.Tests.Commands;

/// <summary>The way into a running server: who can take it, and what becomes of it when the server ends, in whatever way.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class ControlSocketTests : IDisposable
{
    private const string List = """{"accounts":[]}""";

    private readonly TemporaryFolder folder = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Data => folder["data"];

    private string Socket => Path.Combine(Data, "control.sock");

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task It_is_its_owners_alone_and_gone_when_the_server_stops()
    {
        await using var server = await Start();
        Assert.Equal(List, await Give("account", "list", "--json"));
        AssertOwnersAlone(Socket);

        Assert.Equal(0, await server.Stop(Cancellation));
        Assert.False(File.Exists(Socket));
        Assert.Equal(List, await Give("account", "list", "--json"));
    }

    [Fact]
    public async Task What_a_killed_server_leaves_is_no_hindrance_to_commands_nor_to_the_next_server()
    {
        await using (var server = await Start())
        {
            await Give("account", "list");
            await server.Kill();
        }

        Assert.True(File.Exists(Socket));
        Assert.StartsWith("rgs_", await Give("account", "add", "ci", "--robot"), StringComparison.Ordinal);
        Assert.True(File.Exists(Socket));
        await using var next = await Start();
        Assert.Contains("\"name\":\"ci\"", await Give("account", "list", "--json"), StringComparison.Ordinal);
        AssertOwnersAlone(Socket);
    }

    /// <summary>A command is given while the server starts, again and again: it finds the folder free, or taken and nobody listening yet, or the server.</summary>
    [Fact]
    public async Task A_command_copes_with_a_server_that_starts_or_stops_meanwhile()
    {
        for (var round = 0; round < 3; round++)
        {
            var name = $"robot-{round}";
            Assert.StartsWith("rgs_", await Give("account", "add", name, "--robot"), StringComparison.Ordinal);
            var starting = Start();
            var given = Enumerable.Range(0, 4).Select(i => Try("rule", "add", name, $"team-{i}/*", "pull")).ToList();
            RegistryProcess server;
            try
            {
                server = await starting;
            }
            catch (InvalidOperationException e) when (e.Message.Contains("in use by process", StringComparison.Ordinal))
            {
                // A command was first.
                Assert.All(await Task.WhenAll(given), done => Assert.True(done.ExitCode == 0, $"{done}"));
                continue;
            }

            Assert.All(await Task.WhenAll(given), done => Assert.True(done.ExitCode == 0, $"{done}\n{server.Output}"));
            var leaving = server.Stop(Cancellation);
            var last = await Try("account", "remove", name);
            Assert.True(last.ExitCode == 0, $"{last}");
            await leaving;
            await server.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_folder_whose_path_is_too_long_for_a_socket_has_one_all_the_same()
    {
        var deep = Directory.CreateDirectory(Path.Combine(folder.Path, new string('d', 100), new string('é', 60))).FullName;
        await using var server = await RegistryProcess.Start([new("Storage:RootDirectory", deep)], [], Cancellation);
        var command = new Command(RegistryProcess.Executable, Patience.Limit);

        Assert.Equal(List, await command.Run(["account", "list", "--json", $"--Registry:Storage:RootDirectory={deep}"], Cancellation));
        AssertOwnersAlone(Path.Combine(deep, "control.sock"));
        Assert.Equal(0, await server.Stop(Cancellation));
        Assert.False(File.Exists(Path.Combine(deep, "control.sock")));
    }

    [Fact]
    public async Task Without_a_socket_the_server_serves_and_says_that_commands_cannot_reach_it()
    {
        Directory.CreateDirectory(Path.Combine(Data, "control.sock", "in the way"));
        await using var server = await Start();
        using var answer = await server.Client.GetAsync("v2/", Cancellation);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var refused = await Try("account", "list");
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains($"in use by process {server.Id}", refused.Errors, StringComparison.Ordinal);
        Assert.Contains("Commands cannot reach this server", server.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_change_through_the_server_holds_with_the_next_request()
    {
        await using var server = await Start(("Auth:Enabled", "true"));
        var secret = await Give("account", "add", "ci", "--robot");
        Assert.Equal(HttpStatusCode.Forbidden, await PullOf(server, secret));
        await Give("rule", "add", "ci", "team/*", "pull");
        Assert.Equal(HttpStatusCode.NotFound, await PullOf(server, secret));
        await Give("account", "disable", "ci");
        Assert.Equal(HttpStatusCode.Unauthorized, await PullOf(server, secret));
        await Give("account", "enable", "ci");
        Assert.Equal(HttpStatusCode.NotFound, await PullOf(server, secret));
        await Give("rule", "remove", "ci", "team/*");
        Assert.Equal(HttpStatusCode.Forbidden, await PullOf(server, secret));
        var next = await Give("account", "rotate", "ci");
        Assert.Equal(HttpStatusCode.Unauthorized, await PullOf(server, secret));
        Assert.Equal(HttpStatusCode.Forbidden, await PullOf(server, next));
    }

    /// <summary>The listener on TCP is another server: there, the names of operations are names of nothing, however they are asked for.</summary>
    [Theory]
    [InlineData("POST /{0} HTTP/1.1\r\nHost: registry")]
    [InlineData("POST //{0} HTTP/1.1\r\nHost: registry")]
    [InlineData("POST http://registry/{0} HTTP/1.1\r\nHost: registry")]
    [InlineData("POST /v2/../{0} HTTP/1.1\r\nHost: registry")]
    [InlineData("POST /v2/{0} HTTP/1.1\r\nHost: registry")]
    [InlineData("PUT /{0} HTTP/1.1\r\nHost: registry\r\nX-HTTP-Method-Override: POST")]
    [InlineData("POST /{0} HTTP/1.1\r\nHost: registry\r\nX-Original-URL: /{0}\r\nX-Forwarded-Host: registry\r\nX-Forwarded-For: 127.0.0.1")]
    [InlineData("POST /{0} HTTP/1.0\r\nHost: control.sock")]
    public async Task No_request_on_TCP_reaches_an_operation(string request)
    {
        await using var server = await Start(("Auth:Enabled", "false"));
        await Give("account", "list");
        foreach (var (operation, body) in new[] { (nameof(AddRobot), """{"name":"evil","expires":null}"""), (nameof(ListAccounts), "{}") })
        {
            Assert.NotNull(OperationList.All.Find(operation));
            using var tcp = new TcpClient();
            await tcp.ConnectAsync(IPAddress.Loopback, server.BaseAddress.Port, Cancellation);
            var head = $"{request.Replace("{0}", operation, StringComparison.Ordinal)}\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n";
            await tcp.GetStream().WriteAsync(Encoding.ASCII.GetBytes(head + body), Cancellation);
            using var reader = new StreamReader(tcp.GetStream());
            var answer = await reader.ReadToEndAsync(Cancellation);
            Assert.Matches("^HTTP/1.[01] 40[045] ", answer);
            Assert.DoesNotContain("result", answer, StringComparison.Ordinal);
        }

        Assert.Equal(List, await Give("account", "list", "--json"));
    }

    private static void AssertOwnersAlone(string path)
    {
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
    }

    private static async Task<HttpStatusCode> PullOf(RegistryProcess server, string secret)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "v2/team/app/manifests/1");
        request.Headers.Authorization = new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"ci:{secret}")));
        using var answer = await server.Client.SendAsync(request, Cancellation);
        return answer.StatusCode;
    }

    private Task<RegistryProcess> Start(params (string Name, string Value)[] settings) =>
        RegistryProcess.Start([new("Storage:RootDirectory", Directory.CreateDirectory(Data).FullName), .. settings.Select(s => KeyValuePair.Create(s.Name, s.Value))], [], Cancellation);

    private async Task<string> Give(params string[] words)
    {
        var done = await Try(words);
        Assert.True(done.ExitCode == 0, $"{done}");
        return done.Output;
    }

    private Task<CommandResult> Try(params string[] words)
    {
        Directory.CreateDirectory(Data);
        return new Command(RegistryProcess.Executable, Patience.Limit).TryRun([.. words, $"--Registry:Storage:RootDirectory={Data}"], Cancellation);
    }
}
