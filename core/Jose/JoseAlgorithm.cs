using System.Security.Cryptography;

namespace Registry.Jose;

/// <summary>A signature algorithm of RFC 7518, section 3.1, that the registry verifies.</summary>
/// <param name="Name">What <c>alg</c> says.</param>
/// <param name="Hash">What is signed of the text.</param>
internal sealed record JoseAlgorithm(string Name, HashAlgorithmName Hash)
{
    public static readonly JoseAlgorithm RS256 = new("RS256", HashAlgorithmName.SHA256);
    public static readonly JoseAlgorithm ES256 = new("ES256", HashAlgorithmName.SHA256);
    public static readonly JoseAlgorithm ES384 = new("ES384", HashAlgorithmName.SHA384);

    public override string ToString() => Name;
}
