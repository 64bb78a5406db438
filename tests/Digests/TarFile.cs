using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Registry.Tests.Digests;

/// <summary>An entry of an archive that a test makes, field by field, and what docker's specification says of it. Texts are Latin-1.</summary>
internal sealed record TarFile(string Name)
{
    public long Mode { get; init; } = 0x1a4;

    public long Uid { get; init; }

    public long Gid { get; init; }

    public byte[] Content { get; init; } = [];

    public long Time { get; init; } = 1_417_437_296;

    public char Type { get; init; } = '0';

    public string LinkName { get; init; } = "";

    public string UserName { get; init; } = "";

    public string GroupName { get; init; } = "";

    public long Major { get; init; }

    public long Minor { get; init; }

    public IReadOnlyList<(string Name, string Value)> Attributes { get; init; } = [];

    private bool IsDevice => Type is '3' or '4';

    /// <summary>A whole archive of these.</summary>
    public static byte[] Archive(params IEnumerable<TarFile> files) => [.. files.SelectMany(f => f.Bytes()), .. new byte[1024]];

    /// <summary>The tarsum by the letter of the specification, for names that differ.</summary>
    public static string Sum(params IEnumerable<TarFile> files) =>
        Final(files.Select(f => f.EntrySum()).Order(StringComparer.Ordinal));

    /// <summary>The tarsum of entries' sums in this order.</summary>
    public static string Final(IEnumerable<string> sums) => $"tarsum.v1+sha256:{Hash(Encoding.ASCII.GetBytes(string.Concat(sums)))}";

    public string EntrySum() => Hash(
    [
        .. Text($"name{Name}mode{Mode}uid{Uid}gid{Gid}size{Content.Length}typeflag{Type}linkname{LinkName}uname{UserName}gname{GroupName}"),
        .. Text($"devmajor{(IsDevice ? Major : 0)}devminor{(IsDevice ? Minor : 0)}"),
        .. Text(string.Concat(Attributes.OrderBy(a => a.Name, StringComparer.Ordinal).Select(a => a.Name + a.Value))),
        .. Content,
    ]);

    /// <summary>The entry as it stands in an archive: ustar, and a pax header before it for what does not fit that.</summary>
    public byte[] Bytes()
    {
        var records = Attributes.Select(a => Record($"SCHILY.xattr.{a.Name}", a.Value)).ToList();
        AddLong(records, "path", Name, 100);
        AddLong(records, "linkpath", LinkName, 100);
        AddLong(records, "uname", UserName, 32);
        AddLong(records, "gname", GroupName, 32);
        var pax = Text(string.Concat(records));
        return [.. pax.Length == 0 ? [] : Padded(new TarFile("pax") { Type = 'x', Content = pax }.Header(), pax), .. Padded(Header(), Content)];
    }

    /// <summary>A pax record: its own length, which counts its digits too, keyword and value.</summary>
    public static string Record(string keyword, string value)
    {
        var rest = keyword.Length + value.Length + 3;
        var length = rest + 1;
        while (length != rest + length.ToString(CultureInfo.InvariantCulture).Length)
            length++;
        return $"{length} {keyword}={value}\n";
    }

    /// <summary>The header's block alone.</summary>
    public byte[] Header()
    {
        var block = new byte[512];
        Put(block, 0, 100, Name);
        Octal(block, 100, 8, Mode);
        Octal(block, 108, 8, Uid);
        Octal(block, 116, 8, Gid);
        Octal(block, 124, 12, Content.Length);
        Octal(block, 136, 12, Time);
        block[156] = (byte)Type;
        Put(block, 157, 100, LinkName);
        Put(block, 257, 8, "ustar\00000"[..8]);
        Put(block, 265, 32, UserName);
        Put(block, 297, 32, GroupName);
        Octal(block, 329, 8, Major);
        Octal(block, 337, 8, Minor);
        return WithChecksum(block);
    }

    /// <summary>Sets a field of a header, and the checksum after it.</summary>
    public static byte[] With(byte[] header, int at, params byte[] value)
    {
        byte[] copy = [.. header];
        value.CopyTo(copy, at);
        return WithChecksum(copy);
    }

    /// <summary>A header and its content, filled up to whole blocks.</summary>
    public static byte[] Padded(byte[] header, byte[] content) => [.. header, .. content, .. new byte[-content.Length & 511]];

    public static byte[] Text(string text) => Encoding.Latin1.GetBytes(text);

    private static byte[] WithChecksum(byte[] block)
    {
        block.AsSpan(148, 8).Fill((byte)' ');
        var sum = block.Sum(b => (long)b);
        Octal(block, 148, 7, sum);
        return block;
    }

    private static void AddLong(List<string> records, string keyword, string value, int room)
    {
        if (value.Length > room)
            records.Add(Record(keyword, value));
    }

    private static void Put(byte[] block, int at, int length, string text) =>
        Text(text).AsSpan(0, Math.Min(length, text.Length)).CopyTo(block.AsSpan(at, length));

    private static void Octal(byte[] block, int at, int length, long value) =>
        Put(block, at, length - 1, Convert.ToString(value, 8).PadLeft(length - 1, '0'));

    private static string Hash(byte[] content) => Convert.ToHexStringLower(SHA256.HashData(content));
}
