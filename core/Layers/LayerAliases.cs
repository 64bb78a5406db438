using Registry.Collection;
using Registry.Digests;
using Registry.Repositories;
using Registry.Storage;

namespace Registry.Layers;

/// <summary>Names of content by its tarsum: a row beside the links, in the partition of the tarsum, that tells which digest the repository's content has.</summary>
/// <remarks>
/// An alias has no life of its own: it stands for the repository's link to that digest, and without it for nothing. It is written after the link. What it stands for changes
/// only when that link is gone, so a manifest that was stored with both names is never led to content that the collector does not know of
/// (docs/decisions/0006-tarsum-aliases.md).
/// </remarks>
internal sealed class LayerAliases(ITableStore tables, CollectionOptions options)
{
    /// <summary>One point read.</summary>
    public async Task<LayerAlias?> Find(RepositoryName repository, Digest tarsum, CancellationToken cancellation)
    {
        var row = await tables.Find(Tables.Content, tarsum.ToString(), Tables.Key(repository), cancellation);
        return row is null ? null : new LayerAlias(Digest.Parse(row.GetString(LayerLinks.CanonicalProperty)), row.ETag, row.Age);
    }

    /// <summary>Renews an alias that is old: the collector spares what is younger than its grace period. False when somebody wrote or removed it first.</summary>
    public async Task<bool> TryRenew(RepositoryName repository, Digest tarsum, LayerAlias alias, CancellationToken cancellation) =>
        alias.Age <= options.RenewAfter || await TrySet(repository, tarsum, alias.Canonical, alias, cancellation);

    /// <summary>Writes an alias in place of the one that was read, or where there was none. False when somebody else wrote first.</summary>
    public async Task<bool> TrySet(RepositoryName repository, Digest tarsum, Digest canonical, LayerAlias? before, CancellationToken cancellation)
    {
        var row = new TableEntity(tarsum.ToString(), Tables.Key(repository)).Set("version", 1).Set(LayerLinks.CanonicalProperty, canonical.ToString());
        var operation = before is null ? TableOperation.Insert(row) : TableOperation.Replace(row, before.ETag);
        return (await tables.Write(Tables.Content, operation, cancellation)).IsDone;
    }
}

/// <param name="Canonical">The digest that the content belongs to.</param>
/// <param name="ETag">The row's version.</param>
/// <param name="Age">How long ago it was written, in storage's time.</param>
internal sealed record LayerAlias(Digest Canonical, string ETag, TimeSpan Age);
