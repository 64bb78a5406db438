using Registry.Digests;
using Registry.Errors;
using Registry.Manifests;
using Registry.Storage;

namespace Registry.Verification;

/// <summary>Puts the lists of referrers right, which tables that were copied while they were written can lack: docs/verification.md.</summary>
internal sealed class ReferrerRepair(IStorageDriver driver, ITableStore tables, ManifestOptions options)
{
    /// <summary>Lists a manifest among its subject's referrers, as a put of its bytes does. False when it is not as it was read, or its bytes are not what they should be.</summary>
    public async Task<bool> List(string repository, string manifest, CancellationToken cancellation)
    {
        if (await tables.Find(Tables.Manifests, repository, manifest, cancellation) is not { } row || !Tables.TryRepository(repository, out var name))
            return false;
        var info = ManifestRows.Info(row);
        if (await Read(info, cancellation) is not { } document || document.Subject is not { } subject)
            return false;

        // With the manifest's own row, so that a delete, which is if-match on that, takes both or neither.
        var batch = new[] { TableOperation.Replace(row.Copy().Unnoted(), row.ETag), TableOperation.Upsert(ManifestRows.Referrer(name, subject, info, document)) };
        return (await tables.WriteBatch(Tables.Manifests, batch, cancellation)).IsDone;
    }

    /// <summary>Removes a row that lists a manifest which was not there after the row was read. A put writes both in one batch, so this one fails beside it.</summary>
    public async Task<bool> Unlist(TableEntity referrer, CancellationToken cancellation) =>
        (await tables.Write(Tables.Manifests, TableOperation.Delete(referrer.Partition, referrer.Row, referrer.ETag), cancellation)).IsDone;

    private async Task<ManifestDocument?> Read(ManifestInfo info, CancellationToken cancellation)
    {
        if (info.Size > options.MaxSize)
            return null;
        var content = new byte[info.Size];
        try
        {
            await using var stream = await driver.Open(info.Path, 0, info.Size, cancellation);
            if (await stream.ReadAtLeastAsync(content, content.Length, throwOnEndOfStream: false, cancellation) < content.Length || Digest.Compute(info.Bytes.Algorithm, content) != info.Bytes)
                return null;
            return ManifestDocument.Parse(content, info.MediaType, options);
        }
        catch (Exception e) when (e is StorageNotFoundException or RegistryException)
        {
            // The bytes are a finding of their own; what they do not say cannot be listed.
            return null;
        }
    }
}
