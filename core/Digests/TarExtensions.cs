using System.Buffers.Text;
using System.Text;

namespace Registry.Digests;

/// <summary>What stands before an entry's own header and belongs to it: a pax extended header, and GNU's long names.</summary>
internal sealed class TarExtensions
{
    private const string AttributePrefix = "SCHILY.xattr.";
    private const string SparsePrefix = "GNU.sparse.";

    private readonly Dictionary<string, byte[]> fields = new(StringComparer.Ordinal);
    private readonly Dictionary<string, byte[]> attributes = new(StringComparer.Ordinal);
    private readonly List<byte[]> extents = [];
    private byte[]? longName;
    private byte[]? longLink;
    private bool hasPax;

    public bool IsEmpty => !hasPax && longName is null && longLink is null;

    /// <summary>Takes one extension in.</summary>
    /// <param name="type">The type of its header: <c>x</c>, <c>L</c> or <c>K</c>.</param>
    /// <param name="content">Its content.</param>
    /// <param name="at">Where it stands in the archive, for the message.</param>
    /// <exception cref="TarSumException">It is malformed, or the entry has one already.</exception>
    public void Add(byte type, ReadOnlySpan<byte> content, long at)
    {
        // Readers differ in which of two holds, so an archive with two could mean one thing here and another where it is unpacked.
        if (type == 'x' ? hasPax : (type == 'L' ? longName : longLink) is not null)
            throw TarHeader.Invalid(at, $"a second extension '{(char)type}' of one entry");
        if (type == 'L')
            longName = TarHeader.Text(content);
        else if (type == 'K')
            longLink = TarHeader.Text(content);
        else
            AddPax(content, at);
    }

    /// <summary>The header that the entry has with all of this.</summary>
    public TarHeader Apply(TarHeader header, long at) => header with
    {
        Name = longName ?? Find("path") ?? header.Name,
        LinkName = longLink ?? Find("linkpath") ?? header.LinkName,
        UserName = Find("uname") ?? header.UserName,
        GroupName = Find("gname") ?? header.GroupName,
        Uid = FindNumber("uid", at) ?? header.Uid,
        Gid = FindNumber("gid", at) ?? header.Gid,
        Size = FindNumber("size", at) ?? header.Size,
        Attributes = [.. attributes.OrderBy(a => a.Key, StringComparer.Ordinal)],
    };

    /// <summary>What GNU tar says of a sparse file in the pax format; null for any other file. Formats 0.0, 0.1 and 1.0, told apart as Go's archive/tar does.</summary>
    public PaxSparse? FindSparse(long at)
    {
        var version = fields.TryGetValue("GNU.sparse.major", out var major) && fields.TryGetValue("GNU.sparse.minor", out var minor)
            ? $"{Encoding.Latin1.GetString(major)}.{Encoding.Latin1.GetString(minor)}"
            : fields.ContainsKey("GNU.sparse.map") || extents.Count > 0 || fields.ContainsKey("GNU.sparse.size") ? "0" : null;
        if (version is not ("0" or "0.0" or "0.1" or "1.0"))
            return null;
        var size = FindNumber("GNU.sparse.size", at) ?? FindNumber("GNU.sparse.realsize", at) ?? throw TarHeader.Invalid(at, "a sparse file without its size");
        if (version == "1.0")
            return new PaxSparse(Find("GNU.sparse.name"), size, null);
        return new PaxSparse(Find("GNU.sparse.name"), size, Find("GNU.sparse.map") is { } map ? Split(map) : extents);
    }

    private static List<byte[]> Split(byte[] map)
    {
        var numbers = new List<byte[]>();
        foreach (var range in map.AsSpan().Split((byte)','))
            numbers.Add(map[range]);
        return numbers;
    }

    // POSIX pax, "pax Extended Header": "%d %s=%s\n", where the number counts the whole record. Of two records with one keyword the latter holds.
    private void AddPax(ReadOnlySpan<byte> rest, long at)
    {
        hasPax = true;
        while (!rest.IsEmpty)
        {
            if (!Utf8Parser.TryParse(rest, out int length, out var digits) || rest[0] == '+' || length <= digits + 2 || length > rest.Length || rest[digits] != ' ' || rest[length - 1] != '\n')
                throw TarHeader.Invalid(at, "a pax record of a wrong length");
            var record = rest[(digits + 1)..(length - 1)];
            rest = rest[length..];
            var equals = record.IndexOf((byte)'=');
            if (equals <= 0)
                throw TarHeader.Invalid(at, "a pax record without a keyword");
            AddRecord(Encoding.Latin1.GetString(record[..equals]), record[(equals + 1)..]);
        }
    }

    private void AddRecord(string keyword, ReadOnlySpan<byte> value)
    {
        if (keyword.StartsWith(AttributePrefix, StringComparison.Ordinal))
            attributes[keyword[AttributePrefix.Length..]] = value.ToArray();
        else if (keyword is "GNU.sparse.offset" or "GNU.sparse.numbytes")
            extents.Add(value.ToArray());
        else if (keyword is "path" or "linkpath" or "uname" or "gname" or "uid" or "gid" or "size" || keyword.StartsWith(SparsePrefix, StringComparison.Ordinal))
            fields[keyword] = value.ToArray();
    }

    // An empty value takes the record back (POSIX): what the entry's own header says holds.
    private byte[]? Find(string keyword) => fields.TryGetValue(keyword, out var value) && value.Length > 0 ? value : null;

    private long? FindNumber(string keyword, long at)
    {
        if (Find(keyword) is not { } value)
            return null;
        return TryDecimal(value, out var number) ? number : throw TarHeader.Invalid(at, $"its {keyword} is no number");
    }

    public static bool TryDecimal(ReadOnlySpan<byte> text, out long number) =>
        Utf8Parser.TryParse(text, out number, out var read) && read == text.Length && text[0] != '+';
}

/// <summary>A sparse file in the pax format.</summary>
/// <param name="Name">Its real name, or null when the header has it.</param>
/// <param name="Size">Its bytes, holes and all.</param>
/// <param name="Map">Offsets and lengths in turn; null when they stand before the content (format 1.0).</param>
internal sealed record PaxSparse(byte[]? Name, long Size, IReadOnlyList<byte[]>? Map);
