using Registry.Storage;
using Registry.Storage.Azure;
using Registry.Tests.Support;

namespace Registry.Tests.Storage.Azure;

/// <summary>The blob contract on Azurite, by an identity.</summary>
public sealed class AzureIdentityBlobDriverTests(AzuriteFixture azurite) : StorageDriverContract
{
    protected override bool DeleteDropsStagedBlocks => false;

    /// <summary>Azurite finds one; Azure does not.</summary>
    protected override bool DeleteOfStagedBlocksFindsNothing => false;

    protected override bool SignsUrls => true;

    protected override async ValueTask<IStorageDriver> CreateDriver()
    {
        AzuriteServer server = await azurite.Secure();
        AzureStorage storage = new TestIdentity().Open(server, server.NewAccount().Name!);
        await storage.Initialize(Cancel);
        return storage.Blobs;
    }
}
