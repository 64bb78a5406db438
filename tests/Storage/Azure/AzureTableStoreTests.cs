using Registry.Storage;
using Registry.Tests.Support;

namespace Registry.Tests.Storage.Azure;

/// <summary>The table contract on Azurite.</summary>
public sealed class AzureTableStoreTests(AzuriteFixture azurite) : TableStoreContract
{
    protected override async ValueTask<ITableStore> CreateStore() => (await azurite.NewAccount()).Open().Tables;
}
