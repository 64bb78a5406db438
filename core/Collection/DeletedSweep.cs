using Registry.Lifecycle;
using Registry.Storage;

namespace Registry.Collection;

/// <summary>Removes what was deleted and can no longer be restored.</summary>
/// <remarks>
/// If-match: a manifest that is deleted once more has a row anew. What it needs goes in the same run, since it is not marked. A restore that has
/// read the row goes on all the same: it is a put, which renews what it relies on or finds it gone.
/// </remarks>
internal sealed class DeletedSweep(CollectionContext context)
{
    /// <returns>Whether the row is gone.</returns>
    public async Task<bool> Remove(TableEntity row, CancellationToken cancellation)
    {
        // To forget is asked of what was deleted by then.
        var goesAt = context.ForgetsDeleted ? row.Timestamp : row.Timestamp + context.Options.RestorableFor;
        if (goesAt > context.StartedAt)
            return false;
        if (!context.IsDryRun && !(await context.Tables.Write(Tables.Manifests, TableOperation.Delete(row.Partition, row.Row, row.ETag), cancellation)).IsDone)
            return false;
        var size = DeletedRows.IsManifest(row) && row.FindString("blob") is { } path ? await ManifestBlob.Delete(context, path, cancellation) : 0;
        context.Removed(CollectedKind.Deleted, row.Row[Tables.DeletedManifestsPrefix.Length..], CollectionContext.Name(row.Partition), size, $"it was deleted at {row.Timestamp:u}, and could be restored since");
        return true;
    }
}
