using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Registry.Digests;

namespace Registry.Collection;

/// <summary>The fingerprint of a mark (a repository needs a digest) or of a blob's name, in 24 bytes, in the order in which storage lists what it stands for.</summary>
/// <remarks>Two marks that share a fingerprint (15 bytes of the digest, 63 bits of a hash of the repository) keep what one of them needs; nothing can be lost by it.</remarks>
internal readonly record struct SortedKey(ulong High, ulong Low, ulong Repository) : IComparable<SortedKey>
{
    /// <summary>Bytes of a key in a file.</summary>
    public const int Size = 24;

    /// <summary>A digest: all marks of it share <see cref="High"/> and <see cref="Low"/>. Null for what is no digest of content.</summary>
    public static SortedKey? OfDigest(string digest)
    {
        // The partitions of the content table are digests in ordinal order: the algorithm first, then the hash.
        // A tarsum is a name of content that has its digest too, and lives by that one's marks.
        if (!Digest.TryParse(digest, out var parsed) || !parsed.Algorithm.IsHash)
            return null;
        var rank = parsed.Algorithm == DigestAlgorithm.Sha256 ? 0UL : 1UL;
        return new SortedKey((rank << 56) | Hex(parsed.Hex[..14]), Hex(parsed.Hex[14..30]), 0);
    }

    /// <summary>A blob's name: 32 hexadecimal digits.</summary>
    public static SortedKey OfBlob(string id) => new(Hex(id.AsSpan(0, 16)), Hex(id.AsSpan(16, 16)), 0);

    /// <summary>The part of a mark that stands for the repository, where a manifest that is there needs the digest.</summary>
    public static ulong OfRepository(string key)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.ASCII.GetBytes(key), hash);
        return BinaryPrimitives.ReadUInt64BigEndian(hash) | 1;
    }

    /// <summary>The same, where a manifest needs it that was deleted and can be restored.</summary>
    public static ulong OfDeleted(ulong repository) => repository & ~1UL;

    public static SortedKey Read(ReadOnlySpan<byte> from) => new(
        BinaryPrimitives.ReadUInt64BigEndian(from), BinaryPrimitives.ReadUInt64BigEndian(from[8..]), BinaryPrimitives.ReadUInt64BigEndian(from[16..]));

    public void Write(Span<byte> to)
    {
        BinaryPrimitives.WriteUInt64BigEndian(to, High);
        BinaryPrimitives.WriteUInt64BigEndian(to[8..], Low);
        BinaryPrimitives.WriteUInt64BigEndian(to[16..], Repository);
    }

    public int CompareTo(SortedKey other)
    {
        var order = High.CompareTo(other.High);
        if (order == 0)
            order = Low.CompareTo(other.Low);
        return order != 0 ? order : Repository.CompareTo(other.Repository);
    }

    public bool SharesDigest(SortedKey other) => High == other.High && Low == other.Low;

    private static ulong Hex(ReadOnlySpan<char> digits) => ulong.Parse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
}
