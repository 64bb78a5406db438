using Registry.Collection;
using Registry.Digests;
using Registry.Repositories;
using Registry.Storage;

namespace Registry.Layers;

/// <summary>Joins repositories to content, in the partition of the digest, so that one batch can hold both ends together.</summary>
/// <remarks>
/// The content row names the blob of a digest. Whoever links re-writes that row in the same batch, so its ETag changes; the collector removes
/// the row only if-match after it saw no link beside it. Of the two, one fails: no clock and no lock takes part.
/// A tarsum is an alias: it is resolved first, and what is told is the link that it stands for.
/// </remarks>
public sealed class LayerLinks(ITableStore tables, CollectionOptions options)
{
    /// <summary>The property of a link that is another name of content: the digest that the content belongs to.</summary>
    internal const string CanonicalProperty = "canonical";

    /// <summary>The property of a content row whose blob is about to be deleted, or is not what it should be: nobody may join it any more (docs/garbage-collection.md, docs/verification.md).</summary>
    internal const string FreedProperty = "freed";

    // Each lost round means that somebody else joined the same digest; more than this is a fault, not a race.
    private const int MaxRounds = 100;

    private readonly LayerAliases aliases = new(tables, options);

    /// <summary>One point read, or two by a tarsum.</summary>
    public async Task<LayerLink?> Find(RepositoryName repository, Digest digest, CancellationToken cancellation)
    {
        if (!digest.Algorithm.IsHash)
            return await aliases.Find(repository, digest, cancellation) is { } alias ? await Find(repository, alias.Canonical, cancellation) : null;
        var row = await tables.Find(Tables.Content, digest.ToString(), Tables.Key(repository), cancellation);
        return row is null ? null : Read(repository, digest, row);
    }

    /// <summary>Finds a link that a push relies on, and renews it when it is old: the collector spares links younger than its grace period.</summary>
    public async Task<LayerLink?> FindRenewed(RepositoryName repository, Digest digest, CancellationToken cancellation)
    {
        if (!digest.Algorithm.IsHash)
            return await ResolveRenewed(repository, digest, cancellation);
        for (var round = 0; round < MaxRounds; round++)
        {
            var link = await Find(repository, digest, cancellation);
            if (link is null || link.Age <= options.RenewAfter)
                return link;
            var result = await tables.Write(Tables.Content, TableOperation.Replace(Write(link), link.ETag), cancellation);
            if (result.IsDone)
                return link with { ETag = result.ETag, Age = TimeSpan.Zero };

            // Renewed by another, or collected: the next read tells which.
        }

        throw Contended("renew link", digest);
    }

    /// <summary>Links content that was just written, or found. Where the digest had content already the link is to that, and the own blob is superfluous.</summary>
    /// <returns>Null when just that blob is being freed: the collector is about to delete it, or verification found other bytes in it (docs/verification.md).</returns>
    public async Task<LayerLink?> Link(RepositoryName repository, Digest digest, string ownPath, long size, CancellationToken cancellation)
    {
        for (var round = 0; round < MaxRounds; round++)
        {
            var insert = await tables.WriteBatch(
                Tables.Content,
                [
                    TableOperation.Insert(ContentRow(digest, ownPath, size, created: null)),
                    TableOperation.Upsert(LinkRow(repository, digest, ownPath, size, created: null)),
                ],
                cancellation);
            if (insert.IsDone)
                return new LayerLink(repository, digest, ownPath, size, default) { ETag = insert.ETags[1]!, Age = TimeSpan.Zero };

            // The digest has content: another's, or this upload's own when the answer to the insert was lost.
            if (await FindContent(digest, cancellation) is not { } found)
                continue;
            if (IsFreed(found) && found.GetString("blob") == ownPath)
                return null;
            var joined = IsFreed(found)
                ? await TryJoin(repository, digest, found, (ownPath, size, null), cancellation)
                : await TryJoin(repository, digest, found, cancellation);
            if (joined is not null)
                return joined;
        }

        throw Contended("link", digest);
    }

    /// <summary>Lets the repository name content by its tarsum too. The link that it holds is renewed with it.</summary>
    /// <returns>What the name stands for. That is other content of the same tarsum when the repository named that so before and still holds it: manifests rely on it.</returns>
    public async Task<LayerLink> Name(Digest tarsum, LayerLink link, CancellationToken cancellation)
    {
        for (var round = 0; round < MaxRounds; round++)
        {
            var before = await aliases.Find(link.Repository, tarsum, cancellation);
            var named = before is null || before.Canonical == link.Digest ? link : await FindRenewed(link.Repository, before.Canonical, cancellation) ?? link;
            if (await aliases.TrySet(link.Repository, tarsum, named.Digest, before, cancellation))
                return named;
        }

        throw Contended("name", tarsum);
    }

    /// <summary>Links content that is there, from one repository or, with null, from any that <paramref name="mayRead"/> allows. Null when there is none.</summary>
    /// <remarks>
    /// By a tarsum only from a repository that is named. A tarsum does not tell two archives apart that somebody has made to have the same, so what any
    /// repository calls by it is not for others to take (docker's specification: "should not be considered secure").
    /// </remarks>
    public async Task<LayerLink?> Mount(
        RepositoryName repository, Digest digest, RepositoryName? from, Func<RepositoryName, bool> mayRead, CancellationToken cancellation)
    {
        if (!digest.Algorithm.IsHash)
            return from is { } holder ? await MountNamed(repository, digest, holder, cancellation) : null;
        for (var round = 0; round < MaxRounds; round++)
        {
            var page = await tables.Query(Tables.Content, new TableQuery { Partition = digest.ToString() }, cancellation);
            var content = page.Entities.FirstOrDefault(e => e.Row == Tables.ContentRow);
            if (content is null || IsFreed(content) || !await IsHeld(page, digest, from, mayRead, cancellation))
                return null;
            if (await TryJoin(repository, digest, content, cancellation) is { } link)
                return link;
        }

        throw Contended("mount", digest);
    }

    /// <summary>Removes a link, or by a tarsum only that name; the content goes when the collector finds that nobody holds it. False when there was none.</summary>
    public async Task<bool> Delete(RepositoryName repository, Digest digest, CancellationToken cancellation)
    {
        var operation = TableOperation.Delete(digest.ToString(), Tables.Key(repository), etag: null);
        return (await tables.Write(Tables.Content, operation, cancellation)).IsDone;
    }

    /// <summary>Takes a link back, with the content row, so far as they still name this blob: for a finish that came too late and found its blob purged.</summary>
    /// <remarks>Both in one batch, so that nobody joins the content in between; if-match, so that what another push has linked since stays.</remarks>
    public async Task Undo(LayerLink link, CancellationToken cancellation)
    {
        for (var round = 0; round < MaxRounds; round++)
        {
            TableEntity?[] rows =
            [
                await FindContent(link.Digest, cancellation),
                await tables.Find(Tables.Content, link.Digest.ToString(), Tables.Key(link.Repository), cancellation),
            ];
            var deletes = rows.OfType<TableEntity>().Where(r => r.GetString("blob") == link.Path).Select(r => TableOperation.Delete(r.Partition, r.Row, r.ETag)).ToList();
            if (deletes.Count == 0 || (await tables.WriteBatch(Tables.Content, deletes, cancellation)).IsDone)
                return;
        }

        throw Contended("undo link", link.Digest);
    }

    private async Task<LayerLink?> ResolveRenewed(RepositoryName repository, Digest tarsum, CancellationToken cancellation)
    {
        for (var round = 0; round < MaxRounds; round++)
        {
            if (await aliases.Find(repository, tarsum, cancellation) is not { } alias)
                return null;
            var link = await FindRenewed(repository, alias.Canonical, cancellation);
            if (link is null || await aliases.TryRenew(repository, tarsum, alias, cancellation))
                return link;
        }

        throw Contended("renew name", tarsum);
    }

    private async Task<LayerLink?> MountNamed(RepositoryName repository, Digest tarsum, RepositoryName from, CancellationToken cancellation)
    {
        if (await Find(from, tarsum, cancellation) is not { } held
            || await Mount(repository, held.Digest, from, _ => true, cancellation) is not { } link)
            return null;
        return await Name(tarsum, link, cancellation);
    }

    private Task<TableEntity?> FindContent(Digest digest, CancellationToken cancellation) =>
        tables.Find(Tables.Content, digest.ToString(), Tables.ContentRow, cancellation);

    /// <summary>Whether nobody may join the content any more.</summary>
    internal static bool IsFreed(TableEntity content) => content.FindBoolean(FreedProperty) == true;

    private Task<LayerLink?> TryJoin(RepositoryName repository, Digest digest, TableEntity found, CancellationToken cancellation) =>
        TryJoin(repository, digest, found, (found.GetString("blob"), found.GetInt64("size"), found.FindTime("created") ?? found.Timestamp), cancellation);

    private async Task<LayerLink?> TryJoin(
        RepositoryName repository, Digest digest, TableEntity found, (string Blob, long Size, DateTimeOffset? Created) content, CancellationToken cancellation)
    {
        var (blob, size, created) = content;
        var result = await tables.WriteBatch(
            Tables.Content,
            [
                TableOperation.Replace(ContentRow(digest, blob, size, created), found.ETag),
                TableOperation.Upsert(LinkRow(repository, digest, blob, size, created)),
            ],
            cancellation);
        return result.IsDone ? new LayerLink(repository, digest, blob, size, created ?? default) { ETag = result.ETags[1]!, Age = TimeSpan.Zero } : null;
    }

    private async Task<bool> IsHeld(TablePage page, Digest digest, RepositoryName? from, Func<RepositoryName, bool> mayRead, CancellationToken cancellation)
    {
        if (from is { } source)
            return page.Entities.Any(e => e.Row == Tables.Key(source))
                || (page.Next is not null && await Find(source, digest, cancellation) is not null);

        while (true)
        {
            if (page.Entities.Any(e => e.Row != Tables.ContentRow && mayRead(Tables.Repository(e.Row))))
                return true;
            if (page.Next is null)
                return false;
            page = await tables.Query(Tables.Content, new TableQuery { Partition = digest.ToString(), Continue = page.Next }, cancellation);
        }
    }

    private static LayerLink Read(RepositoryName repository, Digest digest, TableEntity row) =>
        new(repository, digest, row.GetString("blob"), row.GetInt64("size"), row.FindTime("created") ?? row.Timestamp) { ETag = row.ETag, Age = row.Age };

    private static TableEntity Write(LayerLink link) => LinkRow(link.Repository, link.Digest, link.Path, link.Size, link.CreatedAt);

    private static TableEntity ContentRow(Digest digest, string blob, long size, DateTimeOffset? created) =>
        new TableEntity(digest.ToString(), Tables.ContentRow).Set("version", 1).Set("blob", blob).Set("size", size).Set("created", created);

    private static TableEntity LinkRow(RepositoryName repository, Digest digest, string blob, long size, DateTimeOffset? created) =>
        new TableEntity(digest.ToString(), Tables.Key(repository)).Set("version", 1).Set("blob", blob).Set("size", size).Set("created", created);

    private static StorageFailedException Contended(string operation, Digest digest) =>
        new(operation, digest.ToString(), 0, "contended");
}
