using Registry.Storage;
using Registry.Tests.Support;

namespace Registry.Tests.Storage.FileSystem;

/// <summary>What is made of a journal that a crash or a hand has left.</summary>
public sealed class TableJournalTests : IDisposable
{
    private static readonly Dictionary<string, string> rowsBeforeTheLast = new() { ["a"] = "1", ["b"] = "2", ["c"] = "3", ["d"] = "4" };

    private readonly TemporaryFolder folder = new();

    private string Folder => folder["data"];

    private string Journal => Path.Combine(Folder, "tables", "journal-0000000000");

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task A_last_frame_torn_at_any_byte_is_cut_off_and_writing_goes_on()
    {
        (long from, long to) = (await WriteFrames())[^1];
        byte[] whole = await File.ReadAllBytesAsync(Journal, Cancel);
        for (long length = from; length < to; length++)
        {
            await File.WriteAllBytesAsync(Journal, whole[..(int)length], Cancel);
            await AssertCutOff($"torn at {length}");
        }
    }

    [Fact]
    public async Task A_last_frame_that_is_harmed_at_any_byte_is_cut_off()
    {
        (long from, long to) = (await WriteFrames())[^1];
        byte[] whole = await File.ReadAllBytesAsync(Journal, Cancel);
        for (long at = from; at < to; at++)
        {
            await File.WriteAllBytesAsync(Journal, Harmed(whole, at), Cancel);
            await AssertCutOff($"harmed at {at}");
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(17)]
    [InlineData(5000)]
    [InlineData(3 * 1024 * 1024)]
    public async Task Zeros_after_the_last_frame_are_cut_off(int count)
    {
        await WriteFrames();
        await using (FileStream stream = File.Open(Journal, FileMode.Append))
            stream.Write(new byte[count]);
        long length = new FileInfo(Journal).Length - count;

        await using OpenTables tables = await OpenTables.Open(Folder);

        Assert.Equal(5, (await tables.Rows()).Count);
        Assert.Equal(length, new FileInfo(Journal).Length);
    }

    [Fact]
    public async Task A_frame_that_is_harmed_in_the_middle_is_an_error_that_names_file_and_offset()
    {
        (long from, long to) = (await WriteFrames())[2];
        byte[] whole = await File.ReadAllBytesAsync(Journal, Cancel);
        for (long at = from; at < to; at++)
        {
            await File.WriteAllBytesAsync(Journal, Harmed(whole, at), Cancel);

            var error = await Assert.ThrowsAsync<InvalidDataException>(() => OpenTables.Open(Folder));

            Assert.Equal($"'{Journal}' is corrupt at offset {from} of {whole.Length}", error.Message);
        }
    }

    [Fact]
    public async Task A_frame_that_is_missing_from_the_middle_is_an_error()
    {
        (long from, long to) = (await WriteFrames())[2];
        byte[] whole = await File.ReadAllBytesAsync(Journal, Cancel);
        await File.WriteAllBytesAsync(Journal, [.. whole[..(int)from], .. whole[(int)to..]], Cancel);

        var error = await Assert.ThrowsAsync<InvalidDataException>(() => OpenTables.Open(Folder));

        Assert.Contains($"offset {from} ", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(9)]
    [InlineData(15)]
    public async Task A_harmed_header_is_an_error(int at)
    {
        await WriteFrames();
        await File.WriteAllBytesAsync(Journal, Harmed(await File.ReadAllBytesAsync(Journal, Cancel), at), Cancel);

        var error = await Assert.ThrowsAsync<InvalidDataException>(() => OpenTables.Open(Folder));

        Assert.Contains("offset 0 ", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    [InlineData(15)]
    public async Task A_journal_that_was_never_begun_is_begun(int length)
    {
        await (await OpenTables.Open(Folder)).DisposeAsync();
        await using (FileStream stream = File.OpenWrite(Journal))
            stream.SetLength(length);

        await using OpenTables tables = await OpenTables.Open(Folder);

        Assert.True((await tables.Put("a", "1")).IsDone);
    }

    [Fact]
    public async Task A_property_that_looks_like_a_frame_is_not_taken_for_one()
    {
        await WriteFrames();
        byte[] whole = await File.ReadAllBytesAsync(Journal, Cancel);
        File.Delete(Journal);
        await using (OpenTables tables = await OpenTables.Open(Folder, seed: 2))
        {
            await tables.Put("a", "1");
            await tables.Write(TableOperation.Insert(new TableEntity("p", "z").Set("value", "x").Set("forged", whole)));
        }

        await using (FileStream stream = File.OpenWrite(Journal))
            stream.SetLength(stream.Length - 1);
        Dictionary<string, string> rows = await Reopened();

        Assert.Equal(["a"], rows.Keys);
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static byte[] Harmed(byte[] bytes, long at)
    {
        byte[] harmed = [.. bytes];
        harmed[at] ^= 0x40;
        return harmed;
    }

    /// <summary>Writes five rows, a frame each, and gives where their frames lie.</summary>
    private async Task<List<(long From, long To)>> WriteFrames()
    {
        await using OpenTables tables = await OpenTables.Open(Folder);
        var frames = new List<(long, long)>();
        foreach ((string row, string value) in (IEnumerable<KeyValuePair<string, string>>)[.. rowsBeforeTheLast, new("e", "last")])
        {
            long from = new FileInfo(Journal).Length;
            await tables.Put(row, value);
            frames.Add((from, new FileInfo(Journal).Length));
        }

        return frames;
    }

    private async Task AssertCutOff(string how)
    {
        await using (OpenTables tables = await OpenTables.Open(Folder))
        {
            Assert.True(rowsBeforeTheLast.OrderBy(r => r.Key).SequenceEqual((await tables.Rows()).OrderBy(r => r.Key)), how);
            await tables.Put("after", how);
        }

        Assert.Equal(how, (await Reopened())["after"]);
    }

    private async Task<Dictionary<string, string>> Reopened()
    {
        await using OpenTables tables = await OpenTables.Open(Folder);
        return await tables.Rows();
    }
}
