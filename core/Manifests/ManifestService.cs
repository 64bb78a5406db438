using Registry.Collection;
using Registry.Digests;
using Registry.Errors;
using Registry.Layers;
using Registry.Lifecycle;
using Registry.Repositories;
using Registry.Storage;
using Registry.Telemetry;

namespace Registry.Manifests;

/// <summary>Manifests of repositories: get, put with verification, delete; and their tags.</summary>
/// <remarks>
/// A manifest's row, its tags and its referrer's row lie in one partition and are written in one batch. Whoever tags a manifest re-writes its row,
/// so a delete, which is if-match on that row, cannot leave a tag that points at nothing.
/// </remarks>
public sealed class ManifestService(
    IStorageDriver driver,
    ITableStore tables,
    ManifestCache cache,
    ImmutableTags immutable,
    ManifestOptions options,
    CollectionOptions collection,
    TimeProvider time,
    IdSource ids)
{
    /// <summary>Tags that one put may name: with the manifest and its referrer they fit one batch, and a request line.</summary>
    public const int MaxTags = 50;

    private const string DeletedByClient = "deleted by a client";

    private readonly RepositoryCatalog catalog = new(tables);
    private readonly ReferenceVerifier references = new(tables, new LayerLinks(tables, collection), options, collection);
    private readonly ManifestWriter writer = new(driver, tables, collection, time, ids);

    /// <summary>Tells what a reference names. One point read.</summary>
    /// <exception cref="RegistryException"><c>MANIFEST_UNKNOWN</c>, also while verification waits for a put of what it names: a client that asks first would not send it otherwise</exception>
    public async Task<ManifestInfo> Stat(RepositoryName repository, Reference reference, CancellationToken cancellation)
    {
        var row = reference.Digest is { } digest ? Tables.ManifestRow(digest) : Tables.TagRow(reference.Tag!.Value);
        var entity = await tables.Find(Tables.Manifests, Tables.Key(repository), row, cancellation);

        // A tag's mark is as old as the repair that set it, and the manifest's row knows better (docs/verification.md).
        if (entity is not null && reference.Tag is not null && ManifestRows.IsDamaged(entity))
            entity = await tables.Find(Tables.Manifests, entity.Partition, Tables.ManifestRow(ManifestRows.Target(entity)), cancellation);
        if (entity is null)
            throw Unknown(repository, reference);
        return ManifestRows.IsDamaged(entity)
            ? throw new RegistryException(RegistryError.ManifestUnknown, "what is stored of this manifest is damaged: push it once more", new ManifestDetail(repository.ToString(), reference.ToString()))
            : ManifestRows.Info(entity);
    }

    /// <summary>Reads a manifest. One point read, and one of its content unless that is in memory.</summary>
    /// <exception cref="RegistryException"><c>MANIFEST_UNKNOWN</c></exception>
    public async Task<Manifest> Get(RepositoryName repository, Reference reference, CancellationToken cancellation)
    {
        var info = await Stat(repository, reference, cancellation);
        while (true)
        {
            try
            {
                var manifest = new Manifest(info, await Content(info, cancellation));
                RegistryMetrics.Pulls.Add(1);
                return manifest;
            }
            catch (StorageNotFoundException)
            {
                // Deleted since its row was read. If the row is still there, or names other content, that is read instead.
                var again = await Stat(repository, reference, cancellation);
                if (again.Path == info.Path)
                    throw;
                info = again;
            }
        }
    }

    /// <summary>Stores a manifest under its digest, and tags it.</summary>
    /// <param name="repository">Where.</param>
    /// <param name="reference">The digest that the content must have, or a tag.</param>
    /// <param name="tags">More tags, at most <see cref="MaxTags"/>.</param>
    /// <param name="contentType">The request's Content-Type, or null.</param>
    /// <param name="content">The bytes, which are stored as they are.</param>
    /// <param name="cancellation">Ends the call; whether the manifest is stored is then unknown.</param>
    /// <exception cref="RegistryException"><c>MANIFEST_INVALID</c>, <c>DIGEST_INVALID</c>, <c>MANIFEST_BLOB_UNKNOWN</c> for each digest that is missing; for schema 1 also <c>MANIFEST_UNVERIFIED</c>, <c>NAME_INVALID</c>, <c>TAG_INVALID</c>, and all that there are together; <c>TAG_INVALID</c> with 409 for each tag that is immutable and points elsewhere: then nothing is stored</exception>
    public async Task<ManifestStored> Put(
        RepositoryName repository, Reference reference, IReadOnlyCollection<Tag> tags, string? contentType, ReadOnlyMemory<byte> content, CancellationToken cancellation)
    {
        if (tags.Count > MaxTags)
            throw new RegistryException(RegistryError.TooManyTags, $"more than {MaxTags} tags in one request");
        IReadOnlyCollection<Tag> allTags = [.. (reference.Tag is { } tag ? tags.Append(tag) : tags).Distinct()];
        var outcome = await TryPut(repository, reference, await immutable.Of(repository, allTags, cancellation), contentType, content, cancellation);
        return outcome.IsStored ? outcome.Stored : throw ImmutableTags.Refusal(repository, outcome.Held);
    }

    /// <summary>The same with tags of which some may not move: where one of them points at another manifest, nothing is stored, and the outcome tells which.</summary>
    /// <param name="repository">Where.</param>
    /// <param name="reference">What the manifest is put under. A tag is one of <paramref name="tags"/>.</param>
    /// <param name="tags">All tags, each once: at most 98, which with the manifest's and the referrer's row are one batch.</param>
    /// <param name="contentType">The request's Content-Type, or null.</param>
    /// <param name="content">The bytes, which are stored as they are.</param>
    /// <param name="cancellation">Ends the call; whether the manifest is stored is then unknown.</param>
    internal async Task<ManifestPutOutcome> TryPut(
        RepositoryName repository, Reference reference, IReadOnlyCollection<TagPut> tags, string? contentType, ReadOnlyMemory<byte> content, CancellationToken cancellation)
    {
        if (content.Length > options.MaxSize)
            throw new RegistryException(RegistryError.ManifestTooLarge, $"the manifest has more than {options.MaxSize} bytes");
        var document = ManifestDocument.Parse(content, contentType, options);
        var digest = Digest.Compute(reference.Digest?.Algorithm ?? DigestAlgorithm.Sha256, (document.Schema1?.Payload ?? content).Span);

        var verifiedAt = time.GetTimestamp();
        document = document with { References = await Require(repository, reference, [.. tags.Select(t => t.Tag)], document, digest, cancellation) };
        await catalog.Add(repository, cancellation);
        var stored = new ManifestStored(digest, document.Subject);
        if (await writer.Write(repository, digest, document, tags, content, cancellation) is { Count: > 0 } held)
            return new ManifestPutOutcome(stored, held);

        // The collector spares what was renewed lately. When the write came long after the reads, what they told may have gone since: before
        // the client is told that its manifest is stored, they are made once more (docs/garbage-collection.md).
        if (time.GetElapsedTime(verifiedAt) > collection.Late)
            await references.Verify(repository, document.References, cancellation);
        RegistryMetrics.Pushes.Add(1);
        return new ManifestPutOutcome(stored, []);
    }

    /// <summary>Deletes a manifest with every tag that points at it, or one tag.</summary>
    /// <exception cref="RegistryException"><c>MANIFEST_UNKNOWN</c></exception>
    public async Task Delete(RepositoryName repository, Reference reference, CancellationToken cancellation)
    {
        if (reference.Digest is { } digest)
        {
            await DeleteManifest(repository, digest, cancellation);
        }
        else if (collection.KeepsDeleted)
        {
            await DeleteTag(repository, reference.Tag!.Value, cancellation);
        }
        else
        {
            var operation = TableOperation.Delete(Tables.Key(repository), Tables.TagRow(reference.Tag!.Value), etag: null);
            if (!(await tables.Write(Tables.Manifests, operation, cancellation)).IsDone)
                throw Unknown(repository, reference);
        }
    }

    /// <summary>Lists up to so many tags that follow one, in ordinal order.</summary>
    /// <exception cref="RegistryException"><c>NAME_UNKNOWN</c></exception>
    public async Task<NamePage> Tags(RepositoryName repository, Tag? last, int limit, CancellationToken cancellation)
    {
        var query = new TableQuery
        {
            Partition = Tables.Key(repository),
            FromRow = last is { } tag ? Tables.After(Tables.TagRow(tag)) : "t",
            BeforeRow = "u",
        };
        var page = await NamePages.Read(tables, Tables.Manifests, query, row => row[1..], limit, cancellation);
        if (page.Names.Count == 0 && !await catalog.Contains(repository, cancellation))
            throw new RegistryException(RegistryError.NameUnknown, detail: new NameDetail(repository.ToString()));
        return page;
    }

    private async Task<ReadOnlyMemory<byte>> Content(ManifestInfo info, CancellationToken cancellation)
    {
        var cached = cache.Find(info.Path);
        RegistryMetrics.ManifestCache.Add(1, RegistryMetrics.Of(RegistryMetrics.Outcome, cached is null ? "miss" : "hit"));
        if (cached is { } known)
            return known;
        var content = new byte[info.Size];
        await using (var stream = await driver.Open(info.Path, 0, info.Size, cancellation))
            await stream.ReadExactlyAsync(content, cancellation);

        // What was damaged in storage is put right under the same path: it must not live on here.
        if (Digest.Compute(info.Bytes.Algorithm, content) == info.Bytes)
            cache.Add(info.Path, content);
        return content;
    }

    // Of a schema 1 manifest all that is wrong is told at once, what is missing too; of others what is wrong with themselves comes alone, and costs no read.
    private async Task<IReadOnlyList<ManifestReference>> Require(
        RepositoryName repository, Reference reference, IReadOnlyCollection<Tag> tags, ManifestDocument document, Digest digest, CancellationToken cancellation)
    {
        List<RegistryException.Problem> problems = document.Schema1 is { } schema1 ? [.. schema1.Problems, .. schema1.ProblemsAt(repository, tags)] : [];
        if (reference.Digest is { } named && named != digest)
            problems.Add(new(RegistryError.DigestInvalid, "the manifest does not have the digest that it is put under", new DigestDetail(named.ToString(), digest.ToString())));
        if (document.Schema1 is null && problems.Count > 0)
            throw new RegistryException(problems);
        var (all, missing) = await references.Find(repository, document.References, cancellation);
        problems.AddRange(missing);
        return problems.Count == 0 ? all : throw new RegistryException(problems);
    }

    private async Task DeleteTag(RepositoryName repository, Tag tag, CancellationToken cancellation)
    {
        for (var round = 0; round < ManifestWriter.MaxRounds; round++)
        {
            var row = await tables.Find(Tables.Manifests, Tables.Key(repository), Tables.TagRow(tag), cancellation)
                ?? throw Unknown(repository, Reference.To(tag));
            if ((await tables.WriteBatch(Tables.Manifests, [.. DeletedRows.DeleteTag(row, collection, DeletedByClient)], cancellation)).IsDone)
                return;
        }

        throw Contended("delete tag", $"{repository}:{tag}");
    }

    private async Task DeleteManifest(RepositoryName repository, Digest digest, CancellationToken cancellation)
    {
        for (var round = 0; round < ManifestWriter.MaxRounds; round++)
        {
            var manifest = await tables.Find(Tables.Manifests, Tables.Key(repository), Tables.ManifestRow(digest), cancellation)
                ?? throw Unknown(repository, Reference.To(digest));
            if (!await DeleteRows(manifest, await TagsOf(repository, digest, cancellation), cancellation))
                continue;

            // Distribution's blob, which was taken over, can be the manifest of other repositories too: the collector frees it when none holds it.
            if (!collection.KeepsDeleted && manifest.GetString("blob") is var path && PathMapper.ContentId(path) is not null)
                await driver.Delete(path, cancellation);
            return;
        }

        throw Contended("delete manifest", $"{repository}@{digest}");
    }

    private async Task<List<TableEntity>> TagsOf(RepositoryName repository, Digest digest, CancellationToken cancellation)
    {
        var query = ManifestRows.TagsOf(Tables.Key(repository), digest.ToString());
        return await tables.ReadAll(Tables.Manifests, query, cancellation).ToListAsync(cancellation);
    }

    // Tags beyond one batch go first, the manifest's row last: until then the manifest is there, and no tag ever points at nothing.
    // Every delete is if-match. A tag that was moved meanwhile, or a manifest that was tagged again, fails its batch, and all is read once more.
    private async Task<bool> DeleteRows(TableEntity manifest, List<TableEntity> tags, CancellationToken cancellation)
    {
        List<TableOperation> last = [.. DeletedRows.DeleteManifest(manifest, collection, DeletedByClient)];
        var batches = DeletedRows.Batches(tags, last.Count, collection);
        foreach (var batch in batches.SkipLast(1))
        {
            if (!(await tables.WriteBatch(Tables.Manifests, [.. batch.SelectMany(DeleteTag)], cancellation)).IsDone)
                return false;
        }

        last.AddRange(batches[^1].SelectMany(DeleteTag));
        return (await tables.WriteBatch(Tables.Manifests, last, cancellation)).IsDone;

        IEnumerable<TableOperation> DeleteTag(TableEntity tag) => DeletedRows.DeleteTag(tag, collection, DeletedByClient);
    }

    private static StorageFailedException Contended(string operation, string name) => new(operation, name, 0, "contended");

    private static RegistryException Unknown(RepositoryName repository, Reference reference) =>
        new(RegistryError.ManifestUnknown, detail: new ManifestDetail(repository.ToString(), reference.ToString()));
}
