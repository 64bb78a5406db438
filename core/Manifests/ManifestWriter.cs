using System.Buffers;
using Registry.Collection;
using Registry.Digests;
using Registry.Errors;
using Registry.Repositories;
using Registry.Storage;

namespace Registry.Manifests;

/// <summary>Writes a manifest that has been verified: its bytes, and in one batch its row, its tags and its referrer's row.</summary>
/// <remarks>
/// The bytes of a signed schema 1 manifest change when its payload is signed again. They go into another blob, and the rows that name the one before,
/// the manifest's and that of its one tag, are re-written together (docs/decisions/0007-schema1-bytes-under-their-own-digest.md).
/// A tag that may not move is read in the round that writes it, and written on the condition that it is as it was read: not there, or at this manifest.
/// Of two puts that want it one is first; the other's batch fails, and its next round sees where the tag is. So a put whose answer was lost meets its own tag as one that is at its manifest.
/// </remarks>
internal sealed class ManifestWriter(IStorageDriver driver, ITableStore tables, CollectionOptions collection, TimeProvider time, IdSource ids)
{
    /// <summary>Each lost round means that somebody else wrote the same manifest's or tag's row; more than this is a fault, not a race.</summary>
    public const int MaxRounds = 100;

    /// <returns>The tags that may not move and point elsewhere: then nothing was written. Empty when all was.</returns>
    /// <exception cref="RegistryException"><c>MANIFEST_INVALID</c>: the digest is stored as a manifest of a kind that shares nothing with this one</exception>
    public async Task<IReadOnlyList<HeldTag>> Write(
        RepositoryName repository, Digest digest, ManifestDocument document, IReadOnlyCollection<TagPut> tags, ReadOnlyMemory<byte> content, CancellationToken cancellation)
    {
        var bytes = document.Schema1 is { IsSigned: true } ? Digest.Compute(DigestAlgorithm.Sha256, content.Span) : digest;
        var superseded = new HashSet<string>();
        var beganAt = time.GetTimestamp();
        for (var round = 0; round < MaxRounds; round++)
        {
            var existing = await tables.Find(Tables.Manifests, Tables.Key(repository), Tables.ManifestRow(digest), cancellation);
            var before = existing?.GetString("blob");
            if (existing is not null && MediaTypes.IsSchema1(existing.GetString("mediaType")) != document.Schema1 is not null)
            {
                await Withdraw(repository, digest, superseded, before, cancellation);
                throw new RegistryException(RegistryError.ManifestInvalid, $"the repository holds these bytes as {existing.GetString("mediaType")}; delete that manifest first");
            }

            var fixedRows = await FindFixed(repository, tags, cancellation);
            HeldTag[] held = [.. fixedRows.Select(f => new HeldTag(f.Key, ManifestRows.Target(f.Value))).Where(h => h.Digest != digest)];
            if (held.Length > 0)
            {
                await Withdraw(repository, digest, superseded, before, cancellation);
                return held;
            }

            var path = existing is not null && ManifestRows.Bytes(existing) == bytes ? before! : await WriteBlob(NewPath(), repository, bytes, content, cancellation);

            // What lies there is not what was put: the same bytes are written there once more, where the rows of all its tags find them (docs/verification.md).
            if (path == before && ManifestRows.IsDamaged(existing!))
                await WriteBlob(path, repository, bytes, content, cancellation);
            var info = new ManifestInfo(digest, document.MediaType, content.Length, path) { Bytes = bytes };
            var batch = Batch(repository, info, document, existing);
            batch.AddRange(tags.Select(tag => Write(ManifestRows.Tag(repository, tag.Tag, info, tag.PushedAt), tag.MayMove, fixedRows.GetValueOrDefault(tag.Tag))));
            if (before is not null && before != path && tags.Count == 0)
                batch.AddRange(await MoveTag(repository, document.Schema1?.Tag, info, cancellation));
            var result = await tables.WriteBatch(Tables.Manifests, batch, cancellation);
            superseded.UnionWith(before is null ? [path] : [path, before]);
            if (!result.IsDone)
                continue;

            // Until it has a row a blob is nobody's, and the collector takes it when it is old. Now that it has one it stays, so it is written once more.
            if (path != before && time.GetElapsedTime(beganAt) > collection.Late)
                await WriteBlob(path, repository, bytes, content, cancellation);
            await Drop(superseded, path, cancellation);
            return [];
        }

        throw new StorageFailedException("put manifest", $"{repository}@{digest}", 0, "contended");
    }

    private static List<TableOperation> Batch(RepositoryName repository, ManifestInfo info, ManifestDocument document, TableEntity? existing)
    {
        var row = ManifestRows.Manifest(repository, info, document);
        List<TableOperation> batch = [existing is null ? TableOperation.Insert(row) : TableOperation.Replace(row, existing.ETag)];
        if (document.Subject is { } subject)
            batch.Add(TableOperation.Upsert(ManifestRows.Referrer(repository, subject, info, document)));
        return batch;
    }

    private async Task<Dictionary<Tag, TableEntity>> FindFixed(RepositoryName repository, IReadOnlyCollection<TagPut> tags, CancellationToken cancellation)
    {
        var found = new Dictionary<Tag, TableEntity>();
        foreach (var tag in tags.Where(t => !t.MayMove).Select(t => t.Tag))
        {
            if (await tables.Find(Tables.Manifests, Tables.Key(repository), Tables.TagRow(tag), cancellation) is { } row)
                found.Add(tag, row);
        }

        return found;
    }

    private static TableOperation Write(TableEntity tag, bool mayMove, TableEntity? existing) =>
        mayMove ? TableOperation.Upsert(tag) : existing is null ? TableOperation.Insert(tag) : TableOperation.Replace(tag, existing.ETag);

    // Never the blob of an earlier round: that round may have taken effect with its answer lost, and a delete may have removed both since.
    private string NewPath() => PathMapper.Content(ids.NewUuid().ToString("N"));

    private async Task<string> WriteBlob(string path, RepositoryName repository, Digest bytes, ReadOnlyMemory<byte> content, CancellationToken cancellation)
    {
        await driver.Put(path, new ReadOnlySequence<byte>(content), new BlobMetadata(repository.ToString(), bytes.ToString()), cancellation);
        return path;
    }

    // The tag's row names the blob too. The only tag that a schema 1 manifest can have is the one that it says itself: a put under that tag writes its row
    // anyway, and a put by digest looks whether it is there; it pushes no tag, so that one is as old as it was. Should it come to point at the manifest meanwhile, then the manifest's row was written too.
    private async Task<IEnumerable<TableOperation>> MoveTag(RepositoryName repository, string? name, ManifestInfo info, CancellationToken cancellation)
    {
        if (!Tag.TryParse(name, out var tag))
            return [];
        var row = await tables.Find(Tables.Manifests, Tables.Key(repository), Tables.TagRow(tag), cancellation);
        return row?.GetString("digest") == info.Digest.ToString() ? [TableOperation.Replace(ManifestRows.Tag(repository, tag, info, ManifestRows.PushedAt(row)), row.ETag)] : [];
    }

    // Drops what lost rounds left when a later one is refused. A round may have taken effect with its answer lost, and a delete may have followed: the deleted row then names its blob. It is
    // read after the manifest's row, which did not name that blob any more and never will again.
    private async Task Withdraw(RepositoryName repository, Digest digest, HashSet<string> superseded, string? current, CancellationToken cancellation)
    {
        if (superseded.Count == 0)
            return;
        var deleted = await tables.Find(Tables.Manifests, Tables.Key(repository), Tables.DeletedRow(Tables.ManifestRow(digest)), cancellation);
        await Drop(superseded.Where(s => s != deleted?.GetString("blob")), current, cancellation);
    }

    // Blobs of lost rounds, because another put of the same manifest came first, and those that this one or another replaced. None can come back: a row
    // that stops naming a blob never names it again, since who kept its blob wrote if-match, and who did not wrote a new one. A deleted row may name one, but what it would restore is there.
    // What was taken over from distribution may be the manifest of other repositories too: that is the collector's to free.
    private async Task Drop(IEnumerable<string> superseded, string? current, CancellationToken cancellation)
    {
        foreach (var path in superseded.Where(s => s != current && PathMapper.ContentId(s) is not null))
            await driver.Delete(path, cancellation);
    }
}
