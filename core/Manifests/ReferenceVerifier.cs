using System.Collections.Concurrent;
using Registry.Collection;
using Registry.Digests;
using Registry.Errors;
using Registry.Layers;
using Registry.Repositories;
using Registry.Storage;

namespace Registry.Manifests;

/// <summary>Makes sure that a repository holds what a manifest refers to, and that the collector knows that somebody relies on it.</summary>
public sealed class ReferenceVerifier(ITableStore tables, LayerLinks links, ManifestOptions options, CollectionOptions collection)
{
    private const int Parallelism = 8;

    /// <summary>Reads every link and child that the manifest needs, and renews those that are old.</summary>
    /// <exception cref="RegistryException"><c>MANIFEST_BLOB_UNKNOWN</c>, one for each digest that is missing</exception>
    public async Task Verify(RepositoryName repository, IReadOnlyList<ManifestReference> references, CancellationToken cancellation)
    {
        var missing = new ConcurrentDictionary<Digest, bool>();
        await Parallel.ForEachAsync(
            references.Where(r => r.Kind != ReferenceKind.Elsewhere),
            new ParallelOptions { MaxDegreeOfParallelism = Parallelism, CancellationToken = cancellation },
            async (reference, cancel) =>
            {
                if (!await IsHeld(repository, reference, cancel))
                    missing.TryAdd(reference.Digest, true);
            });

        if (missing.IsEmpty || options.AllowSparse)
            return;
        throw new RegistryException(
        [
            .. references.Where(r => missing.ContainsKey(r.Digest)).Select(r =>
                new RegistryException.Problem(RegistryError.ManifestBlobUnknown, RegistryError.ManifestBlobUnknown.Message, new DigestDetail(r.Digest.ToString()))),
        ]);
    }

    // buildkit's cache index lists layers under "manifests": a child is a manifest, or else a blob.
    private async Task<bool> IsHeld(RepositoryName repository, ManifestReference reference, CancellationToken cancellation) =>
        (reference.Kind == ReferenceKind.Child && await HasManifest(repository, reference.Digest, cancellation))
        || await links.FindRenewed(repository, reference.Digest, cancellation) is not null;

    private async Task<bool> HasManifest(RepositoryName repository, Digest digest, CancellationToken cancellation)
    {
        while (true)
        {
            var row = await tables.Find(Tables.Manifests, Tables.Key(repository), Tables.ManifestRow(digest), cancellation);
            if (row is null || (row.Age <= collection.RenewAfter && row.FindTime(UntaggedManifests.Since) is null))
                return row is not null;
            if ((await tables.Write(Tables.Manifests, TableOperation.Replace(row.Copy().Set(UntaggedManifests.Since, (DateTimeOffset?)null), row.ETag), cancellation)).IsDone)
                return true;
        }
    }
}
