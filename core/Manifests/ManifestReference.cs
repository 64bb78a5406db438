using System.Buffers;
using Registry.Digests;

namespace Registry.Manifests;

/// <summary>What a manifest refers to by digest.</summary>
/// <param name="Kind">How it refers to it.</param>
/// <param name="Digest">To what.</param>
public readonly record struct ManifestReference(ReferenceKind Kind, Digest Digest)
{
    private const int KindBits = 0x3f;
    private const int Sha512Bit = 0x80;
    private const int TarSumBit = 0x40;

    /// <summary>Writes references for a row: a byte of kind and algorithm, then the hash, each.</summary>
    public static byte[] Encode(IEnumerable<ManifestReference> references)
    {
        var output = new ArrayBufferWriter<byte>();
        foreach (var (kind, digest) in references)
        {
            output.Write([(byte)((int)kind | Bits(digest.Algorithm))]);
            output.Write(Convert.FromHexString(digest.Hex));
        }

        return output.WrittenSpan.ToArray();
    }

    /// <exception cref="FormatException">Not what <see cref="Encode"/> wrote.</exception>
    public static List<ManifestReference> Decode(ReadOnlySpan<byte> encoded)
    {
        var references = new List<ManifestReference>();
        while (!encoded.IsEmpty)
        {
            var algorithm = (encoded[0] & ~KindBits) switch
            {
                0 => DigestAlgorithm.Sha256,
                Sha512Bit => DigestAlgorithm.Sha512,
                TarSumBit => DigestAlgorithm.TarSum,
                _ => throw new FormatException("a reference in an unknown algorithm"),
            };
            var length = algorithm.HexLength / 2;
            if (encoded.Length < 1 + length)
                throw new FormatException("a reference list that ends too soon");
            references.Add(new ManifestReference((ReferenceKind)(encoded[0] & KindBits), Digest.FromHash(algorithm, encoded.Slice(1, length))));
            encoded = encoded[(1 + length)..];
        }

        return references;
    }

    private static int Bits(DigestAlgorithm algorithm) =>
        algorithm == DigestAlgorithm.Sha256 ? 0 : algorithm == DigestAlgorithm.Sha512 ? Sha512Bit : TarSumBit;
}

public enum ReferenceKind
{
    /// <summary>A config or layer, which the repository must hold.</summary>
    Blob = 1,

    /// <summary>An entry of an index: a manifest, or (buildkit's cache) a layer. The repository must hold it.</summary>
    Child = 2,

    /// <summary>Content that need not be here: a non-distributable layer, or one whose bytes are in the descriptor.</summary>
    Elsewhere = 3,
}
