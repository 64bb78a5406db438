using System.Collections.Concurrent;
using Registry.Tests.HostEmulation;

[assembly: AssemblyFixture(typeof(Registry.Tests.Support.Stands))]

namespace Registry.Tests.Support;

/// <summary>The ways to run a registry that every API test is replayed on. Each is started when the first test asks for it, and serves them all.</summary>
public sealed class Stands : IAsyncDisposable
{
    /// <summary>Behind the Functions host, which answers some of what is no proper HTTP itself.</summary>
    public const string Functions = "functions";

    /// <summary>How each is started with given settings; to add a stand is to add a line.</summary>
    private static readonly Dictionary<string, Func<Dictionary<string, string>, Task<Server>>> kinds = new(StringComparer.Ordinal)
    {
        ["memory"] = settings => InProcess(settings, null, ("Storage:Driver", "memory")),
        ["disk"] = OnDisk,
        ["azurite"] = async settings => await InProcess(settings, null, [("Redirect:Enabled", "false"), .. await Azurite()]),
        [Functions] = settings => BehindFunctions(settings, ("Storage:Driver", "memory")),
    };

    private readonly ConcurrentDictionary<(string Stand, string Setting), Lazy<Task<Server>>> servers = new();

    public static IReadOnlyCollection<string> Names => kinds.Keys;

    /// <summary>A client of that stand.</summary>
    /// <param name="stand">One of <see cref="Names"/>.</param>
    /// <param name="setting">A setting that differs from the default, as <c>Name=value</c>; each has a server of its own.</param>
    public async Task<ApiClient> Open(string stand, string setting = "")
    {
        var server = await servers.GetOrAdd((stand, setting), k => new(() => kinds[k.Stand](Parse(k.Setting)))).Value;
        return new ApiClient(server.Client, server.Address);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var server in servers.Values.Where(s => s is { IsValueCreated: true, Value.IsCompletedSuccessfully: true }))
        {
            (await server.Value).Client.Dispose();
            await (await server.Value).Owner.DisposeAsync();
            (await server.Value).Storage?.Dispose();
        }
    }

    private static Dictionary<string, string> Parse(string setting) =>
        setting.Split('=', 2) is [var name, var value] ? new(StringComparer.Ordinal) { [name] = value } : new(StringComparer.Ordinal);

    // Nowhere the test's cancellation: a server outlives the test that happens to start it.
    private static async Task<Server> InProcess(Dictionary<string, string> settings, IDisposable? storage, params (string Name, string Value)[] more)
    {
        foreach (var (name, value) in more)
            settings.TryAdd(name, value);
        var server = await RegistryServer.Start(settings, CancellationToken.None);
        return new Server(server.Client, server.BaseAddress, server, storage);
    }

    private static Task<Server> OnDisk(Dictionary<string, string> settings)
    {
        var folder = new TemporaryFolder();
        return InProcess(settings, folder, ("Storage:Driver", "filesystem"), ("Storage:RootDirectory", folder.Path));
    }

    private static async Task<Server> BehindFunctions(Dictionary<string, string> settings, params (string Name, string Value)[] more)
    {
        foreach (var (name, value) in more)
            settings.TryAdd(name, value);
        settings["Auth:Enabled"] = "false";
        var options = new FunctionsHostOptions
        {
            AppSettings = settings.ToDictionary(s => $"Registry__{s.Key.Replace(":", "__", StringComparison.Ordinal)}", s => s.Value),
        };
        var host = await FunctionsHost.Start(Package(), options, CancellationToken.None);
        return new Server(new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false }) { Timeout = Patience.Limit }, host.Address, host, null);
    }

    /// <summary>What the build leaves, which is laid out as the published package is.</summary>
    internal static string Package() =>
        Path.Combine(SourceTree.Root, "functions", "bin", Path.GetRelativePath(Path.Combine(SourceTree.Tests, "bin"), AppContext.BaseDirectory));

    private static async Task<IEnumerable<(string, string)>> Azurite()
    {
        var azurite = await TestContext.Current.GetFixture<AzuriteFixture>() ?? throw new InvalidOperationException("the tests have no Azurite");
        var place = AzuriteAccount.NewPlace();
        return
        [
            ("Storage:ConnectionString", (await azurite.NewAccount()).ConnectionString),
            ("Storage:Container", place.Container),
            ("Storage:TablePrefix", place.TablePrefix),
        ];
    }

    private sealed record Server(HttpClient Client, Uri Address, IAsyncDisposable Owner, IDisposable? Storage);
}
