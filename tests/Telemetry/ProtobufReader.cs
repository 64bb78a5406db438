using System.Buffers.Binary;
using System.Text;

namespace Registry.Tests.Telemetry;

/// <summary>A message of protocol buffers as fields by number: as much of it as OTLP needs, so that what is sent is read by other code than wrote it.</summary>
internal sealed class ProtobufMessage
{
    private readonly List<(int Number, ulong Value, byte[]? Bytes)> fields = [];

    public ProtobufMessage(ReadOnlySpan<byte> content)
    {
        while (!content.IsEmpty)
        {
            var key = Varint(ref content);
            var number = (int)(key >> 3);
            switch (key & 7)
            {
                case 0:
                    fields.Add((number, Varint(ref content), null));
                    break;
                case 1:
                    fields.Add((number, BinaryPrimitives.ReadUInt64LittleEndian(content), null));
                    content = content[8..];
                    break;
                case 2:
                    var length = (int)Varint(ref content);
                    fields.Add((number, 0, content[..length].ToArray()));
                    content = content[length..];
                    break;
                case 5:
                    fields.Add((number, BinaryPrimitives.ReadUInt32LittleEndian(content), null));
                    content = content[4..];
                    break;
                default:
                    throw new InvalidDataException($"no wire type of protocol buffers: {key & 7}");
            }
        }
    }

    public IEnumerable<ProtobufMessage> All(int number) => fields.Where(f => f.Number == number).Select(f => new ProtobufMessage(f.Bytes!));

    public ProtobufMessage? Find(int number) => All(number).FirstOrDefault();

    public string Text(int number) => Encoding.UTF8.GetString(Bytes(number));

    public string Hex(int number) => Convert.ToHexStringLower(Bytes(number));

    public ulong Number(int number) => fields.LastOrDefault(f => f.Number == number).Value;

    public double Double(int number) => BitConverter.UInt64BitsToDouble(Number(number));

    public bool Has(int number) => fields.Exists(f => f.Number == number);

    private byte[] Bytes(int number) => fields.LastOrDefault(f => f.Number == number).Bytes ?? [];

    private static ulong Varint(ref ReadOnlySpan<byte> content)
    {
        ulong value = 0;
        for (var shift = 0; ; shift += 7)
        {
            var next = content[0];
            content = content[1..];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
                return value;
        }
    }
}
