using Registry.Layers;
using Registry.Storage;

namespace Registry.Verification;

/// <summary>Whether the content that is at hand is the one that the rows speak of.</summary>
/// <remarks>
/// A container's name that is mistyped is a container that a start makes, and is empty; a disk that is not mounted is an empty folder. A repair there would take every layer out of use, and the
/// collector would then free what is sound. One blob that is there is enough to go on: what else is missing is missing.
/// </remarks>
internal sealed class StorageEvidence(IStorageDriver driver, ITableStore tables)
{
    private const int Enough = 100;

    // Of so few all may be gone, and a mistake about them costs little.
    private const int Few = 10;

    /// <summary>One transaction, and one for each blob that is looked for: one as a rule.</summary>
    public async Task<bool> IsTheRightOne(CancellationToken cancellation)
    {
        var lookedFor = 0;
        var rows = tables.ReadAll(Tables.Content, new TableQuery { Select = ["blob", LayerLinks.FreedProperty] }, cancellation);
        await foreach (var row in rows.Where(r => r.Row == Tables.ContentRow && !LayerLinks.IsFreed(r)))
        {
            if (row.FindString("blob") is not { } path)
                continue;
            if (await IsThere(path, cancellation))
                return true;
            if (++lookedFor == Enough)
                return false;
        }

        return lookedFor < Few;
    }

    // Read, and not only asked for: on disk the index of blobs lies beside the rows, and the files can be elsewhere.
    private async Task<bool> IsThere(string path, CancellationToken cancellation)
    {
        try
        {
            await using var blob = await driver.Open(path, 0, 1, cancellation);
            return true;
        }
        catch (StorageNotFoundException)
        {
            return false;
        }
    }
}
