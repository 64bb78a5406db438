using System.Globalization;
using Registry.Collection;
using Registry.Digests;
using Registry.Layers;
using Registry.Storage;

namespace Registry.Verification;

/// <summary>Reads the content table once: each content row's blob is read and hashed, and each link must lead where its content row leads.</summary>
/// <remarks>A row that was written or went since it was read is nothing to report: what seems wrong is looked at once more, and compared with its row as it is then.</remarks>
internal sealed class ContentPhase(VerificationContext context, RowPosition? from, PartlyRead? blob) : IVerificationPhase
{
    private static readonly string[] Columns = ["blob", "size", LayerLinks.FreedProperty, LayerLinks.CanonicalProperty];

    // Of smaller blobs several are read at once, since most of their time is waiting; a larger one can be left in the middle.
    private const long Small = 1024 * 1024;
    private const int Parallelism = 8;

    private readonly RowReader rows = new(context, Tables.Content, Columns, from);

    // The content row of the partition that is being read, if it was seen.
    private TableEntity? content;

    public RowPosition? Position => rows.Position;

    public PartlyRead? Blob { get; private set; } = blob;

    public async Task<bool> Step(CancellationToken cancellation)
    {
        var some = new List<Task>();
        try
        {
            while (some.Count < Parallelism && await rows.Peek(cancellation) is { } row)
            {
                var isLarge = row.Row == Tables.ContentRow && row.FindInt64("size") > Small;
                if (isLarge && some.Count > 0)
                    break;
                context.Fraction = KeyFraction.OfDigest(row.Partition);
                if (isLarge && !await CheckLarge(row, cancellation))
                    return true;
                if (row.Row == Tables.ContentRow)
                    content = row;
                if (!isLarge)
                    some.Add(Check(row, content?.Partition == row.Partition ? content : null, cancellation));
                rows.Take();
            }
        }
        finally
        {
            await Task.WhenAll(some);
        }

        return rows.HasMore;
    }

    private async Task Check(TableEntity row, TableEntity? contentRow, CancellationToken cancellation)
    {
        if (row.Row != Tables.ContentRow)
        {
            await CheckLink(row, contentRow, cancellation);
            return;
        }

        context.Count(t => t.Contents++);
        if (await Claim(row, cancellation) is not { } claim)
            return;
        context.Budget.Spend(Math.Max(0, VerificationBudget.ContentCall - claim.Size));
        if (await context.Blobs.Whole(claim, context.Read, cancellation) is { } fault)
            await Report(row, claim, fault, cancellation);
    }

    /// <returns>False when it was left in the middle.</returns>
    private async Task<bool> CheckLarge(TableEntity row, CancellationToken cancellation)
    {
        if (await Claim(row, cancellation) is { } claim)
        {
            using var hash = Restore(claim);
            var (isOver, fault) = await context.Blobs.Continue(claim, hash, context.ReadOn, cancellation);
            if (!isOver)
            {
                Blob = new PartlyRead(claim.Path, hash.Save());
                return false;
            }

            if (fault is not null)
                await Report(row, claim, fault, cancellation);
        }

        Blob = null;
        context.Count(t => t.Contents++);
        return true;
    }

    // What lies at a path never changes, so the path is enough to know it again.
    private ResumableHash Restore(BlobClaim claim)
    {
        if (Blob is { } saved && saved.Path == claim.Path && ResumableHash.AlgorithmOf(saved.Hash) == claim.Digest.Algorithm)
        {
            var hash = ResumableHash.Restore(saved.Hash);
            if (hash.Length <= claim.Size)
                return hash;
            hash.Dispose();
        }

        return ResumableHash.Create(claim.Digest.Algorithm);
    }

    /// <summary>What the row says of its blob; null when that is to be freed, or nothing sensible, which is reported.</summary>
    private async Task<BlobClaim?> Claim(TableEntity row, CancellationToken cancellation)
    {
        if (LayerLinks.IsFreed(row))
            return null;
        if (Digest.TryParse(row.Partition, out var digest) && digest.Algorithm.IsHash && row.FindString("blob") is { } path && row.FindInt64("size") is >= 0 and var size)
            return new BlobClaim(path, digest, size);
        if (await IsAsRead(row, cancellation))
            await context.Add(Unreadable(FoundThing.Content, row, "a digest, a blob and its size"), cancellation);
        return null;
    }

    private async Task Report(TableEntity row, BlobClaim claim, BlobFault fault, CancellationToken cancellation)
    {
        var now = await context.Tables.Find(Tables.Content, row.Partition, row.Row, cancellation);
        if (now is null || LayerLinks.IsFreed(now) || now.FindString("blob") != claim.Path || now.FindInt64("size") != claim.Size)
            return;
        var isRepaired = false;
        if (context.Repairs && fault.Kind != FindingKind.Unreadable)
        {
            var outcome = await context.Quarantine.Content(claim.Digest, cancellation);
            if (outcome == QuarantineOutcome.Whole)
                return;
            isRepaired = outcome == QuarantineOutcome.Done;
        }

        await context.Add(
            new Finding { Kind = fault.Kind, Thing = FoundThing.Content, Name = row.Partition, Path = claim.Path, Expected = claim.Expected, Found = fault.Found, IsRepaired = isRepaired }, cancellation);
    }

    private async Task CheckLink(TableEntity link, TableEntity? contentRow, CancellationToken cancellation)
    {
        context.Count(t => t.Links++);

        // A tarsum stands for the repository's link to what it names, and without that for nothing: then a manifest that needs it is the finding.
        if (link.FindString(LayerLinks.CanonicalProperty) is { } canonical)
        {
            if (!(Digest.TryParse(canonical, out var named) && named.Algorithm.IsHash) && await IsAsRead(link, cancellation))
                await context.Add(Unreadable(FoundThing.Link, link, "the digest that the tarsum stands for"), cancellation);
            return;
        }

        if (contentRow is not null && LinkRepair.IsHeldBy(contentRow, link))
            return;
        context.Budget.Spend(2 * VerificationBudget.RowCall);
        if (await context.Links.FindDangling(link.Partition, link.Row, cancellation) is not { } dangling)
            return;
        if (dangling.Link.FindString("blob") is null)
        {
            await context.Add(Unreadable(FoundThing.Link, link, "a blob"), cancellation);
            return;
        }

        var isRepaired = context.Repairs && await context.Links.Mend(link.Partition, link.Row, cancellation);
        await context.Add(
            new Finding
            {
                Kind = FindingKind.Dangling,
                Thing = FoundThing.Link,
                Repository = CollectionContext.Name(link.Row),
                Name = link.Partition,
                Path = dangling.Link.FindString("blob"),
                Expected = "content at that path",
                Found = dangling.Content is not { } there ? "no content row" : LayerLinks.IsFreed(there) ? "content that is quarantined" : $"content at {there.FindString("blob")}",
                IsRepaired = isRepaired,
            },
            cancellation);
    }

    private async Task<bool> IsAsRead(TableEntity row, CancellationToken cancellation) =>
        (await context.Tables.Find(Tables.Content, row.Partition, row.Row, cancellation))?.ETag == row.ETag;

    private static Finding Unreadable(FoundThing thing, TableEntity row, string expected) => new()
    {
        Kind = FindingKind.Unreadable,
        Thing = thing,
        Repository = thing == FoundThing.Link ? CollectionContext.Name(row.Row) : null,
        Name = row.Partition,
        Expected = expected,
        Found = string.Create(CultureInfo.InvariantCulture, $"blob {row.FindString("blob") ?? "none"}, size {row.FindInt64("size")?.ToString(CultureInfo.InvariantCulture) ?? "none"}"),
    };
}
