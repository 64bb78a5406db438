using System.Runtime.CompilerServices;
using Registry.Collection;
using Registry.Digests;
using Registry.Manifests;
using Registry.Repositories;
using Registry.Storage;

namespace Registry.Import;

/// <summary>Writes the rows of manifests that are taken over: as a put writes them, but what is here already stays.</summary>
internal sealed class ImportRows(ITableStore tables)
{
    private const int BatchSize = 100;

    // Each lost round means that somebody else wrote the same manifest's row or one of the tags; more than this is a fault, not a race.
    private const int MaxRounds = 100;

    /// <summary>The manifests that a repository has here.</summary>
    public async Task<HashSet<Digest>> Manifests(RepositoryName repository, CancellationToken cancellation) =>
        await List(repository, Tables.ManifestPrefix, cancellation).Select(row => Digest.Parse(row.Row[1..])).ToHashSetAsync(cancellationToken: cancellation);

    /// <summary>The tags that a repository has here, each with the digest that it names.</summary>
    public async Task<Dictionary<string, string>> Tags(RepositoryName repository, CancellationToken cancellation) =>
        await List(repository, Tables.TagPrefix, cancellation).ToDictionaryAsync(row => row.Row[1..], row => row.GetString("digest"), StringComparer.Ordinal, cancellation);

    /// <summary>Writes a manifest and its tags, unless they are here.</summary>
    /// <returns>How many tags were written.</returns>
    public Task<int> Put(RepositoryName repository, FoundManifest manifest, string path, IReadOnlyList<Tag> tags, CancellationToken cancellation)
    {
        var info = new ManifestInfo(manifest.Digest, manifest.Document.MediaType, manifest.Size, path);
        List<TableOperation> batch = [TableOperation.Insert(ManifestRows.Manifest(repository, info, manifest.Document))];
        if (manifest.Document.Subject is { } subject)
            batch.Add(TableOperation.Upsert(ManifestRows.Referrer(repository, subject, info, manifest.Document)));
        return Put(repository, info, batch, tags, cancellation);
    }

    /// <summary>Writes tags of a manifest that is here, unless they are.</summary>
    /// <returns>How many tags were written: none if the manifest has gone.</returns>
    public async Task<int> Tag(RepositoryName repository, Digest digest, IReadOnlyList<Tag> tags, CancellationToken cancellation) =>
        await Find(repository, digest, cancellation) is { } row ? await Put(repository, ManifestRows.Info(row), [Renew(row)], tags, cancellation) : 0;

    private async Task<int> Put(RepositoryName repository, ManifestInfo info, List<TableOperation> batch, IReadOnlyList<Tag> tags, CancellationToken cancellation)
    {
        var (left, written, isHere) = (tags.ToList(), 0, batch[0].Kind == TableOperationKind.Replace);
        for (var round = 0; round < MaxRounds; round++)
        {
            var some = left.Take(BatchSize - batch.Count).ToList();
            var result = await tables.WriteBatch(Tables.Manifests, [.. batch, .. some.Select(tag => TableOperation.Insert(ManifestRows.Tag(repository, tag, info)))], cancellation);
            if (result.IsDone)
            {
                (written, isHere) = (written + some.Count, true);
                left.RemoveRange(0, some.Count);
                if (left.Count == 0)
                    return written;
            }
            else if (result.Failed >= batch.Count)
            {
                // Somebody pushed this tag meanwhile: it stays theirs.
                left.RemoveAt(result.Failed - batch.Count);
            }

            // By now the row has another ETag, by this write or by another's. If it was deleted since it was here, it stays so.
            var row = await Find(repository, info.Digest, cancellation);
            if (row is null ? isHere : left.Count == 0)
                return written;
            if (row is not null)
                (info, batch, isHere) = (ManifestRows.Info(row), [Renew(row)], true);
        }

        throw new StorageFailedException("import manifest", $"{repository}@{info.Digest}", 0, "contended");
    }

    // Who tags a manifest re-writes its row: a delete is if-match on that.
    private static TableOperation Renew(TableEntity row) => TableOperation.Replace(row.Copy().Unnoted(), row.ETag);

    private Task<TableEntity?> Find(RepositoryName repository, Digest digest, CancellationToken cancellation) =>
        tables.Find(Tables.Manifests, Tables.Key(repository), Tables.ManifestRow(digest), cancellation);

    private async IAsyncEnumerable<TableEntity> List(RepositoryName repository, char prefix, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var from = prefix.ToString();
        var query = new TableQuery { Partition = Tables.Key(repository), FromRow = from, BeforeRow = Tables.PrefixEnd(from), Select = ["digest"] };
        do
        {
            var page = await tables.Query(Tables.Manifests, query, cancellation);
            foreach (var row in page.Entities)
                yield return row;
            query = query with { Continue = page.Next };
        }
        while (query.Continue is not null);
    }
}
