using Registry.Digests;
using Registry.Storage;

namespace Registry.Collection;

/// <summary>Lists the content once, beside the names of all blobs that a row names, in the same order: removes blobs that have none.</summary>
/// <remarks>
/// A name is gathered for every row that was there when its table was read, and a row that came later names a blob that was written later: too
/// young to go. Such a blob is what a crash leaves: of a delete between the row and the blob, or of a push between the blob and the row.
/// </remarks>
internal sealed class BlobSweep(CollectionContext context, SortedKeyReader names, CollectionPosition? from) : ICollectionPhase
{
    // The listing is asked for as a whole. Once a slice has ended within it, the rest is listed by the two digits that paths begin with.
    private const int Prefixes = 256;
    private const int BlobsPerStep = 5000;

    private readonly IAsyncEnumerator<BlobListing> listing = List(context.Driver, from?.Key).GetAsyncEnumerator();
    private string? prefix = from?.Key;

    public CollectionPosition? Position => prefix is null ? null : new CollectionPosition(null, prefix);

    public double? Fraction => prefix is null ? 0 : KeyFraction.OfHex(prefix, 2);

    public static async Task<BlobSweep> Open(CollectionContext context, CollectionPosition? from, CancellationToken cancellation)
    {
        var first = from?.Key is { } begun ? SortedKey.OfBlob(begun.PadRight(32, '0')) : default;
        return new BlobSweep(context, await context.Names.Read(first, cancellation), from);
    }

    public async Task<bool> Step(CancellationToken cancellation)
    {
        for (var i = 0; i < BlobsPerStep; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            if (!await listing.MoveNextAsync())
                return false;
            if (await Sweep(listing.Current, cancellation) && !await context.MayGoOn(cancellation))
                return true;
        }

        return true;
    }

    public ValueTask DisposeAsync() => listing.DisposeAsync();

    private static async IAsyncEnumerable<BlobListing> List(IStorageDriver driver, string? from)
    {
        if (from is null)
        {
            await foreach (var blob in driver.List(PathMapper.ContentPrefix, CancellationToken.None))
                yield return blob;
            yield break;
        }

        for (var prefix = Convert.ToInt32(from, 16); prefix < Prefixes; prefix++)
        {
            await foreach (var blob in driver.List($"{PathMapper.ContentPrefix}{prefix:x2}/", CancellationToken.None))
                yield return blob;
        }
    }

    /// <returns>Whether the blob is gone.</returns>
    private async Task<bool> Sweep(BlobListing blob, CancellationToken cancellation)
    {
        context.Totals.Blobs++;
        if (PathMapper.ContentId(blob.Path) is not { } id)
        {
            context.Keep(blob.Path, null, "the blob has not the name of one of ours");
            return false;
        }

        prefix = id[..2];
        if (await names.Contains(SortedKey.OfBlob(id), cancellation))
            return false;
        const string Reason = "no row names it";
        if (!context.IsOld(blob.Stat.LastModified))
            context.Waits(CollectedKind.Blob, blob.Path, blob.Stat.Metadata.Repository, blob.Stat.Length, Reason, blob.Stat.LastModified + context.Options.GracePeriod);
        else if (ContentBlob.RepositoryOf(blob.Stat) is null)
            context.Keep(blob.Path, null, "the blob does not say which repository it was pushed to");
        else if (!await IsNamed(blob, id, cancellation) && (context.IsDryRun || await context.Driver.Delete(blob.Path, cancellation)))
        {
            context.Removed(CollectedKind.Blob, blob.Path, blob.Stat.Metadata.Repository, blob.Stat.Length, Reason);
            return true;
        }

        return false;
    }

    // What is about to go is asked for once more, where the rows would be that could name it.
    private async Task<bool> IsNamed(BlobListing blob, string id, CancellationToken cancellation)
    {
        var repository = Tables.Key(ContentBlob.RepositoryOf(blob.Stat)!.Value);
        if (await context.Tables.Find(Tables.Uploads, repository, ContentBlob.UploadRow(id), cancellation) is not null)
            return true;
        if (!Digest.TryParse(blob.Stat.Metadata.Digest, out var digest))
            return false;
        var content = await context.Tables.Find(Tables.Content, digest.ToString(), Tables.ContentRow, cancellation);
        if (content?.FindString("blob") == blob.Path)
            return true;

        // The manifest's row last: it is what a put that stalled writes. And before the deleted row, too, in case it turns into that one between the two.
        var row = Tables.ManifestRow(digest);
        string[] rows = context.Options.KeepsDeleted ? [row, Tables.DeletedRow(row), row] : [Tables.DeletedRow(row), row];
        foreach (var name in rows)
        {
            var named = await context.Tables.Find(Tables.Manifests, repository, name, cancellation);
            if (named?.FindString("blob") == blob.Path)
                return true;
        }

        return false;
    }
}
