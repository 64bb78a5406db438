using Registry.Storage;

namespace Registry.Collection;

/// <summary>Where a phase goes on. Where a page begins only storage can say, in words of its own; from where on it is still to be done is told by a key.</summary>
/// <param name="Page">Where the page begins; null for the first.</param>
/// <param name="Key">The partition, or the beginning of a blob's name, before which all is done; null when all of the page is to be done.</param>
internal sealed record CollectionPosition(TableContinuation? Page, string? Key = null)
{
    /// <summary>Whether a row was dealt with before.</summary>
    public bool IsBehind(TableEntity row) => Key is not null && string.CompareOrdinal(row.Partition, Key) < 0;

    /// <summary>The position of a page that is to be done whole; null for the beginning.</summary>
    public static CollectionPosition? Of(TableContinuation? page) => page is null ? null : new(page);
}
