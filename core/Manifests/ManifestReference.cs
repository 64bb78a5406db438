using System.Buffers;
using Registry.Digests;

namespace Registry.Manifests;

/// <summary>What a manifest refers to by digest.</summary>
/// <param name="Kind">How it refers to it.</param>
/// <param name="Digest">To what.</param>
public readonly record struct ManifestReference(ReferenceKind Kind, Digest Digest)
{
    /// <summary>Writes references for a row: a byte of kind and algorithm, then the hash, each.</summary>
    public static byte[] Encode(IEnumerable<ManifestReference> references)
    {
        var output = new ArrayBufferWriter<byte>();
        foreach (var (kind, digest) in references)
        {
            output.Write([(byte)((int)kind | (digest.Algorithm == DigestAlgorithm.Sha512 ? 0x80 : 0))]);
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
            var algorithm = (encoded[0] & 0x80) != 0 ? DigestAlgorithm.Sha512 : DigestAlgorithm.Sha256;
            var length = algorithm.HexLength / 2;
            if (encoded.Length < 1 + length)
                throw new FormatException("a reference list that ends too soon");
            references.Add(new ManifestReference((ReferenceKind)(encoded[0] & 0x7f), Digest.FromHash(algorithm, encoded.Slice(1, length))));
            encoded = encoded[(1 + length)..];
        }

        return references;
    }
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
