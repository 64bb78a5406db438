using Registry.Collection;
using Registry.Digests;
using Registry.Errors;
using Registry.Layers;
using Registry.Lifecycle;
using Registry.Manifests;
using Registry.Storage;

namespace Registry.Verification;

/// <summary>Reads the manifests table once: each manifest's bytes are read and hashed, what it refers to must be held, and each tag and referrer's row must name a manifest that is there. A manifest that was deleted and can be restored is one, too.</summary>
internal sealed class ManifestPhase(VerificationContext context, LayerLinks links, RowPosition? from) : IVerificationPhase
{
    private static readonly string[] Columns = [.. ManifestRows.ReferenceColumns, "blob", "digest", "bytes", "size", "subject"];

    private const int Parallelism = 8;

    // Rows of other kinds cost next to nothing, and still a slice must come to its end among them.
    private const int RowsPerStep = 1000;

    // Of what a manifest lacks so much is named: an index can lack ten thousand, and ten thousand manifests the same.
    private const int NamedAtMost = 10;

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

                if (Check(row, known, cancellation) is { } check)
                    some.Add(check);
                rows.Take();
            }
        }
        finally
        {
            await Task.WhenAll(some);
        }

        return rows.HasMore;
    }

    private Task? Check(TableEntity row, RepositoryContent repository, CancellationToken cancellation) => row.Row[0] switch
    {
        Tables.ManifestPrefix => CheckManifest(row, FoundThing.Manifest, repository, cancellation),
        Tables.ReferrerPrefix => CheckReferrer(row, repository, cancellation),
        Tables.TagPrefix => CheckTag(row, repository, cancellation),
        _ => DeletedRows.IsManifest(row) ? CheckManifest(row, FoundThing.Deleted, repository, cancellation) : null,
    };

    private async Task CheckManifest(TableEntity row, FoundThing thing, RepositoryContent repository, CancellationToken cancellation)
    {
        context.Count(t => t.Manifests++);
        BlobClaim claim;
        List<ManifestReference> references;
        Digest? subject;
        try
        {
            claim = Quarantine.ManifestClaim(row);
            references = [.. ManifestRows.References(row)];
            subject = ManifestRows.Subject(row);
        }
        catch (Exception e) when (e is InvalidDataException or FormatException or RegistryException)
        {
            if (await IsAsRead(row, cancellation))
                await Add(FindingKind.Unreadable, thing, row, row.FindString("blob"), "what a manifest's row has", e.Message, isRepaired: false, cancellation);
            return;
        }

        if (thing == FoundThing.Manifest)
            repository.Knows(row.Row, claim.Path);
        context.Budget.Spend(Math.Max(0, VerificationBudget.ContentCall - claim.Size));
        var fault = await context.Blobs.Whole(claim, context.Read, cancellation);
        if (!context.AllowSparse)
            await CheckReferences(row, thing, references, repository, cancellation);
        if (thing == FoundThing.Manifest && subject is { } named)
            await CheckListed(row, named, claim.Path, cancellation);

        // Last, since a repair writes the row.
        if (fault is not null)
            await Report(row, thing, claim, fault, cancellation);
    }

    private async Task Report(TableEntity row, FoundThing thing, BlobClaim claim, BlobFault fault, CancellationToken cancellation)
    {
        var now = await context.Tables.Find(Tables.Manifests, row.Partition, row.Row, cancellation);
        if (now is null || now.FindString("blob") != claim.Path || (thing == FoundThing.Deleted && await IsThereAgain(row, cancellation)))
            return;
        var isRepaired = false;
        if (context.Repairs && thing == FoundThing.Manifest && fault.Kind != FindingKind.Unreadable)
        {
            var outcome = await context.Quarantine.Manifest(row.Partition, row.Row, cancellation);
            if (outcome == QuarantineOutcome.Whole)
                return;
            isRepaired = outcome == QuarantineOutcome.Done;
        }

        await Add(fault.Kind, thing, row, claim.Path, claim.Expected, fault.Found, isRepaired, cancellation);
    }

    private async Task CheckReferences(TableEntity row, FoundThing thing, List<ManifestReference> references, RepositoryContent repository, CancellationToken cancellation)
    {
        var missing = new List<Digest>();
        foreach (var reference in references.Where(r => r.Kind != ReferenceKind.Elsewhere))
        {
            if (!await repository.Holds(reference, mayBeDeleted: thing == FoundThing.Deleted, cancellation))
                missing.Add(reference.Digest);
        }

        // Named apart from the manifest's own bytes: both can be wrong.
        if (missing.Count == 0 || !await IsAsRead(row, cancellation) || (thing == FoundThing.Deleted && await IsThereAgain(row, cancellation)))
            return;
        var more = missing.Count > NamedAtMost ? $" and {missing.Count - NamedAtMost} more" : "";
        await Add(FindingKind.Dangling, thing, row, null, "what it refers to", $"the repository does not hold {string.Join(", ", missing.Take(NamedAtMost))}{more}", isRepaired: false, cancellation);
    }

    // Its bytes may have gone with a later put, and nobody restores what is there.
    private async Task<bool> IsThereAgain(TableEntity deleted, CancellationToken cancellation) =>
        await context.Tables.Find(Tables.Manifests, deleted.Partition, deleted.Row[1..], cancellation) is not null;

    /// <summary>A manifest with a subject has a row in the list of that one's referrers: without it nobody finds the signature.</summary>
    private async Task CheckListed(TableEntity row, Digest subject, string path, CancellationToken cancellation)
    {
        context.Budget.Spend(VerificationBudget.RowCall);
        var listed = await context.Tables.Find(Tables.Manifests, row.Partition, Tables.ReferrerRow(subject, Digest.Parse(row.Row[1..])), cancellation);
        if (listed?.FindString("blob") == path || !await IsAsRead(row, cancellation))
            return;
        var isRepaired = context.Repairs && await context.Referrers.List(row.Partition, row.Row, cancellation);
        await Add(
            FindingKind.Dangling, FoundThing.Referrer, row, path, $"listed among the referrers of {subject}", listed is null ? "not listed" : $"listed at {listed.FindString("blob")}", isRepaired, cancellation);
    }

    /// <summary>The other way round: what is listed must be there.</summary>
    private async Task CheckReferrer(TableEntity row, RepositoryContent repository, CancellationToken cancellation)
    {
        var manifest = row.FindString("digest") is { } digest ? Tables.ManifestPrefix + digest : null;
        if (manifest is not null && row.FindString("blob") is { } path && repository.PathOf(manifest) == path)
            return;
        context.Budget.Spend(2 * VerificationBudget.RowCall);

        // That it is listed where its bytes do not lie is told, and mended, with the manifest's row.
        if ((manifest is not null && await context.Tables.Find(Tables.Manifests, row.Partition, manifest, cancellation) is not null) || !await IsAsRead(row, cancellation))
            return;
        if (context.Repairs && !await context.Referrers.Unlist(row, cancellation))
            return;
        await Add(FindingKind.Dangling, FoundThing.Referrer, row, row.FindString("blob"), "a manifest", manifest is null ? "a row without a digest" : "no such manifest", context.Repairs, cancellation);
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
                Name = NameOf(row),
                Path = path,
                Expected = expected,
                Found = found,
                IsRepaired = isRepaired,
            },
            cancellation);

    // A referrer's key begins with its subject.
    private static string NameOf(TableEntity row) => row.Row[0] switch
    {
        Tables.ReferrerPrefix => row.FindString("digest") ?? row.Row[1..],
        Tables.DeletedPrefix => row.Row[Tables.DeletedManifestsPrefix.Length..],
        _ => row.Row[1..],
    };
}
