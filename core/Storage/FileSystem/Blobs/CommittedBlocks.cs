using System.Text;

namespace Registry.Storage.FileSystem.Blobs;

/// <summary>The blocks that a blob was committed of, in order, without gaps.</summary>
/// <remarks>
/// It is kept in memory for every blob, so it is kept packed: ids of one writer differ in their last characters, and an entry has only what
/// differs from the one before. Eight bytes or so for a block of 8 MiB: a millionth.
/// </remarks>
internal sealed class CommittedBlocks
{
    private readonly byte[] packed;

    private CommittedBlocks(byte[] packed) => this.packed = packed;

    public ReadOnlyMemory<byte> Packed => packed;

    public static CommittedBlocks FromPacked(byte[] packed) => new(packed);

    public static CommittedBlocks Of(IEnumerable<(string Id, long Length)> blocks)
    {
        using var buffer = new MemoryStream();
        using var writer = new BinaryWriter(buffer);
        string last = "";
        foreach ((string id, long length) in blocks)
        {
            int shared = id.AsSpan().CommonPrefixLength(last);
            writer.Write((byte)shared);
            writer.Write((byte)(id.Length - shared));
            writer.Write(Encoding.ASCII.GetBytes(id, shared, id.Length - shared));
            writer.Write7BitEncodedInt64(length);
            last = id;
        }

        return new CommittedBlocks(buffer.ToArray());
    }

    /// <summary>The blocks and where they lie in the blob.</summary>
    public IEnumerable<(string Id, BlockRange Range)> Blocks()
    {
        using var reader = new BinaryReader(new MemoryStream(packed));
        string last = "";
        long offset = 0;
        while (reader.BaseStream.Position < packed.Length)
        {
            int shared = reader.ReadByte();
            string id = last[..shared] + Encoding.ASCII.GetString(reader.ReadBytes(reader.ReadByte()));
            long length = reader.Read7BitEncodedInt64();
            yield return (id, new BlockRange(offset, length));
            offset += length;
            last = id;
        }
    }
}
