using Registry.Storage.FileSystem.Blobs;
using Registry.Storage.FileSystem.Journal;
using Registry.Tests.Support;

namespace Registry.Tests.Storage.FileSystem;

public sealed class CommittedBlocksTests
{
    [Theory]
    [InlineData("")]
    [InlineData("a")]
    [InlineData("aa ab bb bb")]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb")]
    public void Blocks_are_unpacked_as_they_were_packed(string joined)
    {
        string[] ids = joined.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var list = CommittedBlocks.FromPacked(CommittedBlocks.Of(ids.Select((id, i) => (id, (long)i << 33))).Packed.ToArray());

        Assert.Equal(ids, list.Blocks().Select(b => b.Id));
        Assert.Equal(ids.Select((_, i) => (long)i << 33), list.Blocks().Select(b => b.Range.Length));
        Assert.Equal(ids.Select((_, i) => ((long)i * (i - 1) / 2) << 33), list.Blocks().Select(b => b.Range.Offset));
    }

    [Fact]
    public void A_block_of_a_long_upload_takes_ten_bytes_or_less()
    {
        string writer = new SeededIds(1).NewHex(8);

        CommittedBlocks list = CommittedBlocks.Of(Enumerable.Range(0, 50_000).Select(i => ($"{writer}-{i:d8}", 8L * 1024 * 1024)));

        Assert.InRange(list.Packed.Length, 1, 10 * 50_000);
        Assert.Equal(50_000, list.Blocks().Count());
    }

    /// <summary>RFC 3720, B.4.</summary>
    [Theory]
    [InlineData(0x00, 0, 0x8a9136aau)]
    [InlineData(0xff, 0, 0x62a8ab43u)]
    [InlineData(0x00, 1, 0x46dd794eu)]
    [InlineData(0x1f, -1, 0x113fdb5cu)]
    public void The_checksum_is_that_of_the_rfc(int first, int step, uint expected)
    {
        byte[] bytes = [.. Enumerable.Range(0, 32).Select(i => (byte)(first + (step * i)))];

        Assert.Equal(expected, Crc32C.Of(bytes));
        Assert.Equal(expected, Crc32C.Append(Crc32C.Of(bytes.AsSpan(0, 5)), bytes.AsSpan(5)));
    }
}
