using System.Globalization;

namespace Registry.Lifecycle;

/// <summary>Judges a repository by a policy: which tags stay and by what rule, and which manifests go with those that do not. Pure: the collector does what it says, and a preview shows it.</summary>
/// <remarks>
/// What a tag that stays leads to stays: the children of indexes, referrers, attachments. So does all that a manifest leads to which had no tag before: that one goes by the rule
/// for untagged manifests, or never. Everything else that the tags that go led to is released: that is, what follows is no rule's to decide, it follows from the graph.
/// </remarks>
internal sealed class RetentionJudge
{
    private readonly RepositoryGraph graph;
    private readonly RetentionPolicy policy;
    private readonly DateTimeOffset now;
    private readonly TimeSpan restorableFor;

    private RetentionJudge(RepositoryGraph graph, RetentionPolicy policy, DateTimeOffset now, TimeSpan restorableFor) =>
        (this.graph, this.policy, this.now, this.restorableFor) = (graph, policy, now, restorableFor);

    /// <param name="graph">The repository.</param>
    /// <param name="policy">What to go by.</param>
    /// <param name="now">Storage's time.</param>
    /// <param name="restorableFor">A tag that was restored less than this ago stays.</param>
    public static RetentionVerdict Judge(RepositoryGraph graph, RetentionPolicy policy, DateTimeOffset now, TimeSpan restorableFor) =>
        new RetentionJudge(graph, policy, now, restorableFor).Judge();

    private RetentionVerdict Judge()
    {
        var ordinary = graph.Tags.Where(t => graph.SubjectOf(t) is null).ToList();
        var newest = ordinary.OrderByDescending(t => t.PushedAt).ThenBy(t => t.Name, StringComparer.Ordinal).Select((t, i) => (t.Name, Rank: i + 1)).ToDictionary(t => t.Name, t => t.Rank);
        var judged = ordinary.ToDictionary(t => t.Name, t => Judge(t, newest[t.Name]));
        var live = Reach(judged.Values.Where(j => j.IsKept).Select(j => j.Tag.Digest));
        var released = Released(live, judged.Values);
        foreach (var attachment in graph.Tags.Where(t => graph.SubjectOf(t) is not null))
            judged.Add(attachment.Name, JudgeAttachment(attachment, live, released));
        return new RetentionVerdict([.. graph.Tags.Select(t => judged[t.Name])], live, released);
    }

    private HashSet<string> Released(HashSet<string> live, IReadOnlyCollection<JudgedTag> ordinary)
    {
        // What an earlier run released, and what came to be below it since.
        var released = Reach(graph.Manifests.Values.Where(m => m.IsReleased && !live.Contains(m.Digest)).Select(m => m.Digest));
        var tagged = Reach(ordinary.Select(j => j.Tag.Digest));
        var untagged = Reach(graph.Manifests.Keys.Where(d => !tagged.Contains(d) && !released.Contains(d)));
        released.UnionWith(Reach(ordinary.Where(j => !j.IsKept).Select(j => j.Tag.Digest)));
        released.ExceptWith(live);
        released.ExceptWith(untagged);
        return released;
    }

    private HashSet<string> Reach(IEnumerable<string> from) => graph.Reach(from, graph.LeadsWithAttachments);

    private JudgedTag Judge(TagNode tag, int rank)
    {
        if (policy.KeepsAllTags)
            return new JudgedTag(tag, true, "kept: the policy takes no tags");
        if (rank <= policy.KeepNewest)
            return new JudgedTag(tag, true, policy.KeepNewest == 1 ? "kept: the newest" : $"kept: one of the {policy.KeepNewest} newest ({Ordinal(rank)})");
        if (policy.KeepWithin is { } within && tag.PushedAt + within > now)
            return new JudgedTag(tag, true, $"kept: pushed {SpanText.Date(tag.PushedAt, within)}, less than {SpanText.Words(within)} ago");
        if (policy.Keep.Where(p => p.Matches(tag.Tag)).Select(p => (TagPattern?)p).FirstOrDefault() is { } pattern)
            return new JudgedTag(tag, true, $"kept: matches {pattern}");
        if (tag.RestoredAt is { } restored && restored + restorableFor > now)
            return new JudgedTag(tag, true, $"kept: restored {SpanText.Date(restored, restorableFor)}, less than {SpanText.Words(restorableFor)} ago");
        return new JudgedTag(tag, false, $"taken: {string.Join(", ", WhyTaken(tag))}");
    }

    private IEnumerable<string> WhyTaken(TagNode tag)
    {
        var within = policy.KeepWithin;
        yield return $"pushed {SpanText.Date(tag.PushedAt, within ?? TimeSpan.Zero)}";
        if (within is { } some)
            yield return $"older than {SpanText.Words(some)}";
        if (policy.KeepNewest is { } newest)
            yield return newest == 1 ? "not the newest" : $"none of the {newest} newest";
        if (policy.Keep.Count > 0)
            yield return policy.Keep.Count == 1 ? $"does not match {policy.Keep[0]}" : "no pattern matches";
    }

    private JudgedTag JudgeAttachment(TagNode tag, HashSet<string> live, HashSet<string> released)
    {
        var subject = graph.SubjectOf(tag)!;
        if (released.Contains(subject))
            return new JudgedTag(tag, false, $"taken: it belongs to {subject}, which goes");
        return new JudgedTag(tag, true, live.Contains(subject) ? $"kept: it belongs to {subject}, which stays" : $"kept: for as long as {subject} is there, to which it belongs");
    }

    private static string Ordinal(int rank)
    {
        var suffix = (rank % 100) is >= 11 and <= 13 ? "th" : (rank % 10) switch { 1 => "st", 2 => "nd", 3 => "rd", _ => "th" };
        return rank.ToString(CultureInfo.InvariantCulture) + suffix;
    }
}

/// <summary>A tag, and what keeps or takes it.</summary>
/// <param name="Tag">The tag.</param>
/// <param name="IsKept">Whether it stays. An attachment that does not goes with the manifest that it is named after, and not before.</param>
/// <param name="Reason">A sentence: <c>kept: one of the 3 newest (2nd)</c>.</param>
internal sealed record JudgedTag(TagNode Tag, bool IsKept, string Reason);

/// <summary>What a policy makes of a repository.</summary>
/// <param name="Tags">Every tag, in the order of the graph.</param>
/// <param name="Live">The manifests that tags which stay lead to.</param>
/// <param name="Released">The manifests that go because the tags go, or went, that led to them.</param>
internal sealed record RetentionVerdict(IReadOnlyList<JudgedTag> Tags, HashSet<string> Live, HashSet<string> Released);
