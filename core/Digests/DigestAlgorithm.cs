namespace Registry.Digests;

/// <summary>A digest algorithm that the registry verifies itself.</summary>
/// <param name="Name">The registered name in OCI image-spec's descriptor.md, "Registered algorithms"; for a tarsum what docker's tarsum specification calls it.</param>
/// <param name="HexLength">Characters of a digest's encoded part.</param>
public sealed record DigestAlgorithm(string Name, int HexLength)
{
    public static readonly DigestAlgorithm Sha256 = new("sha256", 64);
    public static readonly DigestAlgorithm Sha512 = new("sha512", 128);

    /// <summary>The tarsum, version 1: what the files of a tar archive add up to, whatever their order and times (<see cref="Digests.TarSum"/>). A layer may be named by it, and nothing else.</summary>
    public static readonly DigestAlgorithm TarSum = new("tarsum.v1+sha256", 64);

    /// <summary>Whether the digest is a hash of the very bytes. A tarsum is not: archives that differ in more than one way have the same.</summary>
    public bool IsHash => this != TarSum;

    /// <summary>What content is hashed with as it comes: the algorithm itself or, for a tarsum, sha256, which its content belongs to.</summary>
    public DigestAlgorithm Hash => IsHash ? this : Sha256;

    /// <summary>Gives the algorithm of that name, or null when the registry does not support it.</summary>
    public static DigestAlgorithm? Find(ReadOnlySpan<char> name) => name switch
    {
        "sha256" => Sha256,
        "sha512" => Sha512,
        "tarsum.v1+sha256" => TarSum,
        _ => null,
    };

    public override string ToString() => Name;
}
