using System.Runtime.CompilerServices;
using Registry.Collection;
using Registry.Layers;
using Registry.Manifests;
using Registry.Repositories;
using Registry.Storage;

namespace Registry.Import;

/// <summary>Takes over what docker's distribution keeps in the same storage, without copying a byte of it: rows that point at its paths (docs/import.md).</summary>
/// <remarks>
/// It can run beside pushes, pulls and the collector, and again: what is here stays as it is, what is new is taken. After a crash it is run again, and until then nothing of it is freed. The digests of
/// manifests are verified, for they are read; those of layers are not: distribution did that when they were pushed.
/// </remarks>
public sealed class DistributionImport(IStorageDriver driver, ITableStore tables, ManifestOptions manifests, CollectionOptions collection, TimeProvider time)
{
    private const int Parallelism = 4;
    private const int BlobsPerReport = 1000;

    /// <summary>Takes over everything, or tells what would be.</summary>
    /// <param name="prefix">What stands before <c>docker/registry/v2</c>; null for nothing or a slash.</param>
    /// <param name="isDryRun">Whether nothing is written.</param>
    /// <param name="observer">Sees what is done.</param>
    /// <param name="cancellation">Ends it; what was taken stays.</param>
    /// <returns>What was taken; null when there is no such layout.</returns>
    /// <exception cref="ArgumentException">The prefix cannot be that of a path.</exception>
    public async Task<ImportTotals?> Run(string? prefix, bool isDryRun, IImportObserver observer, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(observer);
        var roots = DistributionLayout.Roots(prefix);
        var open = new OpenImport(tables, prefix);
        if (!isDryRun)
            await open.Begin(cancellation);
        var (totals, isFound) = (new ImportTotals(), false);
        foreach (var root in roots)
        {
            var layout = new DistributionLayout(driver, root);
            var blobs = await ListBlobs(layout, observer, cancellation);
            var links = new LayerLinks(tables, collection);
            var context = new ImportContext(observer, totals)
            {
                Driver = driver,
                Rows = new ImportRows(tables),
                Links = links,
                Verifier = new ReferenceVerifier(tables, links, manifests, collection),
                Catalog = new RepositoryCatalog(tables),
                Manifests = manifests,
                Collection = collection,
                Time = time,
                Layout = layout,
                Blobs = blobs,
                IsDryRun = isDryRun,
            };
            isFound |= await Run(context, observer, cancellation);
        }

        if (!isDryRun)
            await open.End(cancellation);
        return isFound ? totals : null;
    }

    private static async Task<FoundBlobs> ListBlobs(DistributionLayout layout, IImportObserver observer, CancellationToken cancellation)
    {
        var (blobs, count) = (new FoundBlobs(), 0L);
        await foreach (var (digest, size) in layout.ListBlobs(cancellation))
        {
            blobs.Add(digest, size);
            if (++count % BlobsPerReport == 0)
                await observer.Progress(ImportPhase.Blobs, count);
        }

        blobs.Seal();
        return blobs;
    }

    private static async Task<bool> Run(ImportContext context, IImportObserver observer, CancellationToken cancellation)
    {
        var count = 0L;
        await Parallel.ForEachAsync(
            Repositories(cancellation),
            new ParallelOptions { MaxDegreeOfParallelism = Parallelism, CancellationToken = cancellation },
            async (found, cancel) => await Run(context, found, cancel));
        return count > 0;

        async IAsyncEnumerable<FoundRepository> Repositories([EnumeratorCancellation] CancellationToken cancel)
        {
            await foreach (var found in context.Layout.ListRepositories(cancel))
            {
                await observer.Progress(ImportPhase.Repositories, ++count);
                yield return found;
            }
        }
    }

    private static async Task Run(ImportContext context, FoundRepository found, CancellationToken cancellation)
    {
        if (RepositoryName.TryParse(found.Name, out var repository))
            await new RepositoryImport(context, repository, found).Run(cancellation);
        else
            context.Problem(new ImportProblem(ImportProblemKind.Repository, found.Name, "", "the name is none that OCI allows"));
    }
}
