using System.Buffers.Binary;

namespace Registry.Digests;

/// <summary>What a tarsum covers of an entry's header. Texts are the archive's bytes: nobody promised that they are UTF-8.</summary>
internal sealed record TarHeader
{
    public const int BlockSize = 512;

    public required byte[] Name { get; init; }

    public long Mode { get; init; }

    public long Uid { get; init; }

    public long Gid { get; init; }

    /// <summary>Bytes of the content: of a sparse file with its holes.</summary>
    public long Size { get; init; }

    public byte Type { get; init; }

    public byte[] LinkName { get; init; } = [];

    public byte[] UserName { get; init; } = [];

    public byte[] GroupName { get; init; } = [];

    public long DeviceMajor { get; init; }

    public long DeviceMinor { get; init; }

    /// <summary>Extended attributes by name, whose characters are the name's bytes.</summary>
    public IReadOnlyList<KeyValuePair<string, byte[]>> Attributes { get; init; } = [];

    /// <summary>Whether GNU tar wrote it: that has no prefix, and sparse files of its own.</summary>
    public bool IsGnu { get; init; }

    /// <summary>Reads a header as Go's archive/tar did: V7, ustar, star or GNU by their magic.</summary>
    /// <param name="block">512 bytes.</param>
    /// <param name="at">Where they stand in the archive, for the message.</param>
    /// <exception cref="TarSumException">No header.</exception>
    public static TarHeader Parse(ReadOnlySpan<byte> block, long at)
    {
        if (!HasChecksum(block))
            throw Invalid(at, "its checksum is wrong");
        var header = new TarHeader
        {
            Name = Text(block[..100]),
            Mode = Number(block[100..108], at, "mode"),
            Uid = Number(block[108..116], at, "uid"),
            Gid = Number(block[116..124], at, "gid"),
            Size = Number(block[124..136], at, "size"),
            Type = block[156],
            LinkName = Text(block[157..257]),
        };
        var isGnu = block[257..265].SequenceEqual("ustar  \0"u8);
        if (!isGnu && !block[257..263].SequenceEqual("ustar\0"u8))
            return header;

        var isDevice = header.Type is (byte)'3' or (byte)'4';
        return header with
        {
            IsGnu = isGnu,
            UserName = Text(block[265..297]),
            GroupName = Text(block[297..329]),
            DeviceMajor = isDevice ? Number(block[329..337], at, "devmajor") : 0,
            DeviceMinor = isDevice ? Number(block[337..345], at, "devminor") : 0,
            Name = WithPrefix(Prefix(block, isGnu), header.Name),
        };
    }

    /// <summary>The bytes up to the first NUL.</summary>
    public static byte[] Text(ReadOnlySpan<byte> field)
    {
        var end = field.IndexOf((byte)0);
        return (end < 0 ? field : field[..end]).ToArray();
    }

    /// <summary>Octal digits between blanks and NULs, or, with the highest bit set, a big-endian number in two's complement.</summary>
    public static long Number(ReadOnlySpan<byte> field, long at, string what) =>
        TryNumber(field, out var value) ? value : throw Invalid(at, $"its {what} is no number");

    public static TarSumException Invalid(long at, string problem) => new($"invalid tar header at byte {at}: {problem}");

    // GNU keeps times where ustar has the prefix. Writers of Go up to 1.7 wrote a prefix there all the same, beside numbers too large for ustar.
    private static ReadOnlySpan<byte> Prefix(ReadOnlySpan<byte> block, bool isGnu)
    {
        if (!isGnu)
            return block[345..(block[508..].SequenceEqual("tar\0"u8) ? 476 : 500)];
        return TryNumber(block[345..357], out _) && TryNumber(block[357..369], out _) ? [] : block[345..500];
    }

    private static byte[] WithPrefix(ReadOnlySpan<byte> prefix, byte[] name) =>
        Text(prefix) is { Length: > 0 } text ? [.. text, (byte)'/', .. name] : name;

    // The field itself counts as blanks. Some old writers added up signed bytes.
    private static bool HasChecksum(ReadOnlySpan<byte> block)
    {
        if (!TryNumber(block[148..156], out var given))
            return false;
        var (unsigned, signed) = (8L * ' ', 8L * ' ');
        for (var i = 0; i < BlockSize; i++)
        {
            if (i is >= 148 and < 156)
                continue;
            unsigned += block[i];
            signed += (sbyte)block[i];
        }

        return given == unsigned || given == signed;
    }

    private static bool TryNumber(ReadOnlySpan<byte> field, out long value)
    {
        if ((field[0] & 0x80) != 0)
            return TryBinary(field, out value);
        value = 0;
        var text = field.Trim((ReadOnlySpan<byte>)[(byte)' ', 0]);
        var end = text.IndexOf((byte)0);
        foreach (var digit in end < 0 ? text : text[..end])
        {
            if (digit is < (byte)'0' or > (byte)'7')
                return false;
            value = (value << 3) | (uint)(digit - '0');
        }

        return true;
    }

    private static bool TryBinary(ReadOnlySpan<byte> field, out long value)
    {
        // 8 or 12 bytes, of which the first bit is the mark and the second the sign; what does not fit 64 bits must be copies of the sign.
        var isNegative = (field[0] & 0x40) != 0;
        value = BinaryPrimitives.ReadInt64BigEndian(field[^8..]);
        if (field.Length == 8)
        {
            value = isNegative ? value : value & long.MaxValue;
            return true;
        }

        return value < 0 == isNegative
            && field[0] == (isNegative ? 0xff : 0x80)
            && !field[1..^8].ContainsAnyExcept(isNegative ? (byte)0xff : (byte)0);
    }
}
