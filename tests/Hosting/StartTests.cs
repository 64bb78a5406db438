using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Configuration;
using Registry.Functions.Hosting;
using Registry.Tests.Faults;
using Registry.Tests.Support;

namespace Registry.Tests.Hosting;

/// <summary>The executable as somebody starts it: what it says first, and that what cannot start says why in one line.</summary>
public sealed class StartTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task It_says_what_the_README_says()
    {
        // On another port and in a folder that is not the source tree's.
        var expected = File.ReadLines(Path.Combine(SourceTree.Root, "README.md")).SkipWhile(l => l != "$ dotnet run --project functions").Skip(1).TakeWhile(l => l != "```").ToArray();
        Assert.Equal(4, expected.Length);
        await using var registry = await Start(("Storage:RootDirectory", folder["data"]));

        // It has started when the first line is there; the last one may come after the test looks, and lines of the log between them.
        var waiting = Stopwatch.StartNew();
        while (Said(registry).Length < expected.Length && waiting.Elapsed < Patience.Limit)
            await Task.Delay(TimeSpan.FromMilliseconds(20), Cancellation);
        Assert.Equal(
            expected.Select(l => l.Replace("localhost:5000", registry.BaseAddress.Authority, StringComparison.Ordinal).Replace("…/data", folder["data"], StringComparison.Ordinal)),
            Said(registry));
    }

    private static string[] Said(RegistryProcess registry) =>
        [.. registry.Output.Split('\n').Where(l => l.StartsWith("Registry listens", StringComparison.Ordinal) || l.StartsWith("  ", StringComparison.Ordinal))];

    [Fact]
    public async Task A_second_one_on_the_same_folder_says_who_has_it()
    {
        await using var first = await Start(("Storage:RootDirectory", folder["data"]));

        Assert.Equal(
            $"The data folder of Registry:Storage:RootDirectory cannot be opened: the data directory '{folder["data"]}' is in use by process {first.Id}; one process at a time can have it",
            await Refused("--urls=http://127.0.0.1:0", $"--Registry:Storage:RootDirectory={folder["data"]}"));

        // The first one goes on.
        Assert.Equal(HttpStatusCode.OK, (await first.Client.GetAsync("v2/", Cancellation)).StatusCode);
    }

    [Fact]
    public async Task An_address_that_is_taken_or_not_this_machines_is_told()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var url = $"http://127.0.0.1:{((IPEndPoint)other.LocalEndpoint).Port}";

        Assert.Equal(
            $"Failed to bind to address {url}: address already in use: another program listens there; choose another address with --urls", await Refused($"--urls={url}", "--Registry:Storage:Driver=memory"));
        Assert.Equal(
            "http://192.0.2.1:5000 cannot be listened on: Cannot assign requested address; choose another address with --urls",
            await Refused("--urls=http://192.0.2.1:5000", "--Registry:Storage:Driver=memory", "--Registry:Auth:Enabled=false"));
    }

    [Theory]
    [InlineData("--urls=http://localhost:80a", "urls is 'http://localhost:80a'; it must be http, an address (localhost, an IP address of this machine, or * for all) and a port, such as http://localhost:5000")]
    [InlineData("--Registry:Storage:Driver=disk", "Registry:Storage:Driver is 'disk'; it must be filesystem, azure or memory")]
    [InlineData("--Registry:Storage:ConnectionString=AccountName", "Registry:Storage:ConnectionString is wrong: a part is not name=value")]
    public async Task A_wrong_setting_is_told(string argument, string line) => Assert.Equal(line, await Refused(argument));

    /// <summary>Where others can reach it, accounts and rules decide, unless it is told otherwise; and it is called by a name that can be pushed to.</summary>
    [Theory]
    [InlineData("http://127.0.0.1:5000", null, "  access     anyone on this machine may push and delete: it only listens on loopback (Registry:Auth:Enabled turns accounts on)", "127.0.0.1:5000")]
    [InlineData("http://0.0.0.0:5000", null, "  access     by accounts and rules", "localhost:5000")]
    [InlineData("http://[::]:5000", "false", "  access     ANYONE WHO CAN REACH IT MAY PUSH AND DELETE (Registry:Auth:Enabled is false)", "localhost:5000")]
    [InlineData("http://192.0.2.1:5000", "true", "  access     by accounts and rules", "192.0.2.1:5000")]
    [InlineData("http://localhost:5000", "true", "  access     by accounts and rules", "localhost:5000")]
    public void It_says_who_may_do_what(string url, string? enabled, string access, string name)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection([new("urls", url), new("Registry:Storage:Driver", "memory"), new("Registry:Auth:Enabled", enabled)]).Build();
        var output = new StringWriter();

        Banner.Print(output, [url], Settings.Read(configuration), ListenAddress.Read(configuration));

        var lines = output.ToString().TrimEnd('\n').Split('\n');
        Assert.Equal([$"Registry listens on {url}", "  data       in memory: gone when this ends", access], lines.Take(3));
        Assert.Equal($"  try        docker tag IMAGE {name}/hello && docker push {name}/hello", lines[^1]);
    }

    private static Task<RegistryProcess> Start(params (string Name, string Value)[] settings) =>
        RegistryProcess.Start(settings.Select(s => KeyValuePair.Create(s.Name, s.Value)), [], Cancellation);

    /// <summary>Nothing on standard output, one line on the other, and exit code 1.</summary>
    private async Task<string> Refused(params string[] arguments)
    {
        var command = new Command(RegistryProcess.Executable, TimeSpan.FromMinutes(2)) { WorkingDirectory = folder.Path };
        var result = await command.TryRun(arguments, Cancellation);
        Assert.Equal((1, ""), (result.ExitCode, result.Output));
        return Assert.Single(result.Errors.Split('\n'));
    }
}
