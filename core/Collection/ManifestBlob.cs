using Registry.Storage;

namespace Registry.Collection;

/// <summary>The bytes of a manifest that no row names any more.</summary>
internal static class ManifestBlob
{
    /// <returns>The bytes that were freed. A blob that was taken over goes when no repository holds it: it may be the manifest of others.</returns>
    public static async Task<long> Delete(CollectionContext context, string path, CancellationToken cancellation)
    {
        if (context.IsDryRun || PathMapper.ContentId(path) is null)
            return 0;
        var size = (await context.Driver.Find(path, cancellation))?.Length ?? 0;
        await context.Driver.Delete(path, cancellation);
        return size;
    }
}
