using System.Collections.Concurrent;
using Registry.Digests;
using Registry.Layers;
using Registry.Manifests;
using Registry.Storage;

namespace Registry.Verification;

/// <summary>What a repository was seen to hold: its images share most of their layers, and each needs to be asked for once.</summary>
/// <param name="context">The pass.</param>
/// <param name="links">Where layers are asked for.</param>
/// <param name="repository">The repository's key.</param>
internal sealed class RepositoryContent(VerificationContext context, LayerLinks links, string repository)
{
    // Some 30 MB of the longest. Beyond it, what is not known is asked for.
    private const int MaxKnown = 100_000;

    private readonly ConcurrentDictionary<Digest, bool> held = new();
    private readonly ConcurrentDictionary<string, string> manifests = new(StringComparer.Ordinal);

    public string Repository => repository;

    /// <summary>Remembers a manifest's row, and where its bytes lie.</summary>
    public void Knows(string row, string path)
    {
        if (manifests.Count < MaxKnown)
            manifests[row] = path;
    }

    public string? PathOf(string row) => manifests.GetValueOrDefault(row);

    public async Task<bool> Holds(ManifestReference reference, CancellationToken cancellation)
    {
        if (held.ContainsKey(reference.Digest))
            return true;
        if (!await Find(reference, cancellation))
            return false;
        if (held.Count < MaxKnown)
            held[reference.Digest] = true;
        return true;
    }

    // buildkit's cache index lists layers under "manifests": a child is a manifest, or else a blob.
    private async Task<bool> Find(ManifestReference reference, CancellationToken cancellation)
    {
        var row = Tables.ManifestRow(reference.Digest);
        if (reference.Kind == ReferenceKind.Child)
        {
            if (PathOf(row) is not null)
                return true;
            context.Budget.Spend(VerificationBudget.RowCall);
            if (await context.Tables.Find(Tables.Manifests, repository, row, cancellation) is not null)
                return true;
        }

        context.Budget.Spend(VerificationBudget.RowCall);
        return Tables.TryRepository(repository, out var name) && await links.Find(name, reference.Digest, cancellation) is not null;
    }
}
