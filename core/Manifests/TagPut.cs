using Registry.Digests;

namespace Registry.Manifests;

/// <summary>A tag that a put writes in one batch with its manifest.</summary>
/// <param name="Tag">Its name.</param>
/// <param name="MayMove">Whether it may be taken from another manifest. One that may not costs a read.</param>
/// <param name="PushedAt">When it was pushed, where that is not now: a tag that is restored is as old as it was.</param>
internal readonly record struct TagPut(Tag Tag, bool MayMove = true, DateTimeOffset? PushedAt = null);

/// <summary>A tag that a put may not move, and what it points at.</summary>
internal readonly record struct HeldTag(Tag Tag, Digest Digest);

/// <summary>What became of a put.</summary>
/// <param name="Stored">What is stored when no tag stood in the way.</param>
/// <param name="Held">Tags that may not move and point elsewhere: then nothing of the put is there, its manifest neither.</param>
internal readonly record struct ManifestPutOutcome(ManifestStored Stored, IReadOnlyList<HeldTag> Held)
{
    public bool IsStored => Held.Count == 0;
}
