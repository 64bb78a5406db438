using Registry.Manifests;
using Registry.Repositories;
using Registry.Storage;

namespace Registry.Lifecycle;

/// <summary>A repository as its rows tell it: its manifests, its tags, and what leads to what. It reads and writes nothing.</summary>
/// <remarks>
/// A manifest leads to its children, if it is an index, and to its referrers, whose subject it is. What is kept keeps all that it leads to.
/// A tag that is named after a manifest of the repository is an attachment of that one: the referrers tag schema of distribution-spec (<c>sha256-HEX</c>),
/// and cosign's tags, which have a suffix (<c>.sig</c>). Where attachments count as such, the subject leads to what they point at, too.
/// </remarks>
internal sealed class RepositoryGraph
{
    /// <summary>The properties of rows that a graph is made of. A tag's row is whole with them.</summary>
    public static readonly IReadOnlyList<string> Columns = [.. ManifestRows.ReferenceColumns, .. ManifestRows.TagColumns, "subject", ManifestLead.Since, ManifestLead.Released];

    private readonly Dictionary<string, ManifestNode> manifests = new(StringComparer.Ordinal);
    private readonly List<TagNode> tags = [];
    private ILookup<string, string>? referrers;
    private Dictionary<string, string>? subjects;
    private ILookup<string, TagNode>? attachments;
    private ILookup<string, TagNode>? tagsAt;

    /// <summary>Whether some row tells nothing sensible: then nothing of the repository may go.</summary>
    public bool IsUnreadable { get; private set; }

    /// <summary>How many rows were read.</summary>
    public long Rows { get; private set; }

    /// <summary>When its last row was read, in storage's time.</summary>
    public DateTimeOffset ReadAt { get; private set; }

    public IReadOnlyDictionary<string, ManifestNode> Manifests => manifests;

    /// <summary>All tags, in the order of their rows.</summary>
    public IReadOnlyList<TagNode> Tags => tags;

    /// <summary>Manifests by the digest of their subject, which need not be there.</summary>
    public ILookup<string, string> Referrers =>
        referrers ??= manifests.Values.Where(m => m.Subject is not null).ToLookup(m => m.Subject!, m => m.Digest, StringComparer.Ordinal);

    /// <summary>Reads a repository. One transaction for a thousand rows.</summary>
    /// <param name="tables">Where it is.</param>
    /// <param name="repository">Which.</param>
    /// <param name="report">Is told the number of rows read so far, from time to time.</param>
    /// <param name="cancellation">Ends the call.</param>
    public static async Task<RepositoryGraph> Read(ITableStore tables, RepositoryName repository, Func<long, ValueTask> report, CancellationToken cancellation)
    {
        const int RowsPerReport = 1000;
        var graph = new RepositoryGraph();
        var query = new TableQuery { Partition = Tables.Key(repository), BeforeRow = Tables.DeletedPrefix.ToString(), Select = Columns };
        await foreach (var row in tables.ReadAll(Tables.Manifests, query, cancellation))
        {
            graph.Add(row);
            if (++graph.Rows % RowsPerReport == 0)
                await report(graph.Rows);
        }

        return graph;
    }

    /// <summary>Takes down one row of the repository. All of them come before anything is asked.</summary>
    public void Add(TableEntity row)
    {
        ReadAt = row.ReadAt > ReadAt ? row.ReadAt : ReadAt;
        switch (row.Row[0])
        {
            case Tables.ManifestPrefix when row.FindString("digest") is { } digest:
                manifests[digest] = Node(row, digest);
                break;
            case Tables.TagPrefix when row.FindString("digest") is { } digest && Tag.TryParse(row.Row[1..], out var tag):
                tags.Add(new TagNode(tag, digest, row));
                break;
            case Tables.ReferrerPrefix or Tables.DeletedPrefix:
                break;
            default:
                IsUnreadable = true;
                break;
        }
    }

    /// <summary>The manifest that a tag is an attachment of; null for an ordinary tag, also for one that is named after what it points at itself.</summary>
    public string? SubjectOf(TagNode tag)
    {
        subjects ??= Subjects();
        return Attachment.NamedAfter(tag.Name) is { } name && subjects.TryGetValue(name, out var subject) && subject != tag.Digest ? subject : null;
    }

    /// <summary>The tags that point at a manifest.</summary>
    public IEnumerable<TagNode> TagsAt(string digest) => (tagsAt ??= tags.ToLookup(t => t.Digest, StringComparer.Ordinal))[digest];

    /// <summary>The tags that are attachments of a manifest.</summary>
    public IEnumerable<TagNode> AttachmentsOf(string digest) =>
        (attachments ??= tags.Where(t => SubjectOf(t) is not null).ToLookup(t => SubjectOf(t)!, StringComparer.Ordinal))[digest];

    /// <summary>What a manifest leads to by itself: its children and referrers.</summary>
    public IEnumerable<string> Leads(string digest) => manifests[digest].Children.Concat(Referrers[digest]);

    /// <summary>The same, and what its attachments point at.</summary>
    public IEnumerable<string> LeadsWithAttachments(string digest) => Leads(digest).Concat(AttachmentsOf(digest).Select(t => t.Digest));

    /// <summary>All manifests that are reached from some of them, these too. What is not there does not count.</summary>
    public HashSet<string> Reach(IEnumerable<string> from, Func<string, IEnumerable<string>> leads)
    {
        var reached = new HashSet<string>(StringComparer.Ordinal);
        var open = new Stack<string>(from);
        while (open.TryPop(out var digest))
        {
            if (!manifests.ContainsKey(digest) || !reached.Add(digest))
                continue;
            foreach (var next in leads(digest))
                open.Push(next);
        }

        return reached;
    }

    private ManifestNode Node(TableEntity row, string digest)
    {
        try
        {
            return new ManifestNode(digest, row, [.. ManifestRows.References(row).Where(r => r.Kind == ReferenceKind.Child).Select(r => r.Digest.ToString())], row.FindString("subject"));
        }
        catch (FormatException)
        {
            // Said by the mark, which sees the same row.
            IsUnreadable = true;
            return new ManifestNode(digest, row, [], null);
        }
    }

    private Dictionary<string, string> Subjects()
    {
        var named = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var digest in manifests.Keys)
            named.TryAdd(Attachment.NameOf(digest), digest);
        return named;
    }
}

/// <summary>A manifest of a <see cref="RepositoryGraph"/>.</summary>
/// <param name="Digest">Its digest.</param>
/// <param name="Row">Its row, of which only some properties were read.</param>
/// <param name="Children">The manifests that it lists, if it is an index; they need not be there.</param>
/// <param name="Subject">What it refers to as its subject.</param>
internal sealed record ManifestNode(string Digest, TableEntity Row, IReadOnlyList<string> Children, string? Subject)
{
    /// <summary>Since when nothing was seen to lead to it; null for never.</summary>
    public DateTimeOffset? UntaggedSince => Row.FindTime(ManifestLead.Since);

    /// <summary>Whether that is because retention took the tags that led to it.</summary>
    public bool IsReleased => Row.FindBoolean(ManifestLead.Released) == true;
}

/// <summary>A tag of a <see cref="RepositoryGraph"/>.</summary>
/// <param name="Tag">Its name.</param>
/// <param name="Digest">What it points at.</param>
/// <param name="Row">Its row, whole.</param>
internal sealed record TagNode(Tag Tag, string Digest, TableEntity Row)
{
    public string Name { get; } = Tag.ToString();

    public DateTimeOffset PushedAt => ManifestRows.PushedAt(Row);

    /// <summary>When it was restored; null for a tag that never was.</summary>
    public DateTimeOffset? RestoredAt => Row.FindTime(ManifestRows.Pushed) is null ? null : Row.Timestamp;
}
