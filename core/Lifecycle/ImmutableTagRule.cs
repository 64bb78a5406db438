using Registry.Access;
using Registry.Manifests;
using Registry.Repositories;

namespace Registry.Lifecycle;

/// <summary>A push never moves these tags: they stay at the manifest that they were first pushed with, until somebody deletes them.</summary>
/// <param name="Repositories">Where.</param>
/// <param name="Tags">Which.</param>
public sealed record ImmutableTagRule(RepositoryGlob Repositories, TagPattern Tags)
{
    public bool Covers(RepositoryName repository, Tag tag) => Tags.Matches(tag) && Repositories.Matches(repository);
}
