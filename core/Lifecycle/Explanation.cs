using Registry.Digests;
using Registry.Repositories;

namespace Registry.Lifecycle;

/// <summary>Why something is there, or when it goes.</summary>
/// <param name="Repository">Where.</param>
/// <param name="Digest">What.</param>
/// <param name="Kind">What that is.</param>
/// <param name="IsKept">Whether it stays as long as nobody changes anything.</param>
/// <param name="GoesAt">From when on a run of the collector takes it, in storage's time; null when it stays, or when a run has to note it first.</param>
/// <param name="Reasons">Sentences: the chains that lead to it, or the rule that takes it.</param>
public sealed record Explanation(RepositoryName Repository, Digest Digest, ExplainedKind Kind, bool IsKept, DateTimeOffset? GoesAt, IReadOnlyList<string> Reasons);

/// <summary>What an <see cref="Explanation"/> is about.</summary>
public enum ExplainedKind
{
    Manifest,

    /// <summary>A manifest that was deleted and can be restored.</summary>
    Deleted,

    /// <summary>A layer or config.</summary>
    Layer,
}
