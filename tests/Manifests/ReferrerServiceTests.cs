using Registry.Digests;
using Registry.Repositories;
using Registry.Storage;
using Registry.Storage.Memory;
using Registry.Tests.Support;

namespace Registry.Tests.Manifests;

public sealed class ReferrerServiceTests
{
    private static readonly RepositoryName app = RepositoryName.Parse("app");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Annotations that do not fit a row are read from the manifest, which can be damaged, or deleted since the row was read.</summary>
    [Theory]
    [InlineData("cut off")]
    [InlineData("gone")]
    public async Task A_referrer_that_cannot_be_read_is_listed_without_annotations_beside_the_others(string damage)
    {
        var clock = new TestClock();
        var (tables, driver) = (new MemoryTableStore(clock), new MemoryStorageDriver(clock));
        foreach (var table in Tables.All)
            await tables.CreateTable(table, Cancellation);
        var core = new RegistryCore(driver, tables);
        var subject = Digest.Parse($"sha256:{new string('1', 64)}");
        var broken = (await core.Put("app", "broken", [], subject, annotation: 100_000)).Digest;
        await core.Put("app", "sound", [], subject, annotation: 100_000);
        var path = (await tables.Find(Tables.Manifests, Tables.Key(app), Tables.ManifestRow(broken), Cancellation))!.GetString("blob");
        if (damage == "gone")
            await driver.Delete(path, Cancellation);
        else
            await driver.Put(path, Content.Sequence([.. "{\"annotations\":"u8]), BlobMetadata.None, Cancellation);

        var page = await core.Referrers.List(app, subject, null, null, Cancellation);

        Assert.Equal(2, page.Referrers.Count);
        Assert.Equal([broken], page.Referrers.Where(r => r.Annotations is null).Select(r => r.Info.Digest));
    }
}
