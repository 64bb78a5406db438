using Registry.Access;
using Registry.Repositories;

namespace Registry.Lifecycle;

/// <summary>Which tags of some repositories stay, and how long manifests without a tag do. A tag stays if any rule keeps it.</summary>
/// <param name="Repositories">Where. Of the policies that match a repository the most specific one applies, alone.</param>
public sealed record RetentionPolicy(RepositoryGlob Repositories)
{
    public const int MaxNewest = 1_000_000;

    public const int MaxPatterns = 100;

    /// <summary>Keeps so many tags, the last pushed; null for no such rule.</summary>
    public int? KeepNewest { get; init; }

    /// <summary>Keeps tags that were pushed less than this ago; null for no such rule.</summary>
    public TimeSpan? KeepWithin { get; init; }

    /// <summary>Keeps tags that match one of these.</summary>
    public IReadOnlyList<TagPattern> Keep { get; init; } = [];

    /// <summary>Manifests that nothing leads to go when they were seen so for this long; null for what the registry's setting says.</summary>
    public TimeSpan? Untagged { get; init; }

    /// <summary>Whether it takes no tags at all: there is no rule that would keep some.</summary>
    public bool KeepsAllTags => KeepNewest is null && KeepWithin is null && Keep.Count == 0;

    /// <exception cref="FormatException">It says nothing, or something that makes no sense; the message says what.</exception>
    public RetentionPolicy Checked()
    {
        if (KeepsAllTags && Untagged is null)
            throw new FormatException("a policy has at least one of --keep-newest, --keep-within, --keep and --untagged");
        if (KeepNewest is < 1 or > MaxNewest)
            throw new FormatException($"'{KeepNewest}' newest tags cannot be kept: 1 to {MaxNewest} can");
        if (Keep.Count > MaxPatterns)
            throw new FormatException($"a policy has at most {MaxPatterns} patterns");
        return this;
    }
}

/// <summary>Policies, and which of them applies where.</summary>
public sealed class RetentionPolicies(IEnumerable<RetentionPolicy> policies)
{
    public static readonly RetentionPolicies None = new([]);

    // Most specific first: the one with the most characters that are no star.
    private readonly RetentionPolicy[] ordered =
        [.. policies.OrderByDescending(p => p.Repositories.ToString().Count(c => c != '*')).ThenBy(p => p.Repositories.ToString(), StringComparer.Ordinal)];

    public bool IsEmpty => ordered.Length == 0;

    /// <summary>The policy that applies to a repository; null where none does.</summary>
    public RetentionPolicy? Find(RepositoryName repository) => Array.Find(ordered, p => p.Repositories.Matches(repository));

    /// <summary>The same with one more, in place of the one for the same repositories.</summary>
    public RetentionPolicies With(RetentionPolicy policy) => new(ordered.Where(p => p.Repositories != policy.Repositories).Append(policy));
}
