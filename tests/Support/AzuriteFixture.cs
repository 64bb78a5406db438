using Registry.Tests.Support;

[assembly: AssemblyFixture(typeof(AzuriteFixture))]

namespace Registry.Tests.Support;

/// <summary>The Azurites that all tests share, each started when the first test asks for it.</summary>
public sealed class AzuriteFixture : IAsyncDisposable
{
    private static readonly string? overriding = Environment.GetEnvironmentVariable("AZURITE_CONNECTION_STRING");

    private readonly Lazy<Task<AzuriteServer>> plain = new(() => AzuriteServer.Start(null, CancellationToken.None));
    private readonly Lazy<Task<AzuriteServer>> secure = new(() => AzuriteServer.Start(TestIdentity.NewCertificate(), CancellationToken.None));

    /// <summary>An account of the shared Azurite that no other test uses; or the one of <c>AZURITE_CONNECTION_STRING</c>.</summary>
    public async Task<AzuriteAccount> NewAccount() =>
        overriding is null ? (await plain.Value).NewAccount() : new AzuriteAccount(overriding);

    /// <summary>The shared Azurite that speaks https and takes identities.</summary>
    public Task<AzuriteServer> Secure() => secure.Value;

    public async ValueTask DisposeAsync()
    {
        foreach (Lazy<Task<AzuriteServer>> server in (Lazy<Task<AzuriteServer>>[])[plain, secure])
        {
            if (server is { IsValueCreated: true, Value.IsCompletedSuccessfully: true })
                await (await server.Value).DisposeAsync();
        }
    }
}
