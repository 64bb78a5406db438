using Registry.Storage;
using Registry.Storage.FileSystem;
using Registry.Tests.Support;

namespace Registry.Tests.Storage.FileSystem;

/// <summary>The contract on a real disk, and what is particular to files.</summary>
public sealed class FileSystemDriverTests : StorageDriverContract
{
    private readonly TestClock clock = new();
    private readonly TemporaryFolder folder = new();
    private DataDirectory directory = null!;
    private FileSystemDriver driver = null!;

    protected override async ValueTask<IStorageDriver> CreateDriver()
    {
        directory = DataDirectory.Open(folder.Path);
        driver = await FileSystemDriver.Open(directory, clock, new SeededIds(1), Cancel);
        return driver;
    }

    public override async ValueTask DisposeAsync()
    {
        await driver.DisposeAsync();
        directory.Dispose();
        folder.Dispose();
        await base.DisposeAsync();
    }

    [Fact]
    public async Task A_blob_is_a_file_under_its_path()
    {
        string path = NewPath();
        await Stage(path, "b0", Bytes(100));
        await Commit(path, "b0");
        await Put("/" + path, Bytes(50));

        Assert.Equal(Bytes(100), await File.ReadAllBytesAsync(Path.Combine(folder.Path, "blobs", path), Cancel));
        Assert.Equal(Bytes(50), await File.ReadAllBytesAsync(Path.Combine(folder.Path, "rooted", path), Cancel));
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(folder.Path, "staging")));
    }

    [Fact]
    public async Task A_listing_of_everything_has_paths_with_a_leading_slash_in_their_place()
    {
        foreach (string path in (string[])["b/1", "-/1", "/z/1", "0/1", "/a/1", "!"])
            await Put(path, Bytes(1));

        Assert.Equal(["!", "-/1", "/a/1", "/z/1", "0/1", "b/1"], (await List("")).Select(l => l.Path));
        Assert.Equal(["/a/1", "/z/1"], (await List("/")).Select(l => l.Path));
    }

    [Fact]
    public async Task A_file_put_there_by_hand_is_a_blob_without_metadata()
    {
        string path = NewPath();
        string file = Path.Combine(folder.Path, "blobs", path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        await File.WriteAllBytesAsync(file, Bytes(10), Cancel);
        var modified = new DateTime(2020, 1, 2, 3, 4, 5, DateTimeKind.Utc);
        File.SetLastWriteTimeUtc(file, modified);

        var expected = new BlobStat(10, new DateTimeOffset(modified), BlobMetadata.None);
        Assert.Equal(expected, await Driver.Find(path, Cancel));
        Assert.Equal([new BlobListing(path, expected)], await List("content/"));
        Assert.Equal(Bytes(10), await Read(path));
        await Assert.ThrowsAsync<StorageNotFoundException>(() => Commit(path, "b0"));
        Assert.True(await Driver.Delete(path, Cancel));
        Assert.False(File.Exists(file));
    }

    [Fact]
    public async Task A_file_put_over_a_blob_by_hand_has_not_its_metadata()
    {
        string path = NewPath();
        await Stage(path, "b0", Bytes(100));
        await Driver.CommitBlocks(path, ["b0"], new BlobMetadata("a/b", "sha256:c"), Cancel);
        await File.WriteAllBytesAsync(Path.Combine(folder.Path, "blobs", path), Bytes(7), Cancel);

        Assert.Equal((7, BlobMetadata.None), await Driver.Find(path, Cancel) is { } stat ? (stat.Length, stat.Metadata) : default);
        Assert.Equal(BlobMetadata.None, Assert.Single(await List(path)).Stat.Metadata);
        await Assert.ThrowsAsync<StorageNotFoundException>(() => Commit(path, "b0"));
    }

    [Fact]
    public async Task A_blob_has_the_time_of_its_commit()
    {
        string path = NewPath();
        await Stage(path, "b0", Bytes(1));
        clock.Advance(TimeSpan.FromDays(1));

        await Commit(path, "b0");

        Assert.Equal(clock.GetUtcNow(), (await Driver.Find(path, Cancel))?.LastModified);
    }

    [Fact]
    public async Task A_reader_reads_on_after_a_delete()
    {
        string path = NewPath();
        await Put(path, Bytes(200_000));
        await using Stream whole = await Driver.Open(path, 0, null, Cancel);
        await using Stream range = await Driver.Open(path, 100, 1000, Cancel);
        byte[] first = new byte[10];
        await whole.ReadExactlyAsync(first, Cancel);

        Assert.True(await Driver.Delete(path, Cancel));

        Assert.Equal(Bytes(200_000)[10..], await Content.ReadAll(whole, Cancel));
        Assert.Equal(Bytes(200_000)[100..1100], await Content.ReadAll(range, Cancel));
    }

    [Fact]
    public async Task A_range_is_read_at_once_and_without_a_thread_of_its_own()
    {
        string path = NewPath();
        byte[] content = Bytes(1000);
        await Put(path, content);
        await using Stream stream = await Driver.Open(path, 100, 500, Cancel);
        byte[] read = new byte[600];

        ValueTask<int> first = stream.ReadAsync(read, Cancel);

        Assert.True(first.IsCompletedSuccessfully);
        Assert.Equal(500, await first);
        Assert.Equal(content[100..600], read[..500]);
        Assert.Equal(0, await stream.ReadAsync(read, Cancel));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => stream.ReadAsync(read, new CancellationToken(canceled: true)).AsTask());
    }

    [Fact]
    public async Task Block_ids_of_one_blob_have_one_length()
    {
        string path = NewPath();
        await Stage(path, "b0", Bytes(1));

        await Assert.ThrowsAsync<ArgumentException>(() => Stage(path, "b10", Bytes(1)));
        await Stage(path, "b1", Bytes(2));
        await Commit(path, "b0", "b1");
        Assert.Equal(3, (await Driver.Find(path, Cancel))?.Length);
    }

    /// <summary>The system takes 1,024 buffers in one call.</summary>
    [Fact]
    public async Task A_block_of_thousands_of_segments_is_staged_whole()
    {
        string path = NewPath();
        byte[] content = Bytes(10_000);

        await Driver.StageBlock(path, "b0", Content.Chain(content, 3), Cancel);
        await Commit(path, "b0");

        Assert.Equal(content, await Read(path));
    }

    [Fact]
    public async Task A_name_that_the_file_system_does_not_take_is_a_storage_failure()
    {
        string path = new('a', 300);

        var error = await Assert.ThrowsAsync<StorageFailedException>(() => Put(path, Bytes(1)));

        Assert.Equal(("put", path, 0), (error.Operation, error.Path, error.Status));
    }

    [Fact]
    public async Task A_blob_below_another_blob_is_a_storage_failure()
    {
        string path = NewPath();
        await Put(path, Bytes(1));

        await Assert.ThrowsAsync<StorageFailedException>(() => Put(path + "/below", Bytes(1)));
        Assert.Equal(Bytes(1), await Read(path));
        Assert.Null(await Driver.Find(path + "/below", Cancel));
    }

    [Theory]
    [InlineData("..")]
    [InlineData("../")]
    [InlineData("/../")]
    [InlineData("content/../../")]
    [InlineData("//")]
    [InlineData("\0")]
    public async Task A_prefix_does_not_lead_out_of_the_folder(string prefix)
    {
        await Put(NewPath(), Bytes(1));
        await File.WriteAllBytesAsync(Path.Combine(folder.Path, "secret"), Bytes(1), Cancel);

        Assert.Empty(await List(prefix));
    }

    [Fact]
    public async Task A_folder_is_no_blob()
    {
        string path = NewPath();
        await Put(path, Bytes(1));
        string parent = Path.GetDirectoryName(path)!;

        Assert.Null(await Driver.Find(parent, Cancel));
        await Assert.ThrowsAsync<StorageNotFoundException>(() => Driver.Open(parent, 0, null, Cancel));
        Assert.False(await Driver.Delete(parent, Cancel));
        Assert.Equal(Bytes(1), await Read(path));
    }
}
