using System.Security.Cryptography;

namespace Registry.Tests.Faults.Pushers;

/// <summary>Content to push.</summary>
public sealed class TestBlob(byte[] content)
{
    public byte[] Content { get; } = content;

    public string Digest { get; } = $"sha256:{Convert.ToHexStringLower(SHA256.HashData(content))}";

    public static TestBlob Of(int seed, int length) => new(Tests.Support.Content.Bytes(seed, length));
}
