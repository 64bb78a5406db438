using Registry.Storage;

namespace Registry.Collection;

/// <summary>Reads the content table once, beside the marks in the same order: removes links that nothing needs, and content that no repository holds.</summary>
/// <remarks>
/// A link goes if-match, and only when it is older than the grace period: whoever relies on it renews it. A content row goes if-match when no
/// link stands beside it; whoever joins re-writes it. It is read before the links of its partition are, so a join that comes between either shows its
/// link or has changed the row.
/// </remarks>
internal sealed class LinkSweep(CollectionContext context, SortedKeyReader marks, CollectionPosition? from) : ICollectionPhase
{
    private static readonly string[] Columns = ["blob", "size", "canonical"];

    // Deletes of different digests that are under way at once.
    private const int Parallelism = 8;

    private TableContinuation? next = from?.Page;

    // A digest whose rows may go on on the next page, and where the page begins that has its first: another process goes on there, and reads all of them.
    private DigestSweep? open;
    private TableContinuation? openAt;

    public CollectionPosition? Position => open is null ? CollectionPosition.Of(next) : new CollectionPosition(openAt, open.Digest);

    public double? Fraction => open is null ? null : KeyFraction.OfDigest(open.Digest);

    /// <summary>Begins at the first mark that can be needed.</summary>
    public static async Task<LinkSweep> Open(CollectionContext context, CollectionPosition? from, CancellationToken cancellation)
    {
        var first = from?.Key is { } digest ? SortedKey.OfDigest(digest) : null;
        return new LinkSweep(context, await context.Marks.Read(first ?? default, cancellation), from);
    }

    public async Task<bool> Step(CancellationToken cancellation)
    {
        var (at, before) = (next, open);
        var page = await context.Tables.Query(Tables.Content, new TableQuery { Select = Columns, Continue = at }, cancellation);
        next = page.Next;
        var digests = await Group(page, cancellation);
        if (open != before)
            openAt = at;
        foreach (var some in digests.Where(d => d.HasWork(context)).Chunk(Parallelism))
            await Task.WhenAll(some.Select(d => d.Sweep(context, cancellation)));
        return next is not null;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>The page's rows by digest. All of a digest's rows were seen when another's begin, and the last one's at the end of the table: where a page ends only storage knows, in words of its own.</summary>
    private async Task<List<DigestSweep>> Group(TablePage page, CancellationToken cancellation)
    {
        List<DigestSweep> digests = open is null ? [] : [open];
        foreach (var row in page.Entities.Where(row => from?.IsBehind(row) != true))
        {
            if (digests.Count == 0 || digests[^1].Digest != row.Partition)
            {
                var key = SortedKey.OfDigest(row.Partition);
                digests.Add(new DigestSweep(row.Partition, key is { } digest ? await marks.Repositories(digest, cancellation) : null));
            }

            digests[^1].Add(row, context.Totals);
            if (row.Row == Tables.ContentRow)
                await context.AddName(row.FindString("blob"), cancellation);
        }

        open = digests.Count > 0 && page.Next is not null ? digests[^1] : null;
        foreach (var digest in digests.Where(d => d != open))
        {
            digest.IsWhole = true;
            context.Totals.Restorable += digest.Restorable;
        }

        return digests;
    }
}
