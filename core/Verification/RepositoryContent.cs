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

    private readonly ConcurrentDictionary<(Digest Digest, ReferenceKind As), bool> held = new();
    private readonly ConcurrentDictionary<string, string> manifests = new(StringComparer.Ordinal);

    public string Repository => repository;

    /// <summary>Remembers a manifest's row, and where its bytes lie.</summary>
    public void Knows(string row, string path)
    {
        if (manifests.Count < MaxKnown)
            manifests[row] = path;
    }

    public string? PathOf(string row) => manifests.GetValueOrDefault(row);

    /// <summary>Whether what a manifest refers to is there.</summary>
    /// <param name="reference">What.</param>
    /// <param name="mayBeDeleted">Whether a child will do that was deleted and can be restored.</param>
    /// <param name="cancellation">Ends the call.</param>
    public async Task<bool> Holds(ManifestReference reference, bool mayBeDeleted, CancellationToken cancellation)
    {
        if (held.ContainsKey((reference.Digest, reference.Kind)))
            return true;
        if (!await Find(reference, cancellation))
            return mayBeDeleted && reference.Kind == ReferenceKind.Child && await Has(Tables.DeletedRow(Tables.ManifestRow(reference.Digest)), cancellation);
        if (held.Count < MaxKnown)
            held[(reference.Digest, reference.Kind)] = true;
        return true;
    }

    // buildkit's cache index lists layers under "manifests": a child is a manifest, or else a blob.
    private async Task<bool> Find(ManifestReference reference, CancellationToken cancellation)
    {
        var row = Tables.ManifestRow(reference.Digest);
        if (reference.Kind == ReferenceKind.Child && (PathOf(row) is not null || await Has(row, cancellation)))
            return true;
        context.Budget.Spend(VerificationBudget.RowCall);
        return Tables.TryRepository(repository, out var name) && await links.Find(name, reference.Digest, cancellation) is not null;
    }

    private async Task<bool> Has(string row, CancellationToken cancellation)
    {
        context.Budget.Spend(VerificationBudget.RowCall);
        return await context.Tables.Find(Tables.Manifests, repository, row, cancellation) is not null;
    }
}
