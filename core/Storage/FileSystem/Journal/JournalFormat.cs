using System.Buffers.Binary;

namespace Registry.Storage.FileSystem.Journal;

/// <summary>How a journal and a snapshot are written. Numbers are little-endian.</summary>
/// <remarks>
/// <code>
/// header   "RGSTJRN1"  salt:4  crc:4                         of the 12 bytes before
/// frame    length:4  crc:4  sequence:8  payload:length       crc of salt, length, sequence and payload; sequence 1, 2, 3 ...
/// ...
/// end      a frame of length 0                               of a snapshot only: it is whole
/// </code>
/// The salt is random, so that bytes which a client sends, and which come to lie in a payload, cannot pass for a frame.
/// </remarks>
internal static class JournalFormat
{
    public const int HeaderLength = 16;
    public const int FrameHeadLength = 16;

    /// <summary>A writer closes a frame once it is over <see cref="FullFrame"/>; one change more is no larger than this.</summary>
    public const int MaxPayload = 64 * 1024 * 1024;

    /// <summary>Enough that a flush writes many changes, little enough that nobody waits for it long.</summary>
    public const int FullFrame = 1024 * 1024;

    private static ReadOnlySpan<byte> Magic => "RGSTJRN1"u8;

    public static byte[] Header(uint salt)
    {
        byte[] header = new byte[HeaderLength];
        Magic.CopyTo(header);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(8), salt);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(12), Crc32C.Of(header.AsSpan(0, 12)));
        return header;
    }

    public static bool TryReadHeader(ReadOnlySpan<byte> header, out uint salt)
    {
        salt = 0;
        if (header.Length < HeaderLength || !header[..8].SequenceEqual(Magic))
            return false;
        salt = BinaryPrimitives.ReadUInt32LittleEndian(header[8..]);
        return BinaryPrimitives.ReadUInt32LittleEndian(header[12..]) == Crc32C.Of(header[..12]);
    }

    public static byte[] FrameHead(uint salt, ulong sequence, ReadOnlySpan<byte> payload)
    {
        byte[] head = new byte[FrameHeadLength];
        BinaryPrimitives.WriteInt32LittleEndian(head, payload.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(head.AsSpan(8), sequence);
        BinaryPrimitives.WriteUInt32LittleEndian(head.AsSpan(4), Checksum(salt, head, payload));
        return head;
    }

    public static FrameHead ReadFrameHead(ReadOnlySpan<byte> head) => new(
        BinaryPrimitives.ReadInt32LittleEndian(head),
        BinaryPrimitives.ReadUInt32LittleEndian(head[4..]),
        BinaryPrimitives.ReadUInt64LittleEndian(head[8..]));

    public static uint Checksum(uint salt, ReadOnlySpan<byte> head, ReadOnlySpan<byte> payload)
    {
        Span<byte> seed = stackalloc byte[16];
        BinaryPrimitives.WriteUInt32LittleEndian(seed, salt);
        head[..4].CopyTo(seed[4..]);
        head[8..16].CopyTo(seed[8..]);
        return Crc32C.Append(Crc32C.Of(seed), payload);
    }
}

/// <param name="Length">Bytes of the payload.</param>
/// <param name="Checksum">Of all the rest.</param>
/// <param name="Sequence">The frame's number in its file.</param>
internal readonly record struct FrameHead(int Length, uint Checksum, ulong Sequence)
{
    public bool IsPlausible(long available) => Length is >= 0 and <= JournalFormat.MaxPayload && Length <= available;
}
