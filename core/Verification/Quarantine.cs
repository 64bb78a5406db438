using Registry.Collection;
using Registry.Digests;
using Registry.Layers;
using Registry.Manifests;
using Registry.Repositories;
using Registry.Storage;

namespace Registry.Verification;

/// <summary>Makes way for a push where a blob is not what it should be: docs/verification.md argues why nothing sound can be lost by it.</summary>
/// <remarks>
/// A content row is marked as freed, if-match: nobody joins it any more, and a push of the same content puts its own blob in its place. Then the links that lead nowhere
/// go, if-match, so that HEAD no longer says that there is nothing to upload. The row and the blob stay until the collector takes them, which is at the earliest after the grace period:
/// as long as the mark is there, no finish of the upload that wrote the blob, and no import, links it once more.
/// </remarks>
internal sealed class Quarantine(IStorageDriver driver, ITableStore tables)
{
    // Each lost round means that somebody else wrote the row; more than this is a fault, not a race.
    private const int MaxRounds = 100;

    private readonly BlobCheck blobs = new(driver);
    private readonly LinkRepair linkRepair = new(tables, new BlobCheck(driver));

    /// <summary>Reads a digest's blob once more, and if it is not what it should be takes it out of use.</summary>
    public async Task<QuarantineOutcome> Content(Digest digest, CancellationToken cancellation)
    {
        for (var round = 0; round < MaxRounds; round++)
        {
            if (await tables.Find(Tables.Content, digest.ToString(), Tables.ContentRow, cancellation) is not { } row)
                return QuarantineOutcome.Whole;
            var path = row.GetString("blob");
            if (!LayerLinks.IsFreed(row))
            {
                // Read after the row was, so that whoever joins meanwhile, or writes the blob once more and joins it, makes this start again.
                if (await Judge(new BlobClaim(path, digest, row.GetInt64("size")), cancellation) is var outcome and not QuarantineOutcome.Done)
                    return outcome;
                if (PathMapper.ContentId(path) is null && await IsManifest(digest, path, cancellation))
                    return QuarantineOutcome.Left;
                if (!(await tables.Write(Tables.Content, TableOperation.Replace(row.Copy().Set(LayerLinks.FreedProperty, true), row.ETag), cancellation)).IsDone)
                    continue;
            }

            await EndUpload(path, cancellation);
            await foreach (var link in Links(digest.ToString(), cancellation))
                await linkRepair.Mend(link.Partition, link.Row, cancellation);
            return QuarantineOutcome.Done;
        }

        throw new StorageFailedException("quarantine", digest.ToString(), 0, "contended");
    }

    /// <summary>Marks a manifest's row, if its bytes are still not what they should be: the next put of the same manifest writes them once more.</summary>
    public async Task<QuarantineOutcome> Manifest(string repository, string manifest, CancellationToken cancellation)
    {
        for (var round = 0; round < MaxRounds; round++)
        {
            if (await tables.Find(Tables.Manifests, repository, manifest, cancellation) is not { } row)
                return QuarantineOutcome.Whole;
            if (await Judge(ManifestClaim(row), cancellation) is var outcome and not QuarantineOutcome.Done)
                return outcome;
            if (!ManifestRows.IsDamaged(row) && !await Mark(row, cancellation))
                continue;
            await MarkTags(row, cancellation);
            return QuarantineOutcome.Done;
        }

        throw new StorageFailedException("quarantine", $"{repository} {manifest}", 0, "contended");
    }

    public static BlobClaim ManifestClaim(TableEntity row) => new(row.GetString("blob"), ManifestRows.Bytes(row), row.GetInt64("size"));

    // HEAD of a tag reads the tag's row alone, so that one is marked, too. Its mark says no more than that the manifest's row is to be asked: the put that heals the manifest is by one tag.
    // A tag that is written meanwhile is so by a put, which leaves nothing damaged; one that is marked nevertheless costs a read more.
    private async Task MarkTags(TableEntity manifest, CancellationToken cancellation)
    {
        await foreach (var tag in tables.ReadAll(Tables.Manifests, ManifestRows.TagsOf(manifest.Partition, manifest.Row[1..]), cancellation).Where(tag => !ManifestRows.IsDamaged(tag)))
            await Mark(tag, cancellation);
    }

    // That is no push: a tag is as old as it was.
    private async Task<bool> Mark(TableEntity row, CancellationToken cancellation)
    {
        var marked = row.Copy().Unnoted().Set(ManifestRows.DamagedProperty, true);
        if (row.Row[0] == Tables.TagPrefix)
            marked.Set(ManifestRows.Pushed, ManifestRows.PushedAt(row));
        return (await tables.Write(Tables.Manifests, TableOperation.Replace(marked, row.ETag), cancellation)).IsDone;
    }

    // Done stands for: it is to be done.
    private async Task<QuarantineOutcome> Judge(BlobClaim claim, CancellationToken cancellation) => await blobs.Whole(claim, _ => { }, cancellation) switch
    {
        null => QuarantineOutcome.Whole,
        { Kind: FindingKind.Unreadable } => QuarantineOutcome.Left,
        _ => QuarantineOutcome.Done,
    };

    // A repeated PUT of the upload that wrote the blob would be told that it is stored, as long as the upload has its row. It can no longer link the blob
    // as long as the mark is there, but the mark goes with the row when the collector takes that.
    private async Task EndUpload(string path, CancellationToken cancellation)
    {
        if (PathMapper.ContentId(path) is not { } id || await driver.Find(path, cancellation) is not { } blob || ContentBlob.RepositoryOf(blob) is not { } repository)
            return;
        await tables.Write(Tables.Uploads, TableOperation.Delete(Tables.Key(repository), ContentBlob.UploadRow(id), etag: null), cancellation);
    }

    // A manifest that was taken over is named by rows of manifests too: its blob must not become the collector's to free while they are there.
    private async Task<bool> IsManifest(Digest digest, string path, CancellationToken cancellation)
    {
        await foreach (var link in Links(digest.ToString(), cancellation))
        {
            if ((await tables.Find(Tables.Manifests, link.Row, Tables.ManifestRow(digest), cancellation))?.FindString("blob") == path)
                return true;
        }

        return false;
    }

    private IAsyncEnumerable<TableEntity> Links(string digest, CancellationToken cancellation) =>
        tables.ReadAll(Tables.Content, new TableQuery { Partition = digest }, cancellation).Where(row => row.Row != Tables.ContentRow);
}

/// <summary>What became of something that seemed to be damaged.</summary>
internal enum QuarantineOutcome
{
    /// <summary>It is whole by now, or gone.</summary>
    Whole,

    /// <summary>It is damaged, and the next push of the same replaces it.</summary>
    Done,

    /// <summary>It is damaged or cannot be read, and nothing was done about it.</summary>
    Left,
}
