using Registry.Storage;
using Registry.Tests.Support;

namespace Registry.Tests.Storage.Azure;

/// <summary>The blob contract on Azurite, with the account's key.</summary>
public sealed class AzureBlobDriverTests(AzuriteFixture azurite) : StorageDriverContract
{
    protected override bool DeleteDropsStagedBlocks => false;

    /// <summary>Azurite finds one; Azure does not.</summary>
    protected override bool DeleteOfStagedBlocksFindsNothing => false;

    protected override bool SignsUrls => true;

    protected override async ValueTask<IStorageDriver> CreateDriver() => (await (await azurite.NewAccount()).OpenReady(Cancel)).Blobs;
}
