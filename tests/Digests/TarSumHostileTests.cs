using System.IO.Compression;
using System.Text;
using Registry.Digests;
using Registry.Tests.Support;

namespace Registry.Tests.Digests;

/// <summary>Archives that are damaged, or made to do harm: a clear error, in bounded time and memory.</summary>
public sealed class TarSumHostileTests
{
    private static readonly TarSumLimits small = new() { MaxEntries = 3, MaxExtension = 2000, MaxExtents = 5, MaxExpanded = 100_000 };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>What is read, by name, and what the error says.</summary>
    public static readonly TheoryData<string, string> Damaged = new()
    {
        { "text", "truncated tar archive: it ends at byte 4, within a header" },
        { "a block of text", "invalid tar header at byte 0: its checksum is wrong" },
        { "a zero block and more", "invalid tar header at byte 1024: it follows a single block of zeros" },
        { "octal that is none", "its mode is no number" },
        { "a size that is negative", "its size is negative" },
        { "a number of more than 64 bits", "its size is no number" },
        { "a content that does not come", "truncated tar archive: it ends at byte 512, within an entry" },
        { "a content of 8 EiB", "truncated tar archive" },
        { "padding that does not come", "truncated tar archive: it ends at byte 513, within an entry" },
        { "a pax header that is too large", "an extension of 2001 bytes, where 2000 are the most" },
        { "a long name that is too large", "an extension of 2001 bytes, where 2000 are the most" },
        { "a pax header and nothing", "the archive ends where an entry must follow its extension" },
        { "two pax headers", "a second extension 'x' of one entry" },
        { "two long names", "a second extension 'L' of one entry" },
        { "a pax record that is longer than all", "a pax record of a wrong length" },
        { "a pax record of no length", "a pax record of a wrong length" },
        { "a pax record of a negative length", "a pax record of a wrong length" },
        { "a pax record without its newline", "a pax record of a wrong length" },
        { "a pax record without a keyword", "a pax record without a keyword" },
        { "a pax record without a value", "a pax record without a keyword" },
        { "a pax size that is none", "its size is no number" },
        { "a pax size that is negative", "its size is negative" },
        { "a pax uid of more than 64 bits", "its uid is no number" },
        { "too many entries", "more than 3 entries" },
        { "a hole that is too large", "expands to more than 100000 bytes" },
        { "a sparse file without a size", "a sparse file without its size" },
        { "a sparse map of odd length", "an offset without a length" },
        { "a sparse map of words", "its map is not made of numbers" },
        { "a sparse map out of order", "its parts are not in order, or beyond its end" },
        { "a sparse map beyond the end", "its parts are not in order, or beyond its end" },
        { "a sparse map with a negative length", "its parts are not in order, or beyond its end" },
        { "a sparse map of more than is stored", "its parts are more than what is stored" },
        { "a sparse map with too many parts", "it has more than 5 parts" },
        { "a sparse map in the content that does not end", "its map ends too soon" },
        { "a sparse map in the content of long lines", "its map is not made of numbers" },
        { "a sparse map in the content with too many parts", "it has more than 5 parts" },
        { "an old sparse file that is not of GNU", "a sparse file in a format that has none" },
        { "an old sparse map that does not end", "within a sparse file's map" },
        { "gzip that is damaged", "damaged gzip data" },
        { "gzip that is truncated", "damaged gzip data" },
        { "gzip of too much", "expands to more than 100000 bytes" },
        { "gzip of too much behind the end", "expands to more than 100000 bytes" },
        { "gzip of gzip", "truncated tar archive" },
    };

    [Theory]
    [MemberData(nameof(Damaged))]
    public async Task A_damaged_archive_is_refused_and_the_error_says_why(string what, string problem)
    {
        var refusal = await Assert.ThrowsAsync<TarSumException>(() => TarSum.Compute(new MemoryStream(Make(what)), small, Cancellation));
        Assert.Contains(problem, refusal.Message, StringComparison.Ordinal);
    }

    /// <summary>Cut between two entries or within the end an archive is whole, as it was to docker. Its sum tells that entries are missing.</summary>
    [Fact]
    public async Task An_archive_that_is_cut_anywhere_is_refused_or_has_another_sum()
    {
        byte[] entries = [.. new TarFile(new string('n', 150)) { Content = Content.Bytes(1, 700) }.Bytes(), .. new TarFile("last").Bytes()];
        byte[] archive = [.. entries, .. new byte[1024]];
        var sum = await Sum(archive);
        for (var length = 0; length < entries.Length; length++)
        {
            var got = await Sum(archive[..length]);
            Assert.True(got is null == (length % 512 != 0 || length is > 0 and < 2560), $"{length}: {got}");
            Assert.NotEqual(sum, got);
        }

        Assert.Equal(sum, await Sum(entries));
        Assert.Equal(sum, await Sum([.. entries, .. new byte[512]]));
        Assert.Null(await Sum([.. entries, .. new byte[100]]));
    }

    /// <summary>A few bits of deflate may be one or the other for the same data.</summary>
    [Fact]
    public async Task A_flipped_bit_of_a_compressed_archive_is_noticed_or_changes_nothing()
    {
        var archive = Gzip(TarFile.Archive(new TarFile("file") { Content = Content.Bytes(1, 300) }));
        var (sum, noticed, bits) = (await Sum(archive), 0, 0);
        for (var bit = 10 * 8; bit < archive.Length * 8; bit++, bits++)
        {
            byte[] flipped = [.. archive];
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));
            var got = await Sum(flipped);
            Assert.True(got is null || got == sum, $"bit {bit} of {archive.Length * 8}");
            noticed += got is null ? 1 : 0;
        }

        Assert.InRange(noticed, bits * 99 / 100, bits);
    }

    [Fact]
    public async Task An_archive_that_expands_as_far_as_it_may_is_summed_up()
    {
        var sparse = Sparse([("GNU.sparse.major", "0"), ("GNU.sparse.minor", "1"), ("GNU.sparse.map", "50000,3"), ("GNU.sparse.size", "96000")], "end"u8);
        var sum = (await TarSum.Compute(new MemoryStream(sparse), small, Cancellation)).ToString();
        byte[] content = new byte[96_000];
        "end"u8.CopyTo(content.AsSpan(50_000));
        Assert.Equal(TarFile.Sum(new TarFile("sparse") { Content = content }), sum);
    }

    [Theory]
    [InlineData(0, 1L << 30)]
    [InlineData(1L << 20, (1L << 30) + (100L << 20))]
    [InlineData(1L << 40, 5L << 40)]
    [InlineData(long.MaxValue / 2, 5L << 40)]
    public void An_upload_may_expand_in_proportion_and_never_beyond_the_largest_blob(long stored, long limit) =>
        Assert.Equal(limit, TarSumLimits.For(stored, 5L << 40).MaxExpanded);

    private static byte[] Make(string what)
    {
        var file = new TarFile("file") { Content = new byte[600] };
        var header = file.Header();
        return what switch
        {
            "text" => "text"u8.ToArray(),
            "a block of text" => Encoding.ASCII.GetBytes(new string('x', 512)),
            "a zero block and more" => [.. new TarFile("file").Bytes(), .. new byte[512], .. file.Bytes()],
            "octal that is none" => TarFile.With(header, 100, "00008"u8.ToArray()),
            "a size that is negative" => TarFile.With(header, 124, [.. Enumerable.Repeat((byte)0xff, 12)]),
            "a number of more than 64 bits" => TarFile.With(header, 124, [0x80, 0, 0, 1]),
            "a content that does not come" => header,
            "a content of 8 EiB" => [.. TarFile.With(header, 124, [0x80, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]), .. new byte[2000]],
            "padding that does not come" => [.. new TarFile("file") { Content = [1] }.Header(), 1],
            "a pax header that is too large" => Extension('x', new string('x', 2001)),
            "a long name that is too large" => Extension('L', new string('x', 2001)),
            "a pax header and nothing" => [.. Extension('x', TarFile.Record("path", "x")), .. new byte[1024]],
            "two pax headers" => [.. Extension('x', TarFile.Record("path", "x")), .. Extension('x', TarFile.Record("path", "y")), .. header],
            "two long names" => [.. Extension('L', "x"), .. Extension('L', "y"), .. header],
            "a pax record that is longer than all" => Extension('x', "999999999 path=x\n"),
            "a pax record of no length" => Extension('x', " path=x\n"),
            "a pax record of a negative length" => Extension('x', "-9 path=x\n"),
            "a pax record without its newline" => Extension('x', "9 path=x "),
            "a pax record without a keyword" => Extension('x', "9 =pathx\n"),
            "a pax record without a value" => Extension('x', "8 pathx\n"),
            "a pax size that is none" => [.. Extension('x', TarFile.Record("size", "12x")), .. header],
            "a pax size that is negative" => [.. Extension('x', TarFile.Record("size", "-1")), .. header],
            "a pax uid of more than 64 bits" => [.. Extension('x', TarFile.Record("uid", "99999999999999999999")), .. header],
            "too many entries" => TarFile.Archive(Enumerable.Range(0, 4).Select(i => new TarFile($"{i}"))),
            "a hole that is too large" => Sparse([("GNU.sparse.map", "0,1"), ("GNU.sparse.size", "9223372036854775807")], "x"u8),
            "a sparse file without a size" => Sparse([("GNU.sparse.map", "0,1")], "x"u8),
            "a sparse map of odd length" => Sparse([("GNU.sparse.map", "0,1,2"), ("GNU.sparse.size", "3")], "x"u8),
            "a sparse map of words" => Sparse([("GNU.sparse.map", "0,one"), ("GNU.sparse.size", "3")], "x"u8),
            "a sparse map out of order" => Sparse([("GNU.sparse.map", "5,1,2,1"), ("GNU.sparse.size", "10")], "xx"u8),
            "a sparse map beyond the end" => Sparse([("GNU.sparse.map", "9223372036854775807,1"), ("GNU.sparse.size", "10")], "x"u8),
            "a sparse map with a negative length" => Sparse([("GNU.sparse.map", "0,-1"), ("GNU.sparse.size", "10")], "x"u8),
            "a sparse map of more than is stored" => Sparse([("GNU.sparse.map", "0,5"), ("GNU.sparse.size", "10")], "x"u8),
            "a sparse map with too many parts" => Sparse([("GNU.sparse.map", string.Join(',', Enumerable.Range(0, 6).Select(i => $"{2 * i},1"))), ("GNU.sparse.size", "20")], "xxxxxx"u8),
            "a sparse map in the content that does not end" => Sparse(Sparse10, "5\n0\n1\n"u8),
            "a sparse map in the content of long lines" => Sparse(Sparse10, Encoding.ASCII.GetBytes(new string('1', 512))),
            "a sparse map in the content with too many parts" => Sparse(Sparse10, Encoding.ASCII.GetBytes("9223372036854775807\n".PadRight(512, '\0'))),
            "an old sparse file that is not of GNU" => new TarFile("file") { Type = 'S' }.Bytes(),
            "an old sparse map that does not end" => TarFile.With(TarFile.With(new TarFile("file") { Type = 'S' }.Header(), 257, "ustar  \0"u8.ToArray()), 482, 1),
            "gzip that is damaged" => [.. Gzip(TarFile.Archive(file)).Select((b, i) => i == 30 ? (byte)(b ^ 0x55) : b)],
            "gzip that is truncated" => Gzip(TarFile.Archive(file))[..^9],
            "gzip of too much" => Gzip(TarFile.Archive(new TarFile("file") { Content = new byte[200_000] })),
            "gzip of too much behind the end" => Gzip([.. TarFile.Archive(file), .. new byte[200_000]]),
            "gzip of gzip" => Gzip(Gzip(TarFile.Archive(file))),
            _ => throw new ArgumentOutOfRangeException(nameof(what), what, null),
        };
    }

    private static readonly (string, string)[] Sparse10 = [("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.realsize", "1000")];

    private static byte[] Extension(char type, string content) => new TarFile("extension") { Type = type, Content = TarFile.Text(content) }.Bytes();

    private static byte[] Sparse((string Keyword, string Value)[] records, ReadOnlySpan<byte> stored) =>
        [.. Extension('x', string.Concat(records.Select(r => TarFile.Record(r.Keyword, r.Value)))), .. TarFile.Archive(new TarFile("sparse") { Content = stored.ToArray() })];

    private static byte[] Gzip(byte[] plain)
    {
        using var output = new MemoryStream();
        using (var gzip = new GZipStream(output, CompressionLevel.Optimal))
            gzip.Write(plain);
        return output.ToArray();
    }

    private static async Task<string?> Sum(byte[] archive)
    {
        try
        {
            return (await TarSum.Compute(new MemoryStream(archive), TarSumLimits.For(archive.Length, long.MaxValue), Cancellation)).ToString();
        }
        catch (TarSumException)
        {
            return null;
        }
    }
}
