using Registry.Digests;

namespace Registry.Manifests;

/// <summary>Where a manifest lies and what it is: one row, by digest or by tag.</summary>
/// <param name="Digest">Its digest, in the algorithm that it was pushed with: over its bytes or, for a signed schema 1 manifest, over those without the signatures.</param>
/// <param name="MediaType">The type it came in with.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Path">The blob that holds its bytes.</param>
public sealed record ManifestInfo(Digest Digest, string MediaType, long Size, string Path)
{
    /// <summary>The digest of the bytes. It differs from the manifest's own for signed schema 1 manifests, whose bytes can be replaced: by the same payload, signed again.</summary>
    public Digest Bytes { get; init; } = Digest;
}

/// <summary>A manifest and its bytes, exactly as they were pushed.</summary>
public sealed record Manifest(ManifestInfo Info, ReadOnlyMemory<byte> Content);

/// <summary>What became of a put.</summary>
/// <param name="Digest">The manifest's digest.</param>
/// <param name="Subject">The subject that was indexed, or null.</param>
public sealed record ManifestStored(Digest Digest, Digest? Subject);

/// <summary>One page of names, in ordinal order.</summary>
/// <param name="Names">The names.</param>
/// <param name="More">Whether others follow the last of them.</param>
public sealed record NamePage(IReadOnlyList<string> Names, bool More);

/// <summary>The detail of <c>MANIFEST_UNKNOWN</c>.</summary>
public sealed record ManifestDetail(string Name, string Reference);
