using Registry.Digests;
using Registry.Layers;
using Registry.Storage;

namespace Registry.Verification;

/// <summary>Finds links that do not lead to content that is in use, and puts them right: docs/verification.md.</summary>
/// <remarks>
/// A repository that has a link has pushed or mounted the content once. So where there is sound content of that digest the link is made to lead there, by a join as a push makes it;
/// only what leads nowhere is removed, because HEAD would go on to say that there is nothing to upload.
/// </remarks>
internal sealed class LinkRepair(ITableStore tables, BlobCheck blobs)
{
    // Each lost round means that somebody else wrote one of the rows; more than this is a fault, not a race.
    private const int MaxRounds = 100;

    /// <summary>Whether a link leads to live content: that of the row, which must not be about to go.</summary>
    public static bool IsHeldBy(TableEntity content, TableEntity link) =>
        !LayerLinks.IsFreed(content) && link.FindString("blob") is { } path && content.FindString("blob") == path;

    /// <summary>Reads a link, and then its content row. Null when the link leads to live content, or is gone.</summary>
    /// <remarks>In that order: a link that is still as it was read when it is written was so when the content row was read.</remarks>
    public async Task<(TableEntity Link, TableEntity? Content)?> FindDangling(string digest, string repository, CancellationToken cancellation)
    {
        if (await tables.Find(Tables.Content, digest, repository, cancellation) is not { } link)
            return null;
        var content = await tables.Find(Tables.Content, digest, Tables.ContentRow, cancellation);
        return content is not null && IsHeldBy(content, link) ? null : (link, content);
    }

    /// <summary>Makes a link lead to live content, or removes it. False when it does already, has gone by itself, or cannot be judged.</summary>
    public async Task<bool> Mend(string digest, string repository, CancellationToken cancellation)
    {
        for (var round = 0; round < MaxRounds; round++)
        {
            if (await FindDangling(digest, repository, cancellation) is not var (link, content))
                return false;
            if (await Operations(link, content, cancellation) is not { } operations)
                return false;
            var result = operations.Count == 1 ? await tables.Write(Tables.Content, operations[0], cancellation) : await tables.WriteBatch(Tables.Content, operations, cancellation);
            if (result.IsDone)
                return true;
        }

        throw new StorageFailedException("mend link", $"{digest} {repository}", 0, "contended");
    }

    /// <summary>What is to be written, all of it on the condition that both rows are as they were read. Null to leave it.</summary>
    private async Task<IReadOnlyList<TableOperation>?> Operations(TableEntity link, TableEntity? content, CancellationToken cancellation)
    {
        if (content is not null && LayerLinks.IsFreed(content))
            return [Delete(link)];
        if (content is not null)
            return content.FindString("blob") is null || content.FindInt64("size") is null ? null : [TableOperation.Replace(content.Copy(), content.ETag), TableOperation.Replace(Leading(link, content), link.ETag)];
        if (!Digest.TryParse(link.Partition, out var digest) || !digest.Algorithm.IsHash || link.FindString("blob") is not { } path || link.FindInt64("size") is not (>= 0 and var size))
            return null;

        // Tables that were copied while they were written can lack the content row of a blob that is there: then the row is what is missing, and not the layer.
        return await blobs.Whole(new BlobClaim(path, digest, size), _ => { }, cancellation) switch
        {
            null => [TableOperation.Insert(ContentOf(link)), TableOperation.Replace(link.Copy(), link.ETag)],
            { Kind: FindingKind.Unreadable } => null,
            _ => [Delete(link)],
        };
    }

    private static TableOperation Delete(TableEntity link) => TableOperation.Delete(link.Partition, link.Row, link.ETag);

    private static TableEntity Leading(TableEntity link, TableEntity content) => link.Copy()
        .Set("blob", content.GetString("blob"))
        .Set("size", content.GetInt64("size"))
        .Set("created", content.FindTime("created") ?? content.Timestamp);

    private static TableEntity ContentOf(TableEntity link) => new TableEntity(link.Partition, Tables.ContentRow)
        .Set("version", 1)
        .Set("blob", link.GetString("blob"))
        .Set("size", link.GetInt64("size"))
        .Set("created", link.FindTime("created") ?? link.Timestamp);
}
