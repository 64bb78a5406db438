using Registry.Digests;
using Registry.Errors;
using Registry.Manifests;
using Registry.Repositories;
using Registry.Storage;

namespace Registry.Import;

/// <summary>Takes over one repository: the manifests that are not here, each after what it needs, and their tags.</summary>
/// <remarks>
/// As in a push, links come first and the manifest's row after them, so what is taken is whole at any moment. Only what a manifest that can be taken needs
/// is linked: the rest stays in the container as it is, and the collector, which knows only what was linked, never touches it.
/// </remarks>
internal sealed class RepositoryImport(ImportContext context, RepositoryName repository, FoundRepository found)
{
    // So many are read, linked and written together: well within the time that links may be old.
    private const int BatchSize = 64;
    private const int Parallelism = 8;
    private const int NamedAtMost = 3;

    private readonly ImportLinks links = new(context, repository);
    private HashSet<Digest> here = [];
    private ILookup<Digest, Tag> tags = Array.Empty<Tag>().ToLookup(_ => default(Digest));
    private bool isTaken;

    public async Task Run(CancellationToken cancellation)
    {
        here = await context.Rows.Manifests(repository, cancellation);
        var before = here.ToHashSet();
        tags = await ReadTags(cancellation);
        await TakeAll(found.Revisions.Where(d => !before.Contains(d)), cancellation);
        foreach (var known in tags.Where(t => before.Contains(t.Key)))
            await TagKnown(known.Key, [.. known], cancellation);

        context.Count(t =>
        {
            t.KnownManifests += found.Revisions.Count(before.Contains);
            t.Repositories += isTaken ? 1 : 0;
        });
        ReportRest();
    }

    /// <summary>The tags that are not here, by the digests that they name.</summary>
    private async Task<ILookup<Digest, Tag>> ReadTags(CancellationToken cancellation)
    {
        var known = found.Tags.Count == 0 ? [] : await context.Rows.Tags(repository, cancellation);
        var names = new Digest?[found.Tags.Count];
        await Parallel.ForEachAsync(Enumerable.Range(0, names.Length), Options(cancellation), async (i, cancel) => names[i] = await context.Layout.ReadTag(found.Name, found.Tags[i], cancel));

        var fresh = new List<(Digest Digest, Tag Tag)>();
        foreach (var (name, digest) in found.Tags.Zip(names))
        {
            if (digest is not { } named)
                Problem(ImportProblemKind.Tag, name, "its link names no digest");
            else if (!Tag.TryParse(name, out var tag))
                Problem(ImportProblemKind.Tag, name, "the name is none that OCI allows");
            else if (!known.TryGetValue(name, out var current))
                fresh.Add((named, tag));
            else if (current == named.ToString())
                context.Count(t => t.KnownTags++);
            else
                Problem(ImportProblemKind.Tag, name, $"it is here already and stays at {current}; in the container it is at {named}");
        }

        return fresh.ToLookup(t => t.Digest, t => t.Tag);
    }

    private async Task TakeAll(IEnumerable<Digest> digests, CancellationToken cancellation)
    {
        var indexes = new List<FoundManifest>();
        foreach (var some in digests.Chunk(BatchSize))
        {
            var manifests = await Read(some, cancellation);
            indexes.AddRange(manifests.Where(m => m.Children.Any()));
            await Take(manifests.Where(m => !m.Children.Any()), cancellation);
        }

        // Those whose children are settled, until none is left: no digest can be among what it is computed of.
        while (indexes.Count > 0)
        {
            var open = indexes.Select(m => m.Digest).ToHashSet();
            var ready = indexes.Where(m => !m.Children.Any(open.Contains)).ToList();
            foreach (var some in ready.Chunk(BatchSize))
                await Take(some, cancellation);
            indexes.RemoveAll(ready.Contains);
        }
    }

    private async Task<List<FoundManifest>> Read(Digest[] digests, CancellationToken cancellation)
    {
        var manifests = new FoundManifest?[digests.Length];
        await Parallel.ForEachAsync(Enumerable.Range(0, digests.Length), Options(cancellation), async (i, cancel) => manifests[i] = await Read(digests[i], cancel));
        return [.. manifests.OfType<FoundManifest>()];
    }

    private async Task<FoundManifest?> Read(Digest digest, CancellationToken cancellation)
    {
        try
        {
            if (!context.Blobs.Contains(digest))
                throw new StorageNotFoundException(context.Layout.Path(digest));
            var size = context.Blobs.Size(digest);
            if (size > context.Manifests.MaxSize)
                throw new RegistryException(RegistryError.ManifestTooLarge, $"it has {size} bytes, and may have {context.Manifests.MaxSize}");
            var content = new byte[size];
            await using var stream = await context.Driver.Open(context.Layout.Path(digest), 0, size, cancellation);
            var length = await stream.ReadAtLeastAsync(content, content.Length, throwOnEndOfStream: false, cancellation);
            return FoundManifest.Read(digest, content.AsMemory(0, length), context.Manifests);
        }
        catch (StorageNotFoundException)
        {
            Problem(ImportProblemKind.Manifest, digest.ToString(), "its content is not there");
        }
        catch (RegistryException e)
        {
            Problem(ImportProblemKind.Manifest, digest.ToString(), e.Message);
        }

        return null;
    }

    private async Task Take(IEnumerable<FoundManifest> manifests, CancellationToken cancellation)
    {
        var able = new List<FoundManifest>();
        foreach (var manifest in manifests)
        {
            if (await IsComplete(manifest, cancellation))
                able.Add(manifest);
        }

        if (!context.IsDryRun)
            able = await Write(able, cancellation);
        foreach (var manifest in able)
            Count(manifest);
    }

    private async Task<bool> IsComplete(FoundManifest manifest, CancellationToken cancellation)
    {
        if (context.Manifests.AllowSparse)
            return true;
        var missing = new List<Digest>();
        foreach (var (kind, digest) in manifest.Document.References)
        {
            // What was pushed here will do as well.
            if (kind != ReferenceKind.Elsewhere && !IsHeld(digest) && !(kind == ReferenceKind.Child && here.Contains(digest))
                && await context.Links.Find(repository, digest, cancellation) is null)
                missing.Add(digest);
        }

        if (missing.Count > 0)
            ProblemOf(manifest, missing);
        return missing.Count == 0;
    }

    /// <returns>Those that were written.</returns>
    private async Task<List<FoundManifest>> Write(List<FoundManifest> manifests, CancellationToken cancellation)
    {
        var began = context.Time.GetTimestamp();
        manifests = await Hold(manifests, cancellation);
        if (manifests.Count > 0)
            await context.Catalog.Add(repository, cancellation);
        await Parallel.ForEachAsync(manifests, Options(cancellation), async (manifest, cancel) =>
        {
            var written = await context.Rows.Put(repository, manifest, context.Layout.Path(manifest.Digest), [.. tags[manifest.Digest]], cancel);
            context.Count(t => t.Tags += written);
        });

        // The collector spares what was linked lately. When the rows came long after the links, those may have gone since: as in a put, all is
        // looked at once more (docs/garbage-collection.md).
        return context.Time.GetElapsedTime(began) > context.Collection.Late ? await Hold(manifests, cancellation) : manifests;
    }

    /// <summary>Makes sure of all that the manifests need, and of their own content.</summary>
    /// <returns>Those for which that was possible.</returns>
    private async Task<List<FoundManifest>> Hold(List<FoundManifest> manifests, CancellationToken cancellation)
    {
        var gone = await links.Hold(manifests.SelectMany(Holds), cancellation);
        var held = new List<FoundManifest>();
        foreach (var manifest in manifests)
        {
            var missing = Holds(manifest).Where(gone.Contains).ToList();
            if (missing.Contains(manifest.Digest) || (missing.Count > 0 && !context.Manifests.AllowSparse))
                ProblemOf(manifest, missing);
            else if (await Verify(manifest, cancellation) is { } verified)
                held.Add(verified);
        }

        return held;
    }

    /// <summary>Children, and what was pushed here, are looked at and renewed as a put does it.</summary>
    /// <returns>The manifest, with the digests of what it names by a tarsum; null if something is missing.</returns>
    private async Task<FoundManifest?> Verify(FoundManifest manifest, CancellationToken cancellation)
    {
        try
        {
            var references = manifest.Document.References;
            var verified = await context.Verifier.Verify(repository, [.. references.Where(r => !IsHeld(r.Digest))], cancellation);
            return manifest with { Document = manifest.Document with { References = [.. references.Concat(verified).DistinctBy(r => r.Digest)] } };
        }
        catch (RegistryException e)
        {
            ProblemOf(manifest, [.. e.Problems.Select(p => p.Detail).OfType<DigestDetail>().Select(d => Digest.Parse(d.Digest))]);
            return null;
        }
    }

    private async Task TagKnown(Digest digest, IReadOnlyList<Tag> fresh, CancellationToken cancellation)
    {
        var written = context.IsDryRun ? fresh.Count : await context.Rows.Tag(repository, digest, fresh, cancellation);
        isTaken |= written > 0;
        context.Count(t => t.Tags += written);
    }

    private void Count(FoundManifest manifest)
    {
        here.Add(manifest.Digest);
        isTaken = true;
        context.Count(t =>
        {
            t.Manifests++;
            t.Tags += context.IsDryRun ? tags[manifest.Digest].Count() : 0;
            foreach (var digest in Holds(manifest).Where(context.Blobs.TryTake))
            {
                t.Layers += digest == manifest.Digest ? 0 : 1;
                t.Bytes += context.Blobs.Size(digest);
            }
        });
    }

    private void ReportRest()
    {
        foreach (var (digest, tag) in tags.Where(t => !here.Contains(t.Key)).SelectMany(t => t.Select(tag => (t.Key, tag))))
            Problem(ImportProblemKind.Tag, tag.ToString(), $"it names {digest}, which was not taken over");
        foreach (var digest in found.Layers.Where(d => !context.Blobs.Contains(d)))
            Problem(ImportProblemKind.Link, digest.ToString(), "its content is not there");
        foreach (var digest in found.Damaged)
            Problem(ImportProblemKind.Link, digest.ToString(), "the link is damaged");
    }

    /// <summary>What lies in the container for a manifest, itself included.</summary>
    private IEnumerable<Digest> Holds(FoundManifest manifest) => manifest.Document.References.Select(r => r.Digest).Where(IsHeld).Append(manifest.Digest);

    // As distribution has it: content without the repository's link is not the repository's.
    private bool IsHeld(Digest digest) => found.Layers.Contains(digest) && context.Blobs.Contains(digest);

    private void ProblemOf(FoundManifest manifest, List<Digest> missing)
    {
        var more = missing.Count > NamedAtMost ? $" and {missing.Count - NamedAtMost} more" : "";
        Problem(ImportProblemKind.Manifest, manifest.Digest.ToString(), $"it needs what is not there: {string.Join(", ", missing.Take(NamedAtMost))}{more}");
    }

    private void Problem(ImportProblemKind kind, string name, string reason) => context.Problem(new ImportProblem(kind, found.Name, name, reason));

    private static ParallelOptions Options(CancellationToken cancellation) => new() { MaxDegreeOfParallelism = Parallelism, CancellationToken = cancellation };
}
