using Registry.Collection;
using Registry.Digests;
using Registry.Manifests;
using Registry.Repositories;
using Registry.Storage;

namespace Registry.Lifecycle;

/// <summary>The deleted rows of one repository, and what restoring one of them brings back with it.</summary>
internal sealed class DeletedSet
{
    private readonly Dictionary<Digest, TableEntity> manifests = [];
    private readonly Dictionary<Tag, TableEntity> tags = [];
    private readonly ILookup<Digest, Digest> referrers;
    private readonly ILookup<string, TableEntity> attachments;

    private DeletedSet(IEnumerable<TableEntity> rows)
    {
        foreach (var row in rows)
        {
            if (DeletedRows.IsManifest(row))
                manifests[ManifestRows.Target(row)] = row;
            else if (DeletedRows.IsTag(row))
                tags[DeletedRows.Tag(row)] = row;
        }

        referrers = manifests.Where(m => ManifestRows.Subject(m.Value) is not null).ToLookup(m => ManifestRows.Subject(m.Value)!.Value, m => m.Key);
        attachments = tags.Where(t => Attachment.NamedAfter(t.Key.ToString()) is not null).ToLookup(t => Attachment.NamedAfter(t.Key.ToString())!, t => t.Value, StringComparer.Ordinal);
    }

    public IReadOnlyDictionary<Digest, TableEntity> Manifests => manifests;

    public IReadOnlyDictionary<Tag, TableEntity> Tags => tags;

    public static async Task<DeletedSet> Read(ITableStore tables, RepositoryName repository, CancellationToken cancellation)
    {
        var query = new TableQuery { Partition = Storage.Tables.Key(repository), FromRow = Storage.Tables.DeletedPrefix.ToString() };
        return new DeletedSet(await tables.ReadAll(Storage.Tables.Manifests, query, cancellation).ToListAsync(cancellation));
    }

    /// <summary>
    /// These manifests and what goes with them, as far as it was deleted: the children of indexes, what tags point at that are named after one (cosign's signatures), and the referrers that were
    /// deleted with their subject or after it. One that was deleted before was meant to go by itself. Children come before their indexes, which cannot be put without them.
    /// </summary>
    public IReadOnlyList<Digest> With(IEnumerable<Digest> roots)
    {
        var all = new HashSet<Digest>();
        var open = new Stack<Digest>(roots);
        while (open.TryPop(out var digest))
        {
            if (!manifests.TryGetValue(digest, out var row) || !all.Add(digest))
                continue;
            var referring = referrers[digest].Where(r => manifests[r].Timestamp >= row.Timestamp);
            foreach (var next in Children(row).Concat(referring).Concat(Attachments(digest).Select(ManifestRows.Target)))
                open.Push(next);
        }

        var groups = LeadOrder.Of([.. all.Select(d => d.ToString())], text => Children(manifests[Digest.Parse(text)]).Select(c => c.ToString()));
        return [.. Enumerable.Reverse(groups).SelectMany(g => g).Select(Digest.Parse)];
    }

    /// <summary>The deleted tags that are named after a manifest.</summary>
    public IEnumerable<TableEntity> Attachments(Digest subject) => attachments[Attachment.NameOf(subject.ToString())];

    private static IEnumerable<Digest> Children(TableEntity row) =>
        ManifestRows.References(row).Where(r => r.Kind == ReferenceKind.Child).Select(r => r.Digest);
}
