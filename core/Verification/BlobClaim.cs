using Registry.Digests;

namespace Registry.Verification;

/// <summary>What a row says of a blob.</summary>
/// <param name="Path">Where it lies.</param>
/// <param name="Digest">Of its bytes.</param>
/// <param name="Size">Bytes.</param>
internal sealed record BlobClaim(string Path, Digest Digest, long Size)
{
    public string Expected => $"{Size} bytes of {Digest}";
}

/// <summary>How a blob differs from what its row says.</summary>
/// <param name="Kind">What is wrong.</param>
/// <param name="Found">What there is.</param>
internal sealed record BlobFault(FindingKind Kind, string Found);
