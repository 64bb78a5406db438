using Registry.Storage.Azure;

namespace Registry.Tests.Support;

/// <summary>A storage account for a test.</summary>
public sealed class AzuriteAccount
{
    /// <summary>Random, since an account that outlives the run may have the names of the run before.</summary>
    private static readonly string run = IdSource.Random.NewHex(4);
    private static int names;

    private readonly AzuriteServer? server;

    /// <summary>An account of an Azurite of ours.</summary>
    public AzuriteAccount(AzuriteServer server, string name)
    {
        this.server = server;
        ConnectionString = $"AccountName={name};AccountKey={AzuriteServer.AccountKey};BlobEndpoint={server.BlobService(name)};TableEndpoint={server.TableService(name)}";
        Name = name;
    }

    /// <summary>The account that <c>AZURITE_CONNECTION_STRING</c> names.</summary>
    public AzuriteAccount(string connectionString) => ConnectionString = connectionString;

    public string? Name { get; }

    public string ConnectionString { get; }

    /// <summary>A container and a prefix of tables that nothing else uses.</summary>
    public static AzureStorageOptions NewPlace()
    {
        int number = Interlocked.Increment(ref names);
        return new($"test-{run}-{number}", $"t{run}x{number}x");
    }

    /// <summary>The account with its key, in a place of its own.</summary>
    public AzureStorage Open() => AzureStorage.FromConnectionString(ConnectionString, NewPlace());

    /// <summary>The account with its key, in a place of its own that is ready for use.</summary>
    public async Task<AzureStorage> OpenReady(CancellationToken cancellation)
    {
        AzureStorage storage = Open();
        await storage.Initialize(cancellation);
        return storage;
    }

    /// <summary>The storage transactions that an action makes in this account, in order of their answers.</summary>
    public async Task<AzuriteRequest[]> RequestsDuring(Func<Task> action, CancellationToken cancellation)
    {
        int before = (await Requests(cancellation)).Length;
        await action();
        return (await Requests(cancellation))[before..];
    }

    private Task<AzuriteRequest[]> Requests(CancellationToken cancellation)
    {
        Assert.SkipWhen(server is null, "AZURITE_CONNECTION_STRING is set, and the access log of that storage cannot be read");
        return server!.Requests(Name!, cancellation);
    }
}
