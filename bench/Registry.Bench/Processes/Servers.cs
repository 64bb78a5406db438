namespace Registry.Bench.Processes;

/// <summary>The registry as it is published.</summary>
internal sealed class RegistryServer : ServerProcess
{
    private RegistryServer(int port, string folder, string package, params (string Name, string Value)[] settings)
        : base(port, folder, Path.Join(package, "registry"), ["--urls", $"http://127.0.0.1:{port}"], settings)
    {
    }

    public static Task<RegistryServer> OnDisk(string package)
    {
        var folder = NewFolder();
        return Start(new RegistryServer(FreePort(), folder, package, ("Registry__Storage__RootDirectory", Path.Join(folder, "data"))));
    }

    public static Task<RegistryServer> InMemory(string package) =>
        Start(new RegistryServer(FreePort(), NewFolder(), package, ("Registry__Storage__Driver", "memory")));

    public static Task<RegistryServer> OnAzurite(string package, AzuriteServer azurite, bool redirect) =>
        Start(new RegistryServer(
            FreePort(), NewFolder(), package, ("Registry__Storage__ConnectionString", azurite.ConnectionString), ("Registry__Redirect__Enabled", redirect ? "true" : "false")));

    private static async Task<RegistryServer> Start(RegistryServer server)
    {
        await server.AwaitAnswer(server.Port, "/v2/");
        return server;
    }
}

/// <summary>The smallest ASP.NET program, published as the registry is.</summary>
internal sealed class HelloServer : ServerProcess
{
    private HelloServer(int port, string package)
        : base(port, NewFolder(), Path.Join(package, "hello"), ["--urls", $"http://127.0.0.1:{port}"], ("Logging__LogLevel__Default", "Warning"))
    {
    }

    public static async Task<HelloServer> Start(string package)
    {
        var server = new HelloServer(FreePort(), package);
        await server.AwaitAnswer(server.Port, "/v2/");
        return server;
    }
}

/// <summary>Debian's docker-registry: distribution 2.8 on its filesystem driver, with its cache of descriptors and without an access log.</summary>
internal sealed class PeerServer : ServerProcess
{
    public const string Program = "docker-registry";

    private PeerServer(int port, string folder, string configuration)
        : base(port, folder, Program, ["serve", configuration])
    {
    }

    public static async Task<PeerServer> Start()
    {
        var (port, folder) = (FreePort(), NewFolder());
        var configuration = Path.Join(folder, "config.yml");
        await File.WriteAllTextAsync(
            configuration,
            $"""
            version: 0.1
            log:
              level: error
              accesslog:
                disabled: true
            storage:
              cache:
                blobdescriptor: inmemory
              filesystem:
                rootdirectory: {folder}/data
              maintenance:
                uploadpurging:
                  enabled: false
            http:
              addr: 127.0.0.1:{port}
            """);
        var server = new PeerServer(port, folder, configuration);
        await server.AwaitAnswer(port, "/v2/");
        return server;
    }
}

/// <summary>Azurite, as the tests' package-lock.json pins it, without its access log.</summary>
internal sealed class AzuriteServer : ServerProcess
{
    public const string Account = "bench";
    public const string Key = "dGhlIGJlbmNoJ3MgYWNjb3VudCBrZXk=";

    private AzuriteServer(int blobPort, int tablePort, string folder, string modules)
        : base(
            blobPort,
            folder,
            "node",
            [
                Path.Join(modules, "..", "Support", "azurite-host.cjs"), Path.Join(modules, "azurite", "dist", "src", "azurite.js"),
                "--location", folder, "--disableTelemetry", "--skipApiVersionCheck", "--silent", "--blobPort", $"{blobPort}", "--tablePort", $"{tablePort}",
                "--queuePort", "0", "--blobKeepAliveTimeout", "3600", "--tableKeepAliveTimeout", "3600",
            ],
            ("AZURITE_ACCOUNTS", $"{Account}:{Key}")) => TablePort = tablePort;

    public int BlobPort => Port;

    public int TablePort { get; }

    public string ConnectionString =>
        $"AccountName={Account};AccountKey={Key};BlobEndpoint=http://127.0.0.1:{BlobPort}/{Account};TableEndpoint=http://127.0.0.1:{TablePort}/{Account}";

    /// <param name="modules">tests/node_modules</param>
    public static async Task<AzuriteServer> Start(string modules)
    {
        var server = new AzuriteServer(FreePort(), FreePort(), NewFolder(), modules);
        await server.AwaitAnswer(server.BlobPort, $"/{Account}", any: true);
        await server.AwaitAnswer(server.TablePort, $"/{Account}", any: true);
        return server;
    }
}
