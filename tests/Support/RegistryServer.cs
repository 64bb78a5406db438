using Registry.Functions.Hosting;

namespace Registry.Tests.Support;

/// <summary>The registry in this process, listening on a free loopback port, as <c>dotnet run --project functions</c> starts it.</summary>
public sealed class RegistryServer : IAsyncDisposable
{
    private readonly RegistryApplication application;

    private RegistryServer(RegistryApplication application)
    {
        this.application = application;
        BaseAddress = new Uri(application.Urls.Single());
        Client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false }) { Timeout = Patience.Limit, BaseAddress = BaseAddress };
    }

    public Uri BaseAddress { get; }

    /// <summary>Talks to the registry; follows no redirect.</summary>
    public HttpClient Client { get; }

    /// <param name="settings">Settings by name, such as <c>Storage:Driver</c>.</param>
    /// <param name="cancellation">Ends the start.</param>
    /// <param name="parts">What is not as usual; null for nothing.</param>
    /// <param name="arguments">More arguments, such as how much it logs.</param>
    public static async Task<RegistryServer> Start(IEnumerable<KeyValuePair<string, string>> settings, CancellationToken cancellation, RegistryParts? parts = null, params string[] arguments)
    {
        string[] args = ["--urls=http://127.0.0.1:0", "--Logging:LogLevel:Registry=Error", .. arguments, .. settings.Select(s => $"--Registry:{s.Key}={s.Value}")];
        var application = await RegistryApplication.Create(args, parts ?? new RegistryParts());
        await application.Start(cancellation);
        return new RegistryServer(application);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await application.DisposeAsync();
    }
}
