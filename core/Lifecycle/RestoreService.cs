using System.Runtime.CompilerServices;
using Registry.Collection;
using Registry.Digests;
using Registry.Errors;
using Registry.Manifests;
using Registry.Repositories;
using Registry.Storage;

namespace Registry.Lifecycle;

/// <summary>Brings back what was deleted.</summary>
/// <remarks>
/// A restore is a put of the bytes that the deleted row still names: it reads and renews what the manifest needs, or says what is gone, and nothing new has to
/// be safe beside the collector. The deleted row goes after it, if-match; a crash between leaves both, which a second restore or the row's end clears up.
/// A tag is never taken from a manifest that has it by now.
/// </remarks>
public sealed class RestoreService(IStorageDriver driver, ITableStore tables, ManifestService manifests, CollectionOptions options)
{
    /// <summary>Is told how many of how many manifests a restore is done with.</summary>
    public Func<long, long, ValueTask> Report { get; init; } = (_, _) => ValueTask.CompletedTask;

    /// <summary>What can be restored in a repository: tags, then manifests. A manifest that is there again is not among them. One transaction for a thousand rows of what was deleted, and one for a thousand of what is there, or less.</summary>
    public async IAsyncEnumerable<DeletedItem> List(RepositoryName repository, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var deleted = await DeletedSet.Read(tables, repository, cancellation);
        foreach (var (tag, row) in deleted.Tags)
            yield return Item(repository, tag, row);
        var there = await There(repository, [.. deleted.Manifests.Keys.Select(Tables.ManifestRow).Order(StringComparer.Ordinal)], cancellation);
        foreach (var (digest, row) in deleted.Manifests)
        {
            if (!there.Contains(Tables.ManifestRow(digest)))
                yield return Item(repository, null, row);
        }
    }

    /// <summary>Restores a tag with its manifest, a manifest with its tags, or all of a repository. With a manifest come the children and referrers that were deleted with it.</summary>
    /// <param name="repository">Where.</param>
    /// <param name="reference">A deleted tag, or the digest of a deleted manifest; null for all that was deleted.</param>
    /// <param name="cancellation">Ends the call between two manifests.</param>
    /// <returns>What was asked for, and what came with it, each with what became of it.</returns>
    /// <exception cref="RegistryException"><c>MANIFEST_UNKNOWN</c>: nothing of that name was deleted, or not lately</exception>
    public async Task<IReadOnlyList<RestoredItem>> Restore(RepositoryName repository, Reference? reference, CancellationToken cancellation)
    {
        var deleted = await DeletedSet.Read(tables, repository, cancellation);
        var asked = Tags(deleted, reference).ToList();
        IEnumerable<Digest> roots = [.. reference?.Digest is { } digest ? [digest] : reference is null ? deleted.Manifests.Keys : [], .. asked.Select(ManifestRows.Target)];
        if (reference is { } named && asked.Count == 0 && !roots.Any(deleted.Manifests.ContainsKey))
            throw new RegistryException(RegistryError.ManifestUnknown, $"nothing that was deleted lately in {repository} is called {named}");

        var restored = new List<RestoredItem>();
        var order = deleted.With(roots);
        var tags = asked.Union(order.SelectMany(deleted.Attachments)).ToLookup(ManifestRows.Target);
        List<Digest> all = [.. order, .. tags.Select(t => t.Key).Where(d => !deleted.Manifests.ContainsKey(d))];
        foreach (var (done, manifest) in all.Index())
        {
            await Report(done, all.Count);
            restored.AddRange(await Restore(repository, manifest, deleted.Manifests.GetValueOrDefault(manifest), [.. tags[manifest]], cancellation));
        }

        return restored;
    }

    private static IEnumerable<TableEntity> Tags(DeletedSet deleted, Reference? reference) => reference switch
    {
        { Tag: { } tag } => deleted.Tags.Where(t => t.Key == tag).Select(t => t.Value),
        { Digest: { } digest } => deleted.Tags.Values.Where(row => ManifestRows.Target(row) == digest),
        _ => deleted.Tags.Values,
    };

    /// <summary>One manifest and those of its tags that were asked for.</summary>
    private async Task<List<RestoredItem>> Restore(RepositoryName repository, Digest digest, TableEntity? row, List<TableEntity> tags, CancellationToken cancellation)
    {
        var restored = new List<RestoredItem>();
        string? problem = null;
        try
        {
            var (mediaType, content) = await Read(repository, digest, row, cancellation);
            foreach (var some in tags.Count == 0 ? [[]] : tags.Chunk(ManifestService.MaxTags))
                restored.AddRange(await Put(repository, digest, some, mediaType, content, cancellation));
        }
        catch (RegistryException e)
        {
            problem = string.Join("; ", e.Problems.Select(p => p.Detail is DigestDetail missing ? $"{p.Message}: {missing.Digest}" : p.Message).Distinct(StringComparer.Ordinal));
            restored = [.. tags.Select(t => new RestoredItem(DeletedRows.Tag(t), digest, problem))];
        }

        if (problem is null)
            await Forget(row, [.. tags.Where(t => restored.Any(r => r.Tag == DeletedRows.Tag(t) && r.Problem is null))], cancellation);
        return row is null ? restored : [new RestoredItem(null, digest, problem), .. restored];
    }

    private async Task<(string MediaType, ReadOnlyMemory<byte> Content)> Read(RepositoryName repository, Digest digest, TableEntity? row, CancellationToken cancellation)
    {
        if (row is not null && !await IsThere(repository, digest, cancellation))
        {
            try
            {
                var info = ManifestRows.Info(row);
                var content = new byte[info.Size];
                await using var stream = await driver.Open(info.Path, 0, info.Size, cancellation);

                // Fewer bytes than the row says are not the manifest, which the put finds.
                var read = await stream.ReadAtLeastAsync(content, content.Length, throwOnEndOfStream: false, cancellation);
                return (info.MediaType, content.AsMemory(0, read));
            }
            catch (StorageNotFoundException)
            {
                // Restored by another, or collected, since its row was read: what follows tells which.
            }
        }

        var manifest = await manifests.Get(repository, Reference.To(digest), cancellation);
        return (manifest.Info.MediaType, manifest.Content);
    }

    private async Task<List<RestoredItem>> Put(
        RepositoryName repository, Digest digest, TableEntity[] rows, string mediaType, ReadOnlyMemory<byte> content, CancellationToken cancellation)
    {
        var restored = new List<RestoredItem>();
        var open = rows.Select(row => new TagPut(DeletedRows.Tag(row), MayMove: false, ManifestRows.PushedAt(row))).ToList();
        while (await manifests.TryPut(repository, Reference.To(digest), open, mediaType, content, cancellation) is { IsStored: false } outcome)
        {
            restored.AddRange(outcome.Held.Select(h => new RestoredItem(h.Tag, digest, $"the tag points at {h.Digest} by now: delete it first, and restore again")));
            open.RemoveAll(t => outcome.Held.Any(h => h.Tag == t.Tag));
        }

        restored.AddRange(open.Select(t => new RestoredItem(t.Tag, digest, null)));
        return restored;
    }

    /// <summary>Removes the deleted rows of what is there again, unless it was deleted once more.</summary>
    private async Task Forget(TableEntity? manifest, List<TableEntity> tags, CancellationToken cancellation)
    {
        foreach (var tag in tags)
            await tables.Write(Tables.Manifests, TableOperation.Delete(tag.Partition, tag.Row, tag.ETag), cancellation);
        if (manifest is null || !(await tables.Write(Tables.Manifests, TableOperation.Delete(manifest.Partition, manifest.Row, manifest.ETag), cancellation)).IsDone)
            return;
        if (manifest.GetString("blob") is var path && PathMapper.ContentId(path) is not null)
            await driver.Delete(path, cancellation);
    }

    private async Task<bool> IsThere(RepositoryName repository, Digest digest, CancellationToken cancellation) =>
        await tables.Find(Tables.Manifests, Tables.Key(repository), Tables.ManifestRow(digest), cancellation) is not null;

    /// <summary>Those of some rows, in order, that are there. A page covers many of them, and what lies between a page's end and the next of them is skipped.</summary>
    private async Task<HashSet<string>> There(RepositoryName repository, List<string> rows, CancellationToken cancellation)
    {
        var there = new HashSet<string>(StringComparer.Ordinal);
        TableContinuation? at = null;
        for (var next = rows.Count == 0 ? -1 : 0; next >= 0;)
        {
            var query = new TableQuery { Partition = Tables.Key(repository), FromRow = rows[next], BeforeRow = Tables.After(rows[^1]), Select = ["digest"], Continue = at };
            var page = await tables.Query(Tables.Manifests, query, cancellation);
            there.UnionWith(page.Entities.Select(e => e.Row));
            if (page.Next is null)
                break;
            at = page.Entities.Count == 0 ? page.Next : null;
            if (at is null)
                next = rows.FindIndex(next, row => string.CompareOrdinal(row, page.Entities[^1].Row) > 0);
        }

        return there;
    }

    private DeletedItem Item(RepositoryName repository, Tag? tag, TableEntity row) =>
        new(repository, tag, ManifestRows.Target(row), row.Timestamp, row.Timestamp + options.RestorableFor, DeletedRows.Reason(row));
}
