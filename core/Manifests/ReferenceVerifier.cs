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
    /// <returns>The references, and for each layer that goes by its tarsum the digest that it has here: the collector goes by that one.</returns>
    /// <exception cref="RegistryException"><c>MANIFEST_BLOB_UNKNOWN</c>, one for each digest that is missing</exception>
    public async Task<IReadOnlyList<ManifestReference>> Verify(RepositoryName repository, IReadOnlyList<ManifestReference> references, CancellationToken cancellation)
    {
        var (all, missing) = await Find(repository, references, cancellation);
        return missing.Count == 0 ? all : throw new RegistryException(missing);
    }

    /// <summary>The same, for who has more to report: what is missing is told, a <c>MANIFEST_BLOB_UNKNOWN</c> for each digest.</summary>
    public async Task<(IReadOnlyList<ManifestReference> References, IReadOnlyList<RegistryException.Problem> Missing)> Find(
        RepositoryName repository, IReadOnlyList<ManifestReference> references, CancellationToken cancellation)
    {
        var missing = new ConcurrentDictionary<Digest, bool>();
        var named = new ConcurrentDictionary<Digest, Digest>();
        var open = new ConcurrentQueue<ManifestReference>(references.Where(r => r.Kind != ReferenceKind.Elsewhere));
        await Task.WhenAll(Enumerable.Range(0, Math.Min(Parallelism, open.Count)).Select(_ => Work()));

        var all = named.IsEmpty ? references : [.. references.Concat(Canonical(references, named)).DistinctBy(r => r.Digest)];
        if (missing.IsEmpty || options.AllowSparse)
            return (all, []);
        return (
            all,
            [
                .. references.Where(r => missing.ContainsKey(r.Digest)).Select(r =>
                    new RegistryException.Problem(RegistryError.ManifestBlobUnknown, RegistryError.ManifestBlobUnknown.Message, new DigestDetail(r.Digest.ToString()))),
            ]);

        // Not Parallel.ForEachAsync: its threads are not those of the interleaving tests.
        async Task Work()
        {
            try
            {
                while (open.TryDequeue(out var reference))
                {
                    cancellation.ThrowIfCancellationRequested();
                    if (await FindHeld(repository, reference, cancellation) is not { } held)
                        missing.TryAdd(reference.Digest, true);
                    else if (held != reference.Digest)
                        named.TryAdd(reference.Digest, held);
                }
            }
            catch
            {
                open.Clear();
                throw;
            }
        }
    }

    private static IEnumerable<ManifestReference> Canonical(IEnumerable<ManifestReference> references, ConcurrentDictionary<Digest, Digest> named) =>
        references.Where(r => named.ContainsKey(r.Digest)).Select(r => r with { Digest = named[r.Digest] });

    /// <summary>The digest by which the repository holds what is referred to; null when it does not.</summary>
    private async Task<Digest?> FindHeld(RepositoryName repository, ManifestReference reference, CancellationToken cancellation)
    {
        // buildkit's cache index lists layers under "manifests": a child is a manifest, or else a blob.
        if (reference.Kind == ReferenceKind.Child && await HasManifest(repository, reference.Digest, cancellation))
            return reference.Digest;
        return (await links.FindRenewed(repository, reference.Digest, cancellation))?.Digest;
    }

    private async Task<bool> HasManifest(RepositoryName repository, Digest digest, CancellationToken cancellation)
    {
        while (true)
        {
            var row = await tables.Find(Tables.Manifests, Tables.Key(repository), Tables.ManifestRow(digest), cancellation);
            if (row is null || ManifestRows.IsDamaged(row))
                return false;
            if (row.Age <= collection.RenewAfter && row.FindTime(ManifestLead.Since) is null)
                return true;
            if ((await tables.Write(Tables.Manifests, TableOperation.Replace(row.Copy().Unnoted(), row.ETag), cancellation)).IsDone)
                return true;
        }
    }
}
