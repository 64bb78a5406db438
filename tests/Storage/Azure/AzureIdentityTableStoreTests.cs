using Registry.Storage;
using Registry.Tests.Support;

namespace Registry.Tests.Storage.Azure;

/// <summary>The table contract on Azurite, by an identity.</summary>
public sealed class AzureIdentityTableStoreTests(AzuriteFixture azurite) : TableStoreContract
{
    protected override async ValueTask<ITableStore> CreateStore()
    {
        AzuriteServer server = await azurite.Secure();
        return new TestIdentity().Open(server, server.NewAccount().Name!).Tables;
    }
}
