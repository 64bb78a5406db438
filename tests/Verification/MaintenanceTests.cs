using Microsoft.Extensions.Logging.Abstractions;
using Registry.Collection;
using Registry.Functions.CollectGarbage;
using Registry.Layers;
using Registry.Storage;
using Registry.Tests.Support;
using Registry.Verification;

namespace Registry.Tests.Verification;

/// <summary>The timer's two works do not stop each other.</summary>
public sealed class MaintenanceTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_collector_that_fails_is_told_and_keeps_nothing_from_being_verified()
    {
        await using var storage = await VerificationStorage.Open("memory");
        var lab = new VerificationLab(storage);
        await lab.Push(SmallImages.Image("app", "base"), "latest");
        var (collection, ids) = (new CollectionOptions(), new SeededIds(TestSeed.Current));
        var collector = new GarbageCollector(storage.Driver, new NoManifests(storage.Tables), new UploadOptions(), collection, storage.Clock, ids);
        var maintenance = new Maintenance(collector, lab.NewVerifier(), collection, storage.Clock, NullLogger<Maintenance>.Instance);

        var failure = await Assert.ThrowsAsync<StorageFailedException>(() => maintenance.RunSlice(Cancel));

        Assert.Equal("list", failure.Operation);
        var state = Assert.Single(await lab.NewVerifier().States(Cancel));
        Assert.Equal((VerificationPhase.Finished, 1), (state.Phase, state.Totals.Manifests));
    }

    private sealed class NoManifests(ITableStore inner) : TableDecorator(inner)
    {
        public override Task<TablePage> Query(string table, TableQuery query, CancellationToken cancellation) =>
            table == Tables.Manifests ? throw new StorageFailedException("list", table, 500, "InternalError") : base.Query(table, query, cancellation);
    }
}
