using FsCheck;
using FsCheck.Fluent;
using Registry.Digests;
using Registry.Layers;
using Registry.Storage;
using Registry.Tests.Support;

namespace Registry.Tests.Layers;

public sealed class BlockListTests
{
    [Fact]
    public void Blocks_of_one_writer_and_size_are_one_segment_of_few_bytes()
    {
        var list = new BlockList();
        for (var i = 0; i < 3000; i++)
            list.Add("0123456789ab", i, 8 * 1024 * 1024);

        Assert.Equal(3000, list.Count);
        Assert.Equal(3000L * 8 * 1024 * 1024, list.Length);
        Assert.InRange(list.Encode().Length, 1, 32);
        Assert.Equal("0123456789ab-00000bb7", list.Ids().Last());
    }

    [Fact]
    public void Whatever_is_added_comes_back_from_its_encoding() =>
        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(300).WithReplay((ulong)(uint)TestSeed.Current, 1),
            Prop.ForAll(ArbMap.Default.ArbFor<(byte Writer, byte Index, byte Size, byte Run)[]>(), runs =>
            {
                var list = new BlockList();
                foreach (var (writer, index, size, run) in runs)
                {
                    for (var i = 0; i <= run % 4; i++)
                        list.Add($"{writer % 3:x12}", index + i, 1 + (size % 3));
                }

                var again = BlockList.Decode(list.Encode());
                return again.Ids().SequenceEqual(list.Ids()) && again.Count == list.Count && again.Length == list.Length && again.Encode().SequenceEqual(list.Encode());
            }));

    [Fact]
    public void A_clone_does_not_see_what_is_added_later()
    {
        var list = new BlockList();
        list.Add("000000000001", 0, 10);
        var clone = list.Clone();
        list.Add("000000000001", 1, 10);

        Assert.Equal((1, 10), (clone.Count, (int)clone.Length));
    }

    [Fact]
    public void Every_id_has_the_length_of_the_tail_s_id_and_is_never_it()
    {
        Assert.Equal(BlockList.TailId.Length, BlockList.BlockId("0123456789ab", 49_999).Length);
        Assert.NotEqual(BlockList.TailId, BlockList.BlockId("000000000000", 49_999));
    }

    [Theory]
    [InlineData(new byte[0])]
    [InlineData(new byte[] { 2 })]
    [InlineData(new byte[] { 1, 7, 0, 0 })]
    [InlineData(new byte[] { 1, 6, 1, 2, 3, 4, 5, 6, 0, 0 })]
    [InlineData(new byte[] { 1, 6, 1, 2, 3, 4, 5, 6, 255, 255, 255, 255 })]
    public void What_was_not_encoded_here_is_refused(byte[] encoded) => Assert.Throws<FormatException>(() => BlockList.Decode(encoded));

    /// <summary>The worst case: every block of a writer of its own, and a full tail. 24.4 GiB of 512 KiB chunks, each sent by a request of its own.</summary>
    [Fact]
    public async Task Fifty_thousand_blocks_of_as_many_writers_and_a_full_tail_fit_a_row()
    {
        var lab = await UploadLab.Make(new UploadOptions());
        var blocks = new BlockList();
        for (var i = 0; i < lab.Options.MaxBlocks - 1; i++)
            blocks.Add($"{i:x12}", 0, lab.Options.MinBlockSize);
        Assert.InRange(blocks.Encode().Length, 1, 350_008);

        var store = new LayerUploadStore(lab.Tables, lab.Ids);
        using var hash = ResumableHash.Create(DigestAlgorithm.Sha512);
        hash.Append(new byte[127]);
        var state = await store.Insert(
            new LayerUploadState { Repository = UploadLab.Here, Id = lab.Ids.NewUuid(), Hash = hash.Save() }, TestContext.Current.CancellationToken);
        var full = state with
        {
            Blocks = blocks,
            Tail = Content.Bytes(1, lab.Options.MinBlockSize - 1),
            Phase = UploadPhase.Sealed,
            Claim = UploadLab.Sha512([]),
            Verified = hash.Save(),
            StagedAt = lab.Clock.GetUtcNow(),
        };

        // The memory store holds every entity to Azure's limits: 64 KiB a property, 1 MiB in all.
        Assert.NotNull(await store.Save(full, TestContext.Current.CancellationToken));
        var row = await lab.Tables.Find(Tables.Uploads, Tables.Key(full.Repository), full.Id.ToString("D"), TestContext.Current.CancellationToken);
        Assert.InRange(TableLimits.EntitySize(row!), 870_000, TableLimits.MaxEntityBytes);
        var read = await store.Find(full.Repository, full.Id, TestContext.Current.CancellationToken);
        Assert.Equal(full.Offset, read!.Offset);
        Assert.Equal(blocks.Ids(), read.Blocks.Ids());
        Assert.True(full.Tail.Span.SequenceEqual(read.Tail.Span));
        Assert.InRange(full.Offset, 24L << 30, long.MaxValue);
    }
}
