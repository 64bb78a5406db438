namespace Registry.Lifecycle;

/// <summary>By which chains of indexes, subjects and attachments the tags of a repository lead to one manifest: the shortest from each tag.</summary>
internal sealed class LeadChains
{
    private readonly RepositoryGraph graph;
    private readonly ILookup<string, string> leaders;

    // Each manifest that leads to the one that is asked about, nearest first, with the next on the way to it.
    private readonly Dictionary<string, string?> next = new(StringComparer.Ordinal);
    private readonly List<string> nearestFirst = [];

    public LeadChains(RepositoryGraph graph, string digest, Func<string, IEnumerable<string>> leads)
    {
        this.graph = graph;
        leaders = graph.Manifests.Keys.SelectMany(from => leads(from).Select(to => (From: from, To: to))).ToLookup(e => e.To, e => e.From, StringComparer.Ordinal);
        next.Add(digest, null);
        var open = new Queue<string>([digest]);
        while (open.TryDequeue(out var to))
        {
            nearestFirst.Add(to);
            foreach (var from in leaders[to].Where(from => next.TryAdd(from, to)))
                open.Enqueue(from);
        }
    }

    /// <summary>The manifests that lead to it, itself first.</summary>
    public IReadOnlyList<string> Manifests => nearestFirst;

    /// <summary>The tags that lead to it, those on the shortest way first.</summary>
    public IEnumerable<TagNode> Tags => nearestFirst.SelectMany(graph.TagsAt);

    /// <summary>The way from a tag: <c>tag v1 → sha256:… lists sha256:…, the subject of sha256:…</c></summary>
    public string Describe(TagNode tag)
    {
        var chain = $"tag {tag.Name} → {tag.Digest}";
        for (var (at, to) = (tag.Digest, next[tag.Digest]); to is not null; (at, to) = (to, next[to]))
            chain += $" {Relation(at, to)} {to}";
        return chain;
    }

    private string Relation(string from, string to) =>
        graph.Manifests[from].Children.Contains(to, StringComparer.Ordinal) ? "lists"
        : graph.Manifests[to].Subject == from ? "is the subject of"
        : "has the attachment";
}
