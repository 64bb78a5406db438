using Registry.Collection;
using Registry.Digests;
using Registry.Errors;
using Registry.Manifests;
using Registry.Repositories;
using Registry.Storage;

namespace Registry.Lifecycle;

/// <summary>Tells why a manifest or layer of a repository is there, or when it goes and by what rule. It goes by what the collector goes by, and writes nothing.</summary>
public sealed class ExplainService(ITableStore tables, CollectionOptions options)
{
    /// <summary>Chains and manifests that are told; how many more there are is told as well.</summary>
    private const int MostReasons = 20;

    /// <summary>Is told the number of rows read so far, from time to time.</summary>
    public Func<long, ValueTask> Report { get; init; } = _ => ValueTask.CompletedTask;

    /// <summary>One transaction for a thousand rows of the repository, and a few more.</summary>
    /// <exception cref="RegistryException"><c>MANIFEST_UNKNOWN</c>: the repository holds nothing of that name</exception>
    public async Task<Explanation> Explain(RepositoryName repository, Reference reference, CancellationToken cancellation)
    {
        var graph = await RepositoryGraph.Read(tables, repository, Report, cancellation);
        var deleted = await DeletedSet.Read(tables, repository, cancellation);
        var digest = reference.Digest ?? Target(graph, deleted, reference.Tag!.Value) ?? throw Unknown(repository, reference);
        if (graph.Manifests.TryGetValue(digest.ToString(), out var manifest))
        {
            var explained = await Explain(repository, digest, graph, manifest, cancellation);
            return reference.Tag is { } tag && graph.Tags.All(t => t.Tag != tag) ? explained with { Reasons = [DeletedTag(deleted.Tags[tag]), .. explained.Reasons] } : explained;
        }

        if (deleted.Manifests.TryGetValue(digest, out var row))
            return Explain(repository, digest, row);
        return await ExplainLayer(repository, digest, graph, deleted, cancellation) ?? throw Unknown(repository, reference);
    }

    private static Digest? Target(RepositoryGraph graph, DeletedSet deleted, Tag tag) =>
        graph.Tags.FirstOrDefault(t => t.Tag == tag) is { } node ? Digest.Parse(node.Digest)
        : deleted.Tags.TryGetValue(tag, out var row) ? ManifestRows.Target(row)
        : null;

    private async Task<Explanation> Explain(RepositoryName repository, Digest digest, RepositoryGraph graph, ManifestNode manifest, CancellationToken cancellation)
    {
        if (graph.IsUnreadable)
            return new(repository, digest, ExplainedKind.Manifest, IsKept: true, null, ["a row of the repository cannot be read, so all of it is kept"]);
        var policy = new RetentionPolicies(await new RetentionStore(tables).List(cancellation)).Find(repository);
        var verdict = policy is null ? null : RetentionJudge.Judge(graph, policy, graph.ReadAt, options.RestorableFor);
        var judged = verdict?.Tags.ToDictionary(t => t.Tag, t => t);
        var chains = new LeadChains(graph, manifest.Digest, policy is null ? graph.Leads : graph.LeadsWithAttachments);
        var tags = chains.Tags.ToList();
        var reasons = Several(tags, t => judged is null ? chains.Describe(t) : $"{chains.Describe(t)} ({judged[t].Reason})", "tags");

        if (verdict?.Live.Contains(manifest.Digest) ?? tags.Count > 0)
            return new(repository, digest, ExplainedKind.Manifest, IsKept: true, null, reasons);
        var isReleased = verdict?.Released.Contains(manifest.Digest) == true;
        if (Departure.Wait(isReleased, policy?.Untagged ?? options.UntaggedAfter, options) is not { } wait)
            return new(repository, digest, ExplainedKind.Manifest, IsKept: true, null, [.. reasons, "no tag that stays leads to it, and no rule takes it: neither Collection:UntaggedAfter nor --untagged of a retention policy is set for the repository"]);

        var by = isReleased ? $"the retention of {policy!.Repositories}" : policy?.Untagged is null ? "Collection:UntaggedAfter" : $"--untagged of the retention of {policy.Repositories}";
        if (Departure.At(manifest, isReleased, wait, options) is { } goesAt)
            return new(repository, digest, ExplainedKind.Manifest, IsKept: false, goesAt, [.. reasons, $"nothing has led to it since {manifest.UntaggedSince:u}: the first run from {goesAt:u} on takes it, by {by}", .. Leaders(chains)]);
        return new(repository, digest, ExplainedKind.Manifest, IsKept: false, null, [.. reasons, $"no tag that stays leads to it: the next run notes that, and one that begins {SpanText.Words(wait)} later takes it, by {by}", .. Leaders(chains)]);
    }

    private static IEnumerable<string> Leaders(LeadChains chains) =>
        chains.Manifests.Count > 1 ? [$"what leads to it goes before: {string.Join(", ", Several([.. chains.Manifests.Skip(1)], m => m, "manifests"))}"] : [];

    private string DeletedTag(TableEntity row) =>
        $"the tag {DeletedRows.Tag(row)} was deleted at {row.Timestamp:u}: {DeletedRows.Reason(row)}; it can be restored until the first run from {row.Timestamp + options.RestorableFor:u} on";

    private Explanation Explain(RepositoryName repository, Digest digest, TableEntity row)
    {
        var until = row.Timestamp + options.RestorableFor;
        return new(
            repository, digest, ExplainedKind.Deleted, IsKept: false, until,
            [$"deleted at {row.Timestamp:u}: {DeletedRows.Reason(row)}", $"it can be restored, and what it needs stays, until the first run from {until:u} on"]);
    }

    private async Task<Explanation?> ExplainLayer(RepositoryName repository, Digest digest, RepositoryGraph graph, DeletedSet deleted, CancellationToken cancellation)
    {
        if (await tables.Find(Tables.Content, digest.ToString(), Tables.Key(repository), cancellation) is not { } link)
            return null;
        var reasons = Several(
            [.. graph.Manifests.Values.Select(m => m.Row).Concat(deleted.Manifests.Values).Where(row => Needs(row, digest))],
            row => DeletedRows.Is(row)
                ? $"{ManifestRows.Target(row)} needs it, which was deleted and can be restored until {row.Timestamp + options.RestorableFor:u}"
                : $"{ManifestRows.Target(row)} needs it{Named([.. graph.TagsAt(ManifestRows.Target(row).ToString())])}",
            "manifests");
        if (graph.IsUnreadable)
            reasons.Add("a row of the repository cannot be read, so all of it is kept");
        if (reasons.Count > 0)
            return new(repository, digest, ExplainedKind.Layer, IsKept: true, null, reasons);
        var goesAt = link.Timestamp + options.GracePeriod;
        return new(
            repository, digest, ExplainedKind.Layer, IsKept: false, goesAt,
            [$"no manifest of the repository needs it; it was pushed, mounted or asked for last about {link.Timestamp:u}: the first run from {goesAt:u} on takes it"]);
    }

    private static bool Needs(TableEntity row, Digest digest)
    {
        try
        {
            return ManifestRows.References(row).Any(r => r.Digest == digest);
        }
        catch (FormatException)
        {
            // The graph says so: all of the repository is kept.
            return false;
        }
    }

    private static string Named(List<TagNode> tags) => tags.Count == 0 ? "" : $" ({string.Join(", ", Several(tags, t => t.Name, "tags"))})";

    /// <summary>The first of them in words, and how many more there are.</summary>
    private static List<string> Several<T>(List<T> all, Func<T, string> describe, string what)
    {
        var first = all.Take(MostReasons).Select(describe);
        return all.Count <= MostReasons ? [.. first] : [.. first, $"and {all.Count - MostReasons} more {what}"];
    }

    private static RegistryException Unknown(RepositoryName repository, Reference reference) =>
        new(RegistryError.ManifestUnknown, $"{repository} has neither a manifest nor a layer, nor anything deleted that can be restored, called {reference}");
}
