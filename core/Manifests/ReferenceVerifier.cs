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
        if (await FindMissing(repository, references, cancellation) is { Count: > 0 } missing)
            throw new RegistryException(missing);
    }

    /// <summary>The same, for who has more to report: one <c>MANIFEST_BLOB_UNKNOWN</c> for each digest that is missing.</summary>
    public async Task<IReadOnlyList<RegistryException.Problem>> FindMissing(
        RepositoryName repository, IReadOnlyList<ManifestReference> references, CancellationToken cancellation)
    {
        var missing = new ConcurrentDictionary<Digest, bool>();
        var open = new ConcurrentQueue<ManifestReference>(references.Where(r => r.Kind != ReferenceKind.Elsewhere));
        await Task.WhenAll(Enumerable.Range(0, Math.Min(Parallelism, open.Count)).Select(_ => Work()));

        if (missing.IsEmpty || options.AllowSparse)
            return [];
        return
        [
            .. references.Where(r => missing.ContainsKey(r.Digest)).Select(r =>
                new RegistryException.Problem(RegistryError.ManifestBlobUnknown, RegistryError.ManifestBlobUnknown.Message, new DigestDetail(r.Digest.ToString()))),
        ];

        // Not Parallel.ForEachAsync: its threads are not those of the interleaving tests.
        async Task Work()
        {
            try
            {
                while (open.TryDequeue(out var reference))
                {
                    cancellation.ThrowIfCancellationRequested();
                    if (!await IsHeld(repository, reference, cancellation))
                        missing.TryAdd(reference.Digest, true);
                }
            }
            catch
            {
                open.Clear();
                throw;
            }
        }
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
            if (row is null || row.Age <= collection.RenewAfter)
                return row is not null;
            if ((await tables.Write(Tables.Manifests, TableOperation.Replace(row.Copy().Set(UntaggedManifests.Since, (DateTimeOffset?)null), row.ETag), cancellation)).IsDone)
                return true;
        }
    }
}
