using Registry.Storage;
using Registry.Tests.Support;

namespace Registry.Tests.Storage;

/// <summary>Staged blocks, and blobs made of them.</summary>
public abstract partial class StorageDriverContract
{
    private const int Mebibyte = 1024 * 1024;

    public static TheoryData<string, string> StageAndCommitOrders => new()
    {
        { "b0 b1 b2", "b0 b1 b2" },
        { "b2 b1 b0", "b0 b1 b2" },
        { "b0 b1 b2", "b2 b0 b1" },
        { "b1 b2 b0", "b1 b0 b2" },
        { "b0", "b0" },
    };

    [Theory]
    [MemberData(nameof(StageAndCommitOrders))]
    public async Task Blocks_make_a_blob_in_the_order_of_the_commit(string staged, string committed)
    {
        string path = NewPath();
        foreach (string block in staged.Split(' '))
            await Stage(path, block, BlockContent(block));

        await Commit(path, committed.Split(' '));

        byte[] expected = Joined(committed.Split(' '));
        Assert.Equal(expected, await Read(path));
        Assert.Equal(expected.Length, (await Driver.Find(path, Cancel))?.Length);
    }

    [Theory]
    [InlineData("b0")]
    [InlineData("b1")]
    [InlineData("b2")]
    [InlineData("b0 b1")]
    [InlineData("b1 b2")]
    [InlineData("b0 b2")]
    [InlineData("")]
    public async Task A_commit_drops_every_block_that_it_does_not_name(string committed)
    {
        string path = NewPath();
        string[] names = committed.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        string[] all = ["b0", "b1", "b2"];
        foreach (string block in all)
            await Stage(path, block, BlockContent(block));

        await Commit(path, names);

        Assert.Equal(Joined(names), await Read(path));
        foreach (string dropped in all.Except(names))
            await Assert.ThrowsAsync<StorageNotFoundException>(() => Commit(path, [.. names, dropped]));
        Assert.Equal(Joined(names), await Read(path));
    }

    [Fact]
    public async Task Committing_no_blocks_makes_an_empty_blob()
    {
        string path = NewPath();

        await Driver.CommitBlocks(path, [], metadata, Cancel);

        Assert.Equal(0, (await Driver.Find(path, Cancel))?.Length);
        Assert.Equal(metadata, (await Driver.Find(path, Cancel))?.Metadata);
        Assert.Empty(await Read(path));
    }

    [Theory]
    [InlineData("zz", "b0 zz")]
    [InlineData("zz", "zz b0")]
    [InlineData("zz", "zz")]
    public async Task Committing_a_block_that_was_never_staged_finds_nothing_and_changes_nothing(string unknown, string committed)
    {
        string path = NewPath();
        await Stage(path, "b0", BlockContent("b0"));

        var error = await Assert.ThrowsAsync<StorageNotFoundException>(() => Commit(path, committed.Split(' ')));

        Assert.Equal(path, error.Path);
        Assert.DoesNotContain(unknown, (await List(path)).Select(l => l.Path));
        await AssertAbsent(path);
        await Commit(path, "b0");
        Assert.Equal(BlockContent("b0"), await Read(path));
    }

    [Fact]
    public async Task A_block_is_of_one_blob_only()
    {
        string path = NewPath();
        await Stage(NewPath(), "b0", BlockContent("b0"));

        await Assert.ThrowsAsync<StorageNotFoundException>(() => Commit(path, "b0"));
    }

    [Fact]
    public async Task Committing_the_same_again_is_harmless()
    {
        string path = NewPath();
        await Stage(path, "b0", BlockContent("b0"));
        await Stage(path, "b1", BlockContent("b1"));

        for (int i = 0; i < 3; i++)
        {
            await Driver.CommitBlocks(path, ["b0", "b1"], metadata, Cancel);
            Assert.Equal(Joined("b0", "b1"), await Read(path));
            Assert.Equal(metadata, (await Driver.Find(path, Cancel))?.Metadata);
        }
    }

    [Fact]
    public async Task Racing_commits_of_the_same_list_are_harmless()
    {
        string path = NewPath();
        string[] blocks = ["b0", "b1", "b2", "b3"];
        foreach (string block in blocks)
            await Stage(path, block, BlockContent(block));

        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => Commit(path, blocks), Cancel)));

        Assert.Equal(Joined(blocks), await Read(path));
    }

    [Fact]
    public async Task Staging_an_id_again_takes_the_place_of_its_block()
    {
        string path = NewPath();
        await Stage(path, "b0", Bytes(700));
        await Stage(path, "b1", BlockContent("b1"));
        await Stage(path, "b0", BlockContent("b0"));

        await Commit(path, "b0", "b1");

        Assert.Equal(Joined("b0", "b1"), await Read(path));
    }

    [Fact]
    public async Task A_commit_may_join_committed_and_staged_blocks()
    {
        string path = NewPath();
        await Stage(path, "b0", BlockContent("b0"));
        await Stage(path, "b1", BlockContent("b1"));
        await Commit(path, "b0", "b1");
        await Stage(path, "b2", BlockContent("b2"));

        await Commit(path, "b2", "b0");

        Assert.Equal(Joined("b2", "b0"), await Read(path));
        await Assert.ThrowsAsync<StorageNotFoundException>(() => Commit(path, "b1"));
    }

    [Fact]
    public async Task Nothing_is_visible_before_the_commit()
    {
        string path = NewPath();
        await Stage(path, "b0", BlockContent("b0"));
        await AssertAbsent(path);

        await Commit(path, "b0");
        await Stage(path, "b1", BlockContent("b1"));

        Assert.Equal(BlockContent("b0"), await Read(path));
        Assert.Equal(BlockContent("b0").Length, Assert.Single(await List(path)).Stat.Length);
    }

    [Fact]
    public async Task A_commit_gives_new_metadata()
    {
        string path = NewPath();
        await Stage(path, "b0", BlockContent("b0"));
        await Driver.CommitBlocks(path, ["b0"], BlobMetadata.None, Cancel);

        await Driver.CommitBlocks(path, ["b0"], metadata, Cancel);

        Assert.Equal(metadata, (await Driver.Find(path, Cancel))?.Metadata);
        Assert.Equal(BlockContent("b0"), await Read(path));
    }

    [Fact]
    public async Task Blocks_are_staged_in_parallel()
    {
        string path = NewPath();
        string[] blocks = [.. Enumerable.Range(10, 24).Select(i => $"block-{i}")];

        await Task.WhenAll(blocks.Select(block => Task.Run(() => Stage(path, block, BlockContent(block, 100_000)), Cancel)));
        await Commit(path, blocks);

        Assert.Equal(blocks.SelectMany(block => BlockContent(block, 100_000)).ToArray(), await Read(path));
    }

    [Fact]
    public async Task A_large_block_of_many_segments_is_staged_whole()
    {
        string path = NewPath();
        byte[] large = Bytes((9 * Mebibyte) + 1);

        await Driver.StageBlock(path, "b0", Content.Chain(large, 256 * 1024), Cancel);
        await Driver.StageBlock(path, "b1", Content.Chain(large.AsMemory(0, 10), 3), Cancel);
        await Commit(path, "b0", "b1");

        Assert.Equal(large.Length + 10, (await Driver.Find(path, Cancel))?.Length);
        Assert.True((await Read(path)).AsSpan().SequenceEqual([.. large, .. large.AsSpan(0, 10)]));
        Assert.Equal(large.AsSpan(5 * Mebibyte, 100).ToArray(), await Read(path, 5 * Mebibyte, 100));
    }

    [Fact]
    public async Task The_longest_block_id_is_kept()
    {
        string path = NewPath();
        string[] blocks = [new string('A', 47) + "-", new string('a', 47) + "9"];
        foreach (string block in blocks)
            await Stage(path, block, BlockContent(block));

        await Commit(path, blocks);

        Assert.Equal(Joined(blocks), await Read(path));
    }

    [Fact]
    public async Task A_deleted_blob_takes_its_blocks_with_it()
    {
        string path = NewPath();
        await Stage(path, "b0", BlockContent("b0"));
        await Commit(path, "b0");

        Assert.True(await Driver.Delete(path, Cancel));

        await Assert.ThrowsAsync<StorageNotFoundException>(() => Commit(path, "b0"));
    }

    [Fact]
    public async Task Delete_of_a_blob_that_was_never_committed_finds_nothing()
    {
        string path = NewPath();
        await Stage(path, "b0", BlockContent("b0"));

        Assert.Equal(!DeleteOfStagedBlocksFindsNothing, await Driver.Delete(path, Cancel));

        await AssertAbsent(path);
    }

    [Fact]
    public async Task Delete_drops_the_blocks_of_a_blob_that_was_never_committed()
    {
        Assert.SkipUnless(DeleteDropsStagedBlocks, "this storage drops them itself, later");
        string path = NewPath();
        await Stage(path, "b0", BlockContent("b0"));

        await Driver.Delete(path, Cancel);

        await Assert.ThrowsAsync<StorageNotFoundException>(() => Commit(path, "b0"));
    }

    /// <summary>Blocks of different lengths, none of which is another's beginning.</summary>
    private static byte[] BlockContent(string block, int length = 300) => Content.Bytes(TestSeed.Of(block), length + block[^1]);

    private static byte[] Joined(params string[] blocks) => [.. blocks.SelectMany(block => BlockContent(block))];
}
