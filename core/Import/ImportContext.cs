using Registry.Collection;
using Registry.Layers;
using Registry.Manifests;
using Registry.Repositories;
using Registry.Storage;

namespace Registry.Import;

/// <summary>What the parts of one import share. Several repositories are taken over at once.</summary>
internal sealed class ImportContext(IImportObserver observer, ImportTotals totals)
{
    private readonly Lock gate = new();

    public required IStorageDriver Driver { get; init; }

    public required ImportRows Rows { get; init; }

    public required LayerLinks Links { get; init; }

    public required ReferenceVerifier Verifier { get; init; }

    public required RepositoryCatalog Catalog { get; init; }

    public required ManifestOptions Manifests { get; init; }

    public required CollectionOptions Collection { get; init; }

    public required TimeProvider Time { get; init; }

    public required DistributionLayout Layout { get; init; }

    public required FoundBlobs Blobs { get; init; }

    public required bool IsDryRun { get; init; }

    public void Count(Action<ImportTotals> count)
    {
        lock (gate)
            count(totals);
    }

    public void Problem(ImportProblem problem)
    {
        lock (gate)
        {
            totals.Problems++;
            observer.Problem(problem);
        }
    }
}
