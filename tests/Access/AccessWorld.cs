using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Registry.Access;
using Registry.Access.Oidc;
using Registry.Functions.Access;
using Registry.Functions.Hosting;
using Registry.Storage.Memory;
using Registry.Tests.Support;

namespace Registry.Tests.Access;

/// <summary>A registry with access control, by a clock that the test moves; the accounts and rules as the command line would change them, without the server's knowledge.</summary>
internal sealed class AccessWorld : IAsyncDisposable
{
    public const string Password = "a password of hers";

    private readonly List<RegistryApplication> servers = [];
    private readonly IOidcDocuments? documents;

    private AccessWorld(IOidcDocuments? documents)
    {
        this.documents = documents;
        Driver = new MemoryStorageDriver(Clock);
        Tables = new MemoryTableStore(Clock);
        var secrets = new AccountSecrets(new FrameworkPasswordHasher(), Ids);
        Rules = new RuleStore(Tables);
        Accounts = new AccountStore(Tables, Rules, secrets, Clock);
        Federations = new FederationStore(Tables, Rules, secrets, Clock);
    }

    public TestClock Clock { get; } = new();

    public SeededIds Ids { get; } = new(TestSeed.Current);

    public MemoryStorageDriver Driver { get; }

    public MemoryTableStore Tables { get; }

    public RuleStore Rules { get; }

    public AccountStore Accounts { get; }

    public FederationStore Federations { get; }

    /// <summary>Talks to the first server.</summary>
    public HttpClient Client { get; private set; } = null!;

    public static async Task<AccessWorld> Start(CancellationToken cancellation, IOidcDocuments? documents = null, params string[] settings)
    {
        var world = new AccessWorld(documents);
        foreach (var table in Registry.Storage.Tables.All)
            await world.Tables.CreateTable(table, cancellation);
        world.Client = await world.StartServer(cancellation, settings);
        return world;
    }

    /// <summary>One more instance on the same storage.</summary>
    public async Task<HttpClient> StartServer(CancellationToken cancellation, params string[] settings)
    {
        string[] args = ["--urls=http://127.0.0.1:0", "--Logging:LogLevel:Registry=None", "--Registry:Auth:Enabled=true", .. settings];
        var parts = new RegistryParts { Time = Clock, Ids = Ids, Storage = (Driver, Tables), OidcDocuments = documents };
        var server = await RegistryApplication.Create(args, parts);
        servers.Add(server);
        await server.Start(cancellation);
        return new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false }) { Timeout = Patience.Limit, BaseAddress = new Uri(server.Urls.Single()) };
    }

    public async Task<string> AddRobot(string name, params (string Pattern, string Actions)[] rules)
    {
        var added = await Accounts.AddRobot(AccountName.Parse(name), null, TestContext.Current.CancellationToken);
        await Allow(name, rules);
        return added.Secret!;
    }

    public async Task AddPerson(string name, params (string Pattern, string Actions)[] rules)
    {
        Assert.Equal(AccessChange.Done, await Accounts.AddPerson(AccountName.Parse(name), Password, TestContext.Current.CancellationToken));
        await Allow(name, rules);
    }

    public async Task Allow(string name, params (string Pattern, string Actions)[] rules)
    {
        foreach (var (pattern, text) in rules)
        {
            Assert.True(AccessActionsText.TryParse(text, out var actions, out _));
            var rule = new AccessRule(AccountName.Parse(name), RepositoryGlob.Parse(pattern), actions);
            Assert.Equal(AccessChange.Done, await Rules.Add(rule, TestContext.Current.CancellationToken));
        }
    }

    /// <summary>Lets the servers learn of what was changed.</summary>
    public void PassAMinute() => Clock.Advance(TimeSpan.FromSeconds(60));

    public static AuthenticationHeaderValue Basic(string name, string secret) =>
        new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{name}:{secret}")));

    /// <summary>Asks for a token; null when it is refused.</summary>
    public async Task<AuthenticationHeaderValue?> Token(AuthenticationHeaderValue? credentials, params string[] scopes)
    {
        using var answer = await Send(HttpMethod.Get, "/token?service=registry" + string.Concat(scopes.Select(s => "&scope=" + Uri.EscapeDataString(s))), credentials);
        if (!answer.IsSuccessStatusCode)
            return null;
        using var json = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        return new("Bearer", json.RootElement.GetProperty("token").GetString());
    }

    public async Task<HttpResponseMessage> Send(HttpMethod method, string path, AuthenticationHeaderValue? credentials, HttpContent? content = null, HttpClient? client = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        request.Headers.Authorization = credentials;
        return await (client ?? Client).SendAsync(request, TestContext.Current.CancellationToken);
    }

    public async Task<int> Status(HttpMethod method, string path, AuthenticationHeaderValue? credentials, HttpClient? client = null)
    {
        using var answer = await Send(method, path, credentials, client: client);
        return (int)answer.StatusCode;
    }

    public async Task Stop()
    {
        foreach (var server in servers)
            await server.DisposeAsync();
        servers.Clear();
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Stop();
    }
}
