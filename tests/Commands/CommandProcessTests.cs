using System.Net.Sockets;
using System.Text;
using Registry.Functions.Commands;
using Registry.Functions.Commands.Control;
using Registry.Storage.FileSystem;
using Registry.Tests.Faults;
using Registry.Tests.Support;

namespace Registry.Tests.Commands;

/// <summary>The executable itself: what goes to which output, its exit codes, its terminal, and how it is started.</summary>
public sealed class CommandProcessTests : IDisposable
{
    private const string Password = "correct horse battery";

    private readonly TemporaryFolder folder = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Data => $"--Registry:Storage:RootDirectory={Directory.CreateDirectory(folder["data"]).FullName}";

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task A_secret_is_alone_on_stdout_and_what_is_said_of_it_on_stderr()
    {
        var added = await Give("", "account", "add", "ci", "--robot", Data);
        Assert.Equal(0, added.ExitCode);
        Assert.Matches("^rgs_[0-9a-f]{64}$", added.Output);
        Assert.Contains("shown this once", added.Errors, StringComparison.Ordinal);

        var failed = await Give("", "account", "disable", "nobody", Data);
        Assert.Equal((1, ""), (failed.ExitCode, failed.Output));
        Assert.Single(failed.Errors.Split('\n'));

        var usage = await Give("", "account", "disable", Data);
        Assert.Equal((2, ""), (usage.ExitCode, usage.Output));
        Assert.Single(usage.Errors.Split('\n'));
    }

    /// <summary>However the line ends, and whatever comes after it.</summary>
    [Theory]
    [InlineData("correct horse battery")]
    [InlineData("correct horse battery\n")]
    [InlineData("correct horse battery\r\nand more\n")]
    public async Task A_password_is_the_first_line_of_standard_input(string input)
    {
        Assert.Equal("added person alice", (await Give(input, "account", "add", "alice", "--password-stdin", Data)).Output);
        await using var server = await Start(("Auth:Enabled", "true"));
        Assert.Equal(200, await StatusOf(server, "alice", Password));
        Assert.Equal(401, await StatusOf(server, "alice", Password + "\r"));
    }

    [Fact]
    public async Task Settings_come_from_the_environment_as_the_servers_do()
    {
        var command = new Command(RegistryProcess.Executable, Patience.Limit)
        {
            Environment = new Dictionary<string, string?> { ["Registry__Storage__RootDirectory"] = Directory.CreateDirectory(folder["data"]).FullName },
        };
        Assert.Equal("""{"accounts":[]}""", await command.Run(["account", "list", "--json"], Cancellation));
        Assert.True(File.Exists(folder["data/lock"]));
    }

    [Theory]
    [InlineData("--help", "registry [command] [options]")]
    [InlineData("serve --help", "--urls http://localhost:5001")]
    [InlineData("account --help", "registry account [command] [options]")]
    [InlineData("account add --help", "registry account add ci --robot --expires 90d > secret")]
    [InlineData("account list -h", "registry account list --json")]
    [InlineData("account disable --help", "registry account disable alice")]
    [InlineData("account enable --help", "registry account enable alice")]
    [InlineData("account remove --help", "registry account remove alice")]
    [InlineData("account rotate --help", "registry account rotate alice --password")]
    [InlineData("rule add --help", "registry rule add anonymous 'public/*' pull")]
    [InlineData("rule list --help", "registry rule list --json")]
    [InlineData("rule remove --help", "registry rule remove ci 'team/*'")]
    [InlineData("federation add --help", "--issuer https://token.actions.githubusercontent.com")]
    [InlineData("federation list --help", "registry federation list --json")]
    [InlineData("federation remove --help", "registry federation remove github")]
    public async Task Help_says_how_it_is_used(string arguments, string example)
    {
        var help = await Give("", arguments.Split(' '));
        Assert.Equal((0, ""), (help.ExitCode, help.Errors));
        Assert.Contains(example, help.Output, StringComparison.Ordinal);
        Assert.Contains("--Registry:Storage:RootDirectory", help.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_tells_its_version()
    {
        var version = await Give("", "--version");
        Assert.Equal(0, version.ExitCode);
        Assert.Matches(@"^\d+\.\d+\.\d+", version.Output);
    }

    [Theory]
    [InlineData]
    [InlineData("serve")]
    public async Task The_server_starts_with_and_without_the_word_and_never_loads_the_command_line(params string[] words)
    {
        await using var server = await RegistryProcess.Start([], [], Cancellation, [.. words, Data, "--Registry:Auth:Enabled=true"]);
        await Give("", "account", "list", Data);

        Assert.Equal(401, await StatusOf(server, "nobody", Password));
        Assert.True(File.Exists(folder["data/control.sock"]), server.Output);
        var loaded = await File.ReadAllTextAsync($"/proc/{server.Id}/maps", Cancellation);
        Assert.Contains("Registry.Core.dll", loaded, StringComparison.Ordinal);
        Assert.DoesNotContain("System.CommandLine.dll", loaded, StringComparison.Ordinal);
        Assert.DoesNotContain("Spectre", loaded, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_password_is_asked_for_twice_and_never_shown()
    {
        await using var terminal = PseudoTerminal.Start([RegistryProcess.Executable, "account", "add", "alice", Data]);
        await terminal.Until("Password for alice: ", Cancellation);

        // A part of it, a slip, and more than one line at once: whatever the program is doing meanwhile, the terminal must not show it.
        await terminal.Type("correct horse batteriX\u007f");
        await terminal.Type("\u0015" + Password + "\n" + Password + "\n");
        Assert.Equal(0, await terminal.End(Cancellation));

        Assert.Contains("The same again: ", terminal.Shown, StringComparison.Ordinal);
        Assert.Contains("added person alice", terminal.Shown, StringComparison.Ordinal);
        Assert.DoesNotContain("corr", terminal.Shown, StringComparison.Ordinal);
        Assert.DoesNotContain("batt", terminal.Shown, StringComparison.Ordinal);
        await using var server = await Start(("Auth:Enabled", "true"));
        Assert.Equal(200, await StatusOf(server, "alice", Password));
    }

    [Theory]
    [InlineData("correct horse battery\ncorrect horse batteries\n", 2, "the two are not the same: nothing was changed")]
    [InlineData("short\n", 2, "a password has 12 to 256 characters")]
    [InlineData("corr\u0003", 130, "")]
    public async Task What_is_typed_wrong_or_interrupted_changes_nothing(string typed, int code, string said)
    {
        await using (var terminal = PseudoTerminal.Start([RegistryProcess.Executable, "account", "add", "alice", Data]))
        {
            await terminal.Until("Password for alice: ", Cancellation);
            await terminal.Type(typed);
            Assert.Equal(code, await terminal.End(Cancellation));
            Assert.Contains(said, terminal.Shown, StringComparison.Ordinal);
            Assert.DoesNotContain("corr", terminal.Shown, StringComparison.Ordinal);

            // The terminal is as it was: it shows what is typed.
            Assert.Contains("echo is on", terminal.Shown, StringComparison.Ordinal);
        }

        Assert.Equal("""{"accounts":[]}""", (await Give("", "account", "list", "--json", Data)).Output);
    }

    [Theory]
    [InlineData("", 120, true)]
    [InlineData("NO_COLOR=1", 120, false)]
    [InlineData("", 60, true)]
    public async Task A_terminal_gets_tables_of_its_width_with_colour_unless_it_is_not_wanted(string environment, int width, bool coloured)
    {
        await Give("", "account", "add", "somebody-with-a-long-name", "--robot", "--expires", "90d", Data);
        string[] command = ["/usr/bin/env", "TERM=xterm-256color", .. environment.Split(' ', StringSplitOptions.RemoveEmptyEntries), RegistryProcess.Executable, "account", "list", Data];
        await using var terminal = PseudoTerminal.Start(command, width);
        Assert.Equal(0, await terminal.End(Cancellation));

        Assert.Equal(coloured, terminal.Shown.Contains("\e[1m", StringComparison.Ordinal));
        Assert.All(terminal.Lines, line => Assert.True(line.Length <= width, $"'{line}' is wider than {width}"));
        Assert.Contains("somebody", terminal.Shown, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_that_another_program_has_is_waited_for_and_told_of_in_one_line()
    {
        using var held = DataDirectory.Open(folder["data"]);
        using var output = new StringWriter();
        using var errors = new StringWriter();
        var terminal = new Terminal(TextReader.Null, output, errors) { Patience = TimeSpan.FromMilliseconds(200) };
        Assert.Equal(1, await CommandLine.Run(["account", "list", Data], terminal, Cancellation));
        Assert.Equal("", output.ToString());
        Assert.Contains($"in use by process {Environment.ProcessId}", errors.ToString(), StringComparison.Ordinal);
        Assert.Single(errors.ToString().TrimEnd().Split('\n'));
    }

    [Fact]
    public async Task Commands_that_come_at_once_take_turns_on_the_folder()
    {
        var all = await Task.WhenAll(Enumerable.Range(0, 4).Select(i => Give("", "account", "add", $"robot-{i}", "--robot", Data)));
        Assert.All(all, done => Assert.Equal(0, done.ExitCode));
        var list = (await Give("", "account", "list", Data)).Output.Split('\n');
        Assert.Equal(5, list.Length);
    }

    [Fact]
    public async Task Ctrl_C_ends_a_command_that_waits_for_the_server_and_lets_go_of_it()
    {
        // A server that takes the operation and never answers.
        using var address = new ControlSocket(Directory.CreateDirectory(folder["data"]).FullName);
        using var server = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        server.Bind(address.Address);
        server.Listen();
        await using var terminal = PseudoTerminal.Start([RegistryProcess.Executable, "account", "list", Data]);
        using var connection = await server.AcceptAsync(Cancellation);
        Assert.NotEqual(0, await connection.ReceiveAsync(new byte[4096], Cancellation));

        await terminal.Type("\u0003");
        Assert.Equal(130, await terminal.End(Cancellation));
        var rest = new byte[4096];
        while (await connection.ReceiveAsync(rest, Cancellation) > 0)
        {
        }
    }

    private static Task<CommandResult> Give(string input, params string[] arguments) =>
        new Command(RegistryProcess.Executable, Patience.Limit) { Input = input }.TryRun(arguments, Cancellation);

    private Task<RegistryProcess> Start(params (string Name, string Value)[] settings) =>
        RegistryProcess.Start([new("Storage:RootDirectory", folder["data"]), .. settings.Select(s => KeyValuePair.Create(s.Name, s.Value))], [], Cancellation);

    private static async Task<int> StatusOf(RegistryProcess server, string name, string password)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "v2/");
        request.Headers.Authorization = new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{name}:{password}")));
        using var answer = await server.Client.SendAsync(request, Cancellation);
        return (int)answer.StatusCode;
    }
}
