namespace Registry.Digests;

/// <summary>A digest algorithm that the registry verifies itself.</summary>
/// <param name="Name">The registered name in OCI image-spec's descriptor.md, "Registered algorithms".</param>
/// <param name="HexLength">Characters of a digest's encoded part.</param>
public sealed record DigestAlgorithm(string Name, int HexLength)
{
    public static readonly DigestAlgorithm Sha256 = new("sha256", 64);
    public static readonly DigestAlgorithm Sha512 = new("sha512", 128);

    /// <summary>Gives the algorithm of that name, or null when the registry does not support it.</summary>
    public static DigestAlgorithm? Find(ReadOnlySpan<char> name) => name switch
    {
        "sha256" => Sha256,
        "sha512" => Sha512,
        _ => null,
    };

    public override string ToString() => Name;
}
