using Registry.Storage;
using Registry.Tests.Support;

namespace Registry.Tests.Storage;

/// <summary>Whole blobs: put, find, open, delete, list.</summary>
public abstract partial class StorageDriverContract
{
    private static readonly BlobMetadata metadata = new("library/some-name_1.0", "sha256:" + new string('a', 64));

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(100_000)]
    public async Task What_was_put_is_read_back(int length)
    {
        string path = NewPath();
        byte[] content = Bytes(length);

        await Driver.Put(path, Content.Chain(content, 4096), BlobMetadata.None, Cancel);

        Assert.Equal(length, (await Driver.Find(path, Cancel))?.Length);
        Assert.Equal(content, await Read(path));
    }

    [Fact]
    public async Task Putting_the_same_again_is_harmless()
    {
        string path = NewPath();
        byte[] content = Bytes(500);

        await Driver.Put(path, Content.Sequence(content), metadata, Cancel);
        await Driver.Put(path, Content.Sequence(content), metadata, Cancel);

        Assert.Equal(metadata, (await Driver.Find(path, Cancel))?.Metadata);
        Assert.Equal(content, await Read(path));
        Assert.Single(await List(path));
    }

    [Fact]
    public async Task What_was_never_stored_is_absent() => await AssertAbsent(NewPath());

    [Theory]
    [InlineData(0, null, 0, 1000)]
    [InlineData(0, 1000L, 0, 1000)]
    [InlineData(0, 10L, 0, 10)]
    [InlineData(10, null, 10, 990)]
    [InlineData(10, 5L, 10, 5)]
    [InlineData(990, 10L, 990, 10)]
    [InlineData(990, 11L, 990, 10)]
    [InlineData(990, long.MaxValue, 990, 10)]
    [InlineData(999, 1L, 999, 1)]
    [InlineData(1000, null, 0, 0)]
    [InlineData(1000, 1L, 0, 0)]
    [InlineData(5000, null, 0, 0)]
    [InlineData(5000, 10L, 0, 0)]
    [InlineData(0, 0L, 0, 0)]
    [InlineData(500, 0L, 0, 0)]
    [InlineData(1000, 0L, 0, 0)]
    public async Task A_range_is_read(long offset, long? length, int from, int count)
    {
        string path = NewPath();
        byte[] content = Bytes(1000);
        await Put(path, content);

        Assert.Equal(content.AsSpan(from, count).ToArray(), await Read(path, offset, length));
    }

    [Theory]
    [InlineData(0, null)]
    [InlineData(0, 0L)]
    [InlineData(0, 10L)]
    [InlineData(1, null)]
    public async Task Any_range_of_an_empty_blob_is_empty(long offset, long? length)
    {
        string path = NewPath();
        await Put(path, []);

        Assert.Empty(await Read(path, offset, length));
    }

    [Fact]
    public async Task A_deleted_blob_is_absent_and_a_second_delete_finds_nothing()
    {
        string path = NewPath();
        await Put(path, Bytes(10));

        Assert.True(await Driver.Delete(path, Cancel));
        await AssertAbsent(path);
        Assert.False(await Driver.Delete(path, Cancel));
    }

    [Fact]
    public async Task Delete_of_what_was_never_stored_finds_nothing() => Assert.False(await Driver.Delete(NewPath(), Cancel));

    public static TheoryData<string?, string?> Metadata => new()
    {
        { "library/some-name_1.0", "sha256:" + new string('a', 64) },
        { "library/ubuntu", null },
        { null, "sha512:" + new string('b', 128) },
        { null, null },
    };

    [Theory]
    [MemberData(nameof(Metadata))]
    public async Task Metadata_is_kept_with_a_put_and_with_a_commit(string? repository, string? digest)
    {
        var expected = new BlobMetadata(repository, digest);
        string put = NewPath();
        string committed = NewPath();

        await Driver.Put(put, Content.Sequence(Bytes(10)), expected, Cancel);
        await Stage(committed, "a", Bytes(10));
        await Driver.CommitBlocks(committed, ["a"], expected, Cancel);

        foreach (string path in (string[])[put, committed])
        {
            BlobStat? stat = await Driver.Find(path, Cancel);
            Assert.Equal(expected, stat?.Metadata);
            Assert.Equal(new BlobListing(path, stat!), Assert.Single(await List(path)));
        }
    }

    [Fact]
    public async Task A_listing_is_in_ordinal_order_of_the_path()
    {
        string root = NewPath() + "/";
        string[] paths = ["b", "a/c", "a-c", "a0", "a/b/c", "B", "a.c", "a/b0", "A", "a/b-", "c/d/e/f"];
        foreach (string path in paths)
            await Put(root + path, Bytes(path.Length));

        List<BlobListing> listed = await List(root);

        Assert.Equal(paths.Order(StringComparer.Ordinal), listed.Select(l => l.Path[root.Length..]));
        Assert.All(listed, l => Assert.Equal(l.Path.Length - root.Length, l.Stat.Length));
    }

    [Theory]
    [InlineData("a", "a-1|a/b|a/c/d|ab")]
    [InlineData("a/", "a/b|a/c/d")]
    [InlineData("a/c", "a/c/d")]
    [InlineData("a/c/d", "a/c/d")]
    [InlineData("a/c/d/", "")]
    [InlineData("x", "")]
    [InlineData("", "a-1|a/b|a/c/d|ab|b")]
    public async Task A_listing_is_of_a_prefix_wherever_it_ends(string prefix, string expected)
    {
        string root = NewPath() + "/";
        foreach (string path in (string[])["a/b", "a/c/d", "ab", "b", "a-1"])
            await Put(root + path, Bytes(1));

        Assert.Equal(
            expected.Split('|', StringSplitOptions.RemoveEmptyEntries),
            (await List(root + prefix)).Select(l => l.Path[root.Length..]));
    }

    [Fact]
    public async Task A_leading_slash_makes_another_path()
    {
        string path = NewPath();
        byte[] slashed = Bytes(20);
        await Put("/" + path, slashed);
        await AssertAbsent(path);

        await Stage(path, "a", Bytes(30));
        await Commit(path, "a");

        Assert.Equal(slashed, await Read("/" + path));
        Assert.Equal(Bytes(30), await Read(path));
        Assert.Equal("/" + path, Assert.Single(await List("/" + path)).Path);
        Assert.Equal(path, Assert.Single(await List(path)).Path);

        Assert.True(await Driver.Delete(path, Cancel));
        Assert.Equal(slashed, await Read("/" + path));
    }

    [Fact]
    public async Task A_signed_url_names_the_blob_where_the_storage_has_such_a_thing()
    {
        string path = NewPath();
        await Put(path, Bytes(1));

        Uri? url = await Driver.SignReadUrl(path, TimeSpan.FromMinutes(5), Cancel);

        if (SignsUrls)
            Assert.EndsWith(path, url?.AbsolutePath, StringComparison.Ordinal);
        else
            Assert.Null(url);
    }
}
