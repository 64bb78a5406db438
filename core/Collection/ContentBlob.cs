using Registry.Repositories;
using Registry.Storage;

namespace Registry.Collection;

/// <summary>What lies behind a content row or behind none.</summary>
internal static class ContentBlob
{
    /// <summary>Deletes a blob whose content row has just gone, unless its upload still has a row: a repeated finish of that upload would link the blob once more. It is then the purge's.</summary>
    /// <returns>Whether it is gone.</returns>
    public static async Task<bool> Delete(CollectionContext context, string path, CancellationToken cancellation)
    {
        if (PathMapper.ContentId(path) is { } id)
        {
            if (await context.Driver.Find(path, cancellation) is not { } blob)
                return true;
            if (RepositoryOf(blob) is not { } repository)
            {
                context.Keep(path, null, "the blob does not say which repository it was pushed to");
                return false;
            }

            if (await context.Tables.Find(Tables.Uploads, Tables.Key(repository), UploadRow(id), cancellation) is not null)
                return false;
        }

        return await context.Driver.Delete(path, cancellation);
    }

    /// <summary>The repository that a blob was pushed to, which is written with it; null for a blob that is none of ours.</summary>
    public static RepositoryName? RepositoryOf(BlobStat blob) =>
        RepositoryName.TryParse(blob.Metadata.Repository, out var repository) ? repository : null;

    /// <summary>The row of the upload that wrote a blob.</summary>
    public static string UploadRow(string blobId) => Guid.ParseExact(blobId, "N").ToString("D");
}
