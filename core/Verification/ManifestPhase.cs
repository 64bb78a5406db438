using Registry.Collection;
using Registry.Digests;
using Registry.Errors;
using Registry.Layers;
using Registry.Manifests;
using Registry.Storage;

namespace Registry.Verification;

/// <summary>Reads the manifests table once: each manifest's bytes are read and hashed, what it refers to must be held, and each tag must name a manifest that is there.</summary>
internal sealed class ManifestPhase(VerificationContext context, LayerLinks links, RowPosition? from) : IVerificationPhase
{
    private static readonly string[] Columns = [.. ManifestRows.ReferenceColumns, "blob", "digest", "bytes", "size"];

    private const int Parallelism = 8;

    // Rows of other kinds cost next to nothing, and still a slice must come to its end among them.
    private const int RowsPerStep = 1000;

    private readonly RowReader rows = new(context, Tables.Manifests, Columns, from);
    private RepositoryContent? known;

    public RowPosition? Position => rows.Position;

    public PartlyRead? Blob => null;

    public async Task<bool> Step(CancellationToken cancellation)
    {
        var some = new List<Task>();
        try
        {
            for (var taken = 0; taken < RowsPerStep && some.Count < Parallelism && await rows.Peek(cancellation) is { } row; taken++)
            {
                if (known?.Repository != row.Partition)
                {
                    if (some.Count > 0)
                        break;
                    known = new RepositoryContent(context, links, row.Partition);
                }

                if (row.Row[0] == Tables.ManifestPrefix)
                    some.Add(CheckManifest(row, known, cancellation));
                else if (row.Row[0] == Tables.TagPrefix)
                    some.Add(CheckTag(row, known, cancellation));
                rows.Take();
            }
        }
        finally
        {
            await Task.WhenAll(some);
        }

        return rows.HasMore;
    }

    private async Task CheckManifest(TableEntity row, RepositoryContent repository, CancellationToken cancellation)
    {
        context.Count(t => t.Manifests++);
        BlobClaim claim;
        List<ManifestReference> references;
        try
        {
            claim = Quarantine.ManifestClaim(row);
            references = [.. ManifestRows.References(row)];
        }
        catch (Exception e) when (e is InvalidDataException or FormatException or RegistryException)
        {
            if (await IsAsRead(row, cancellation))
                await Add(FindingKind.Unreadable, FoundThing.Manifest, row, row.FindString("blob"), "what a manifest's row has", e.Message, isRepaired: false, cancellation);
            return;
        }

        repository.Knows(row.Row, claim.Path);
        context.Budget.Spend(Math.Max(0, VerificationBudget.ContentCall - claim.Size));
        if (await context.Blobs.Whole(claim, context.Read, cancellation) is { } fault)
            await Report(row, claim, fault, cancellation);
        if (!context.AllowSparse)
            await CheckReferences(row, references, repository, cancellation);
    }

    private async Task Report(TableEntity row, BlobClaim claim, BlobFault fault, CancellationToken cancellation)
    {
        var now = await context.Tables.Find(Tables.Manifests, row.Partition, row.Row, cancellation);
        if (now is null || now.FindString("blob") != claim.Path)
            return;
        var isRepaired = false;
        if (context.Repairs && fault.Kind != FindingKind.Unreadable)
        {
            var outcome = await context.Quarantine.Manifest(row.Partition, row.Row, context.Blobs, cancellation);
            if (outcome == QuarantineOutcome.Whole)
                return;
            isRepaired = outcome == QuarantineOutcome.Done;
        }

        await Add(fault.Kind, FoundThing.Manifest, row, claim.Path, claim.Expected, fault.Found, isRepaired, cancellation);
    }

    private async Task CheckReferences(TableEntity row, List<ManifestReference> references, RepositoryContent repository, CancellationToken cancellation)
    {
        var missing = new List<Digest>();
        foreach (var reference in references.Where(r => r.Kind != ReferenceKind.Elsewhere))
        {
            if (!await repository.Holds(reference, cancellation))
                missing.Add(reference.Digest);
        }

        // Named apart from the manifest's own bytes: both can be wrong.
        if (missing.Count > 0 && await IsAsRead(row, cancellation))
            await Add(FindingKind.Dangling, FoundThing.Manifest, row, null, "what it refers to", $"the repository does not hold {string.Join(", ", missing)}", isRepaired: false, cancellation);
    }

    private async Task CheckTag(TableEntity row, RepositoryContent repository, CancellationToken cancellation)
    {
        context.Count(t => t.Tags++);
        if (row.FindString("digest") is not { } digest || row.FindString("blob") is not { } path)
        {
            if (await IsAsRead(row, cancellation))
                await Add(FindingKind.Unreadable, FoundThing.Tag, row, row.FindString("blob"), "a digest and a blob", "a row without", isRepaired: false, cancellation);
            return;
        }

        // A manifest goes with its tags in one batch, and is tagged in one: what differs now and still does when the tag is as it was is no race.
        var manifest = Tables.ManifestPrefix + digest;
        if (repository.PathOf(manifest) == path)
            return;
        context.Budget.Spend(2 * VerificationBudget.RowCall);
        var leadsTo = (await context.Tables.Find(Tables.Manifests, row.Partition, manifest, cancellation))?.FindString("blob");
        if (leadsTo != path && await IsAsRead(row, cancellation))
            await Add(FindingKind.Dangling, FoundThing.Tag, row, path, $"the manifest {digest} at that path", leadsTo is null ? "no such manifest" : $"that manifest at {leadsTo}", isRepaired: false, cancellation);
    }

    private async Task<bool> IsAsRead(TableEntity row, CancellationToken cancellation) =>
        (await context.Tables.Find(Tables.Manifests, row.Partition, row.Row, cancellation))?.ETag == row.ETag;

    private Task Add(
        FindingKind kind, FoundThing thing, TableEntity row, string? path, string expected, string found, bool isRepaired, CancellationToken cancellation) =>
        context.Add(
            new Finding
            {
                Kind = kind,
                Thing = thing,
                Repository = CollectionContext.Name(row.Partition),
                Name = row.Row[1..],
                Path = path,
                Expected = expected,
                Found = found,
                IsRepaired = isRepaired,
            },
            cancellation);
}
