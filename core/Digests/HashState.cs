using System.Buffers.Binary;
using System.Numerics;

namespace Registry.Digests;

/// <summary>What a hash in the middle of its content is made of, and how that is written down.</summary>
/// <remarks>
/// <code>
/// offset  bytes     what
/// 0       1         version of this format: 1
/// 1       1         algorithm: 1 is sha256, 2 is sha512
/// 2       32 | 64   the eight chaining values after the last whole block, big-endian
/// +0      8         bytes hashed so far, big-endian
/// +8      0..127    the pending part-block: as many bytes as length modulo block size
/// </code>
/// So a state is at most 2 + 64 + 8 + 127 = 201 bytes.
/// </remarks>
internal readonly ref struct HashState
{
    /// <summary>The longest content, in bytes: its length in bits still fits 63 bits, so no implementation needs a second word for it.</summary>
    public const long MaxLength = long.MaxValue >> 3;

    private const byte Version = 1;
    private const int HeaderSize = 2;
    private const int LengthSize = sizeof(ulong);

    private HashState(DigestAlgorithm algorithm, ReadOnlySpan<byte> chaining, long length, ReadOnlySpan<byte> pending)
    {
        Algorithm = algorithm;
        Chaining = chaining;
        Length = length;
        Pending = pending;
    }

    public DigestAlgorithm Algorithm { get; }

    /// <summary>Bytes hashed so far, <see cref="Pending"/> included.</summary>
    public long Length { get; }

    /// <summary>The bytes behind the last whole block.</summary>
    public ReadOnlySpan<byte> Pending { get; }

    private ReadOnlySpan<byte> Chaining { get; }

    /// <summary>The chaining values of FIPS 180-4, 5.3.3 and 5.3.5: the first fractional bits of the square roots of the first eight primes.</summary>
    private static ReadOnlySpan<byte> InitialSha256 =>
    [
        0x6a, 0x09, 0xe6, 0x67, 0xbb, 0x67, 0xae, 0x85, 0x3c, 0x6e, 0xf3, 0x72, 0xa5, 0x4f, 0xf5, 0x3a,
        0x51, 0x0e, 0x52, 0x7f, 0x9b, 0x05, 0x68, 0x8c, 0x1f, 0x83, 0xd9, 0xab, 0x5b, 0xe0, 0xcd, 0x19,
    ];

    private static ReadOnlySpan<byte> InitialSha512 =>
    [
        0x6a, 0x09, 0xe6, 0x67, 0xf3, 0xbc, 0xc9, 0x08, 0xbb, 0x67, 0xae, 0x85, 0x84, 0xca, 0xa7, 0x3b,
        0x3c, 0x6e, 0xf3, 0x72, 0xfe, 0x94, 0xf8, 0x2b, 0xa5, 0x4f, 0xf5, 0x3a, 0x5f, 0x1d, 0x36, 0xf1,
        0x51, 0x0e, 0x52, 0x7f, 0xad, 0xe6, 0x82, 0xd1, 0x9b, 0x05, 0x68, 0x8c, 0x2b, 0x3e, 0x6c, 0x1f,
        0x1f, 0x83, 0xd9, 0xab, 0xfb, 0x41, 0xbd, 0x6b, 0x5b, 0xe0, 0xcd, 0x19, 0x13, 0x7e, 0x21, 0x79,
    ];

    public static HashState Initial(DigestAlgorithm algorithm)
    {
        ArgumentNullException.ThrowIfNull(algorithm);
        return new HashState(algorithm, InitialOf(algorithm), 0, []);
    }

    /// <summary>Reads a state. The result points into <paramref name="state"/>.</summary>
    /// <exception cref="FormatException">It is not one that <see cref="Write"/> gave.</exception>
    public static HashState Parse(ReadOnlySpan<byte> state)
    {
        if (state.Length < HeaderSize || state[0] != Version)
            throw new FormatException("a hash state of an unknown version");

        var algorithm = state[1] switch
        {
            1 => DigestAlgorithm.Sha256,
            2 => DigestAlgorithm.Sha512,
            _ => throw new FormatException("a hash state of an unknown algorithm"),
        };

        var initial = InitialOf(algorithm);
        var lengthAt = HeaderSize + initial.Length;
        if (state.Length < lengthAt + LengthSize)
            throw new FormatException("a hash state that is cut off");

        var length = BinaryPrimitives.ReadUInt64BigEndian(state[lengthAt..]);
        var chaining = state[HeaderSize..lengthAt];
        var pending = state[(lengthAt + LengthSize)..];
        if (length > MaxLength || (ulong)pending.Length != length % (ulong)BlockSizeOf(algorithm))
            throw new FormatException("a hash state whose length is not that of its pending bytes");

        // Before the first whole block nothing has been chained yet.
        if (length == (ulong)pending.Length && !chaining.SequenceEqual(initial))
            throw new FormatException("a hash state whose chaining values belong to other content");

        return new HashState(algorithm, chaining, (long)length, pending);
    }

    public static byte[] Write<TWord>(DigestAlgorithm algorithm, ReadOnlySpan<TWord> chaining, long length, ReadOnlySpan<byte> pending)
        where TWord : unmanaged, IBinaryInteger<TWord>
    {
        var state = new byte[HeaderSize + InitialOf(algorithm).Length + LengthSize + pending.Length];
        state[0] = Version;
        state[1] = algorithm == DigestAlgorithm.Sha256 ? (byte)1 : (byte)2;

        var rest = state.AsSpan(HeaderSize);
        foreach (var word in chaining)
            rest = rest[word.WriteBigEndian(rest)..];

        BinaryPrimitives.WriteInt64BigEndian(rest, length);
        pending.CopyTo(rest[LengthSize..]);
        return state;
    }

    /// <summary>Gives the eight chaining values as words.</summary>
    public void CopyChainingTo<TWord>(Span<TWord> words)
        where TWord : unmanaged, IBinaryInteger<TWord>
    {
        var size = Chaining.Length / words.Length;
        for (var i = 0; i < words.Length; i++)
            words[i] = TWord.ReadBigEndian(Chaining.Slice(i * size, size), isUnsigned: true);
    }

    /// <summary>Bytes of one block of the algorithm: twice the size of its chaining values.</summary>
    public static int BlockSizeOf(DigestAlgorithm algorithm) => 2 * InitialOf(algorithm).Length;

    private static ReadOnlySpan<byte> InitialOf(DigestAlgorithm algorithm) =>
        algorithm == DigestAlgorithm.Sha256 ? InitialSha256
        : algorithm == DigestAlgorithm.Sha512 ? InitialSha512
        : throw new ArgumentOutOfRangeException(nameof(algorithm), algorithm, "no hash of the bytes");
}
