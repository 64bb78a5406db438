using Registry.Layers;
using Registry.Storage;

namespace Registry.Collection;

/// <summary>Reads the uploads table once: purges what is over, and takes down the blobs that belong to the others.</summary>
internal sealed class UploadSweep(CollectionContext context, UploadPurge purge, CollectionPosition? from) : ICollectionPhase
{
    public CollectionPosition? Position { get; private set; } = from;

    public double? Fraction => null;

    public async Task<bool> Step(CancellationToken cancellation)
    {
        var query = new TableQuery { Select = UploadPurge.Columns, Continue = Position?.Page };
        var page = await context.Tables.Query(Tables.Uploads, query, cancellation);
        foreach (var row in page.Entities)
        {
            context.Totals.Uploads++;
            if (await Sweep(row, cancellation) && !await context.MayGoOn(cancellation))
                return true;
        }

        Position = CollectionPosition.Of(page.Next);
        return page.Next is not null;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <returns>Whether the upload is gone.</returns>
    private async Task<bool> Sweep(TableEntity row, CancellationToken cancellation)
    {
        try
        {
            if (purge.IsOver(row) && await Remove(row, cancellation))
                return true;
        }
        catch (Exception e) when (e is InvalidDataException or FormatException)
        {
            context.Keep(row.Row, CollectionContext.Name(row.Partition), e.Message);
        }

        if (Guid.TryParseExact(row.Row, "D", out var id))
            await context.AddName(PathMapper.Content(id.ToString("N")), cancellation);
        return false;
    }

    /// <returns>Whether no row is left that names its blob.</returns>
    private async Task<bool> Remove(TableEntity row, CancellationToken cancellation)
    {
        var isOpen = row.FindString("phase") == nameof(UploadPhase.Open);
        var outcome = context.IsDryRun ? PurgeOutcome.KeptAsContent : await purge.Purge(row, cancellation);
        if (outcome == PurgeOutcome.Changed)
            return false;
        context.Removed(CollectedKind.Upload, row.Row, CollectionContext.Name(row.Partition), 0, isOpen ? "it was left alone" : "it is finished, and its answer no longer needed");
        return outcome == PurgeOutcome.Removed;
    }
}
