using System.Buffers;
using System.Buffers.Binary;

namespace Registry.Layers;

/// <summary>The blocks of an upload in the order of the content. Runs of equal blocks of one writer are one segment.</summary>
/// <remarks>
/// A block id is the writer's 12 hexadecimal digits, a dash, and the block's number in 8: always 21 characters. Each request that writes is
/// a writer of its own, with a random name, so two requests that race can never stage under one id.
/// Encoded, a segment takes 7 bytes when it is one block of the size of the segment before it: 50,000 blocks of as many writers
/// are 350,000 bytes, and fit a row beside the tail.
/// </remarks>
public sealed class BlockList
{
    /// <summary>The block of a final tail, staged by whoever finishes. The tail is in the row and cannot change any more, so all finishers may use one id; no writer's number reaches it.</summary>
    public const string TailId = "000000000000-ffffffff";

    private const byte Version = 1;
    private const byte SameSize = 1;
    private const byte FromZero = 2;
    private const byte Single = 4;

    private readonly List<Segment> segments;

    public BlockList()
        : this([])
    {
    }

    private BlockList(List<Segment> segments)
    {
        this.segments = segments;
        foreach (var segment in segments)
        {
            Count += segment.Count;
            Length += (long)segment.Count * segment.Size;
        }
    }

    /// <summary>How many blocks.</summary>
    public int Count { get; private set; }

    /// <summary>Their bytes.</summary>
    public long Length { get; private set; }

    /// <summary>The id of a writer's block.</summary>
    public static string BlockId(string writer, int index) => $"{writer}-{index:x8}";

    public void Add(string writer, int index, int size)
    {
        Count++;
        Length += size;
        if (segments.Count > 0 && segments[^1] is var last && last.Writer == writer && last.Size == size && last.First + last.Count == index)
            segments[^1] = last with { Count = last.Count + 1 };
        else
            segments.Add(new Segment(writer, index, 1, size));
    }

    public BlockList Clone() => new([.. segments]);

    public IEnumerable<string> Ids() =>
        segments.SelectMany(s => Enumerable.Range(s.First, s.Count), (s, index) => BlockId(s.Writer, index));

    public byte[] Encode()
    {
        var output = new ArrayBufferWriter<byte>(1 + (segments.Count * 8));
        output.Write([Version]);
        var size = 0;
        foreach (var segment in segments)
        {
            var flags = (segment.Size == size ? SameSize : 0) | (segment.First == 0 ? FromZero : 0) | (segment.Count == 1 ? Single : 0);
            output.Write([(byte)flags]);
            output.Write(Convert.FromHexString(segment.Writer));
            if (segment.Size != size)
                WriteNumber(output, segment.Size);
            if (segment.First != 0)
                WriteNumber(output, segment.First);
            if (segment.Count != 1)
                WriteNumber(output, segment.Count);
            size = segment.Size;
        }

        return output.WrittenSpan.ToArray();
    }

    /// <exception cref="FormatException">Not what <see cref="Encode"/> wrote.</exception>
    public static BlockList Decode(ReadOnlySpan<byte> encoded)
    {
        if (encoded.IsEmpty || encoded[0] != Version)
            throw new FormatException("a block list of an unknown version");
        var segments = new List<Segment>();
        var size = 0;
        for (var rest = encoded[1..]; !rest.IsEmpty;)
        {
            if (rest.Length < 7)
                throw new FormatException("a block list that ends too soon");
            var flags = rest[0];
            var writer = Convert.ToHexStringLower(rest[1..7]);
            rest = rest[7..];
            size = (flags & SameSize) != 0 ? size : ReadNumber(ref rest);
            var first = (flags & FromZero) != 0 ? 0 : ReadNumber(ref rest);
            var count = (flags & Single) != 0 ? 1 : ReadNumber(ref rest);
            segments.Add(new Segment(writer, first, count, size));
        }

        return new BlockList(segments);
    }

    private static void WriteNumber(ArrayBufferWriter<byte> output, int value)
    {
        BinaryPrimitives.WriteInt32BigEndian(output.GetSpan(4), value);
        output.Advance(4);
    }

    private static int ReadNumber(ref ReadOnlySpan<byte> rest)
    {
        if (!BinaryPrimitives.TryReadInt32BigEndian(rest, out var value) || value <= 0)
            throw new FormatException("a block list with a wrong number");
        rest = rest[4..];
        return value;
    }

    private readonly record struct Segment(string Writer, int First, int Count, int Size);
}
