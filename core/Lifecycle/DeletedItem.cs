using Registry.Digests;
using Registry.Manifests;
using Registry.Repositories;

namespace Registry.Lifecycle;

/// <summary>A deleted manifest or tag that can be restored.</summary>
/// <param name="Repository">Where it was.</param>
/// <param name="Tag">The tag; null for a manifest.</param>
/// <param name="Digest">The manifest, or the one that the tag pointed at.</param>
/// <param name="DeletedAt">When it was deleted, in storage's time.</param>
/// <param name="RestorableUntil">From when on the next run of the collector takes it.</param>
/// <param name="Reason">Why it was deleted, as a person would say it.</param>
public sealed record DeletedItem(RepositoryName Repository, Tag? Tag, Digest Digest, DateTimeOffset DeletedAt, DateTimeOffset RestorableUntil, string Reason);

/// <summary>What became of a manifest or tag that was to be restored.</summary>
/// <param name="Tag">The tag; null for a manifest.</param>
/// <param name="Digest">The manifest, or the one that the tag points at.</param>
/// <param name="Problem">Why it could not be restored, as a person would say it; null when it is there.</param>
public sealed record RestoredItem(Tag? Tag, Digest Digest, string? Problem);
