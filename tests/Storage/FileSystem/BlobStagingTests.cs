using Registry.Storage;
using Registry.Tests.Support;

namespace Registry.Tests.Storage.FileSystem;

/// <summary>What staging and committing do on disk, and what they leave.</summary>
public sealed class BlobStagingTests : IDisposable
{
    private const string Blob = "content/aa/blob";

    private static readonly byte[] one = Content.Bytes(1, 1000);
    private static readonly byte[] two = Content.Bytes(2, 2000);
    private static readonly byte[] three = Content.Bytes(3, 3000);

    private readonly TemporaryFolder folder = new();
    private readonly TestDisk disk = new();
    private readonly TestClock clock = new();
    private readonly List<string> steps = [];

    private string Folder => folder["data"];

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task A_commit_of_blocks_in_order_is_a_record_and_a_rename()
    {
        await using OpenBlobs blobs = await OpenBlobs.Open(Folder, disk);
        await blobs.Put("content/aa/other", one, BlobMetadata.None);
        await blobs.Stage(Blob, "1", one);
        await blobs.Stage(Blob, "2", two);
        RecordSteps();

        await blobs.Commit(Blob, "1", "2");

        Assert.Equal(["write journal-0000000000", "flush journal-0000000000", "move blob", "flush directory aa"], steps);
        Assert.Equal(Joined(one, two), await blobs.Read(Blob));
    }

    [Fact]
    public async Task A_block_costs_two_flushes_and_the_first_one_of_a_blob_a_third()
    {
        await using OpenBlobs blobs = await OpenBlobs.Open(Folder, disk);
        RecordSteps();

        await blobs.Stage(Blob, "1", one);
        await blobs.Stage(Blob, "2", two);

        string file = Assert.Single(blobs.StagingFiles()).Name;
        string[] first = [$"create {file}", $"write {file}", $"flush {file}", "flush directory staging"];
        string[] record = ["write journal-0000000000", "flush journal-0000000000"];
        Assert.Equal([.. first, .. record, $"write {file}", $"flush {file}", .. record], steps);
    }

    [Fact]
    public async Task Blocks_asked_for_at_once_lie_in_the_order_of_the_calls()
    {
        await using OpenBlobs blobs = await OpenBlobs.Open(Folder, disk);
        string[] ids = [.. Enumerable.Range(10, 20).Select(i => $"{i}")];
        await Task.WhenAll(ids.Select(id => blobs.Stage(Blob, id, Content.Bytes(int.Parse(id), 5000))));
        RecordSteps();

        await blobs.Commit(Blob, ids);

        Assert.False(IsCopied());
        Assert.Equal(ids.SelectMany(id => Content.Bytes(int.Parse(id), 5000)).ToArray(), await blobs.Read(Blob));
    }

    /// <summary>Many times over: a block that begins in the moment in which the last one ends got the same place once, or a file of its own, and the other was lost.</summary>
    [Fact]
    public async Task Blocks_that_begin_while_others_of_the_blob_end_are_all_kept()
    {
        await using OpenBlobs blobs = await OpenBlobs.Open(Folder);
        string[] ids = [.. Enumerable.Range(10, 8).Select(i => $"{i}")];
        for (int round = 0; round < 1000; round++)
        {
            string path = $"content/aa/{round}";
            await Task.WhenAll(ids.Select(id => Task.Run(() => blobs.Stage(path, id, [byte.Parse(id)]))));

            await blobs.Commit(path, ids);
            Assert.Equal(ids.Select(byte.Parse).ToArray(), await blobs.Read(path));
        }
    }

    [Theory]
    [InlineData("1 2", true)]
    [InlineData("1", true)]
    [InlineData("", true)]
    [InlineData("1 2 3", true)]
    [InlineData("2", false)]
    [InlineData("1 3", false)]
    [InlineData("2 1", false)]
    public async Task Only_blocks_out_of_order_are_copied(string committed, bool isRenamed)
    {
        await using OpenBlobs blobs = await OpenBlobs.Open(Folder, disk);
        await blobs.Stage(Blob, "1", one);
        await blobs.Stage(Blob, "2", two);
        await blobs.Stage(Blob, "3", three);
        string[] ids = committed.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        RecordSteps();

        await blobs.Commit(Blob, ids);

        Assert.NotEqual(isRenamed, IsCopied());
        Assert.Equal(ids.SelectMany(id => id switch { "1" => one, "2" => two, _ => three }).ToArray(), await blobs.Read(Blob));
        Assert.Empty(blobs.StagingFiles());
    }

    [Fact]
    public async Task Nothing_stays_in_the_staging_folder()
    {
        await using OpenBlobs blobs = await OpenBlobs.Open(Folder, disk);
        await blobs.Put("content/put", one, BlobMetadata.None);
        await blobs.Stage("content/put", "1", one);
        await blobs.Put("content/put", two, BlobMetadata.None);
        await blobs.Stage("content/deleted", "1", one);
        await blobs.Driver.Delete("content/deleted", TestContext.Current.CancellationToken);
        await blobs.Stage("content/again", "1", one);
        await blobs.Commit("content/again", "1");
        await blobs.Stage("content/again", "2", two);
        await blobs.Commit("content/again", "1");

        Assert.Empty(blobs.StagingFiles());
        Assert.Equal(one, await blobs.Read("content/again"));
    }

    [Fact]
    public async Task Everything_is_there_when_it_is_opened_again()
    {
        var metadata = new BlobMetadata("library/ubuntu", "sha256:abc");
        await using (OpenBlobs blobs = await OpenBlobs.Open(Folder, disk, clock))
        {
            await blobs.Put("content/put", one, metadata);
            await blobs.Stage("content/committed", "1", one);
            await blobs.Stage("content/committed", "2", two);
            await blobs.Commit("content/committed", metadata with { Digest = null }, "2", "1");
            await blobs.Stage(Blob, "1", one);
            await blobs.Stage(Blob, "2", two);
        }

        DateTimeOffset written = clock.GetUtcNow();
        clock.Advance(TimeSpan.FromDays(1));
        await using OpenBlobs again = await OpenBlobs.Open(Folder, disk, clock);
        Assert.Equal(new BlobStat(1000, written, metadata), await again.Find("content/put"));
        Assert.Equal(new BlobStat(3000, written, metadata with { Digest = null }), await again.Find("content/committed"));
        await again.Stage(Blob, "3", three);
        await again.Commit(Blob, "1", "2", "3");
        Assert.Equal(Joined(one, two, three), await again.Read(Blob));
        await again.Commit("content/committed", "1");
        Assert.Equal(one, await again.Read("content/committed"));
    }

    [Theory]
    [InlineData(5, true)]
    [InlineData(8, false)]
    public async Task Blocks_are_dropped_at_a_start_more_than_a_week_after_the_last_one(int days, bool isKept)
    {
        await using (OpenBlobs blobs = await OpenBlobs.Open(Folder, disk, clock))
        {
            await blobs.Stage(Blob, "1", one);
            clock.Advance(TimeSpan.FromDays(5));
            await blobs.Stage(Blob, "2", two);
        }

        clock.Advance(TimeSpan.FromDays(days));
        await using OpenBlobs again = await OpenBlobs.Open(Folder, disk, clock);

        Assert.Equal(isKept, again.StagingFiles().Length == 1);
        if (isKept)
            await again.Commit(Blob, "1", "2");
        else
            await Assert.ThrowsAsync<StorageNotFoundException>(() => again.Commit(Blob, "1"));
    }

    [Fact]
    public async Task A_staging_file_that_lost_its_end_keeps_what_it_has()
    {
        await using (OpenBlobs blobs = await OpenBlobs.Open(Folder))
        {
            await blobs.Stage(Blob, "1", one);
            await blobs.Stage(Blob, "2", two);
            await blobs.Stage(Blob, "3", three);
            await using FileStream stream = Assert.Single(blobs.StagingFiles()).Open(FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
            stream.SetLength(1000 + 1999);
        }

        await using OpenBlobs again = await OpenBlobs.Open(Folder);
        await Assert.ThrowsAsync<StorageNotFoundException>(() => again.Commit(Blob, "1", "2"));
        await Assert.ThrowsAsync<StorageNotFoundException>(() => again.Commit(Blob, "3"));
        await again.Stage(Blob, "4", three);
        await Assert.ThrowsAsync<StorageNotFoundException>(() => again.Commit(Blob, "1", "2", "4"));
        await again.Commit(Blob, "1", "4");
        Assert.Equal(Joined(one, three), await again.Read(Blob));
    }

    [Fact]
    public async Task A_staging_file_that_is_gone_holds_no_blocks()
    {
        await using (OpenBlobs blobs = await OpenBlobs.Open(Folder))
        {
            await blobs.Stage(Blob, "1", one);
            Assert.Single(blobs.StagingFiles()).Delete();
        }

        await using OpenBlobs again = await OpenBlobs.Open(Folder);
        await again.Stage(Blob, "2", two);
        await Assert.ThrowsAsync<StorageNotFoundException>(() => again.Commit(Blob, "1", "2"));
        await again.Commit(Blob, "2");
        Assert.Equal(two, await again.Read(Blob));
    }

    [Theory]
    [InlineData("create")]
    [InlineData("write")]
    [InlineData("flush")]
    [InlineData("flush directory")]
    public async Task A_block_that_cannot_be_staged_leaves_nothing(string failing)
    {
        await using OpenBlobs blobs = await OpenBlobs.Open(Folder, disk);
        FailOn(failing, "staging");

        await Assert.ThrowsAsync<StorageFailedException>(() => blobs.Stage(Blob, "1", one));
        await Assert.ThrowsAsync<StorageFailedException>(() => failing == "flush directory" ? blobs.Stage(Blob, "1", one) : blobs.Put(Blob, one, BlobMetadata.None));

        disk.BeforeStep = null;
        Assert.Empty(blobs.StagingFiles());
        await Assert.ThrowsAsync<StorageNotFoundException>(() => blobs.Commit(Blob, "1"));
        await blobs.Stage(Blob, "2", two);
        await blobs.Commit(Blob, "2");
        Assert.Equal(two, await blobs.Read(Blob));
    }

    [Fact]
    public async Task A_block_that_fails_between_others_leaves_a_gap_that_a_commit_leaves_out()
    {
        await using OpenBlobs blobs = await OpenBlobs.Open(Folder, disk);
        await blobs.Stage(Blob, "1", one);
        int writes = 0;
        disk.BeforeStep = step =>
        {
            if (step.Operation == "write" && step.Path.Contains("staging", StringComparison.Ordinal) && ++writes == 1)
                throw new IOException("no space");
        };

        Task[] staged = [blobs.Stage(Blob, "2", two), blobs.Stage(Blob, "3", three)];
        int failed = 0;
        foreach (Task task in staged)
            failed += await Record.ExceptionAsync(() => task) is StorageFailedException ? 1 : 0;

        Assert.Equal(1, failed);
        string kept = staged[0].IsFaulted ? "3" : "2";
        await blobs.Commit(Blob, "1", kept);
        Assert.Equal(Joined(one, kept == "3" ? three : two), await blobs.Read(Blob));
    }

    [Theory]
    [InlineData("move", "blobs", true)]
    [InlineData("move", "blobs", false)]
    [InlineData("set length", "staging", true)]
    [InlineData("set length", "staging", false)]
    public async Task A_commit_whose_file_cannot_be_cut_off_or_renamed_is_finished_by_the_next_one_or_the_next_start(string operation, string folderName, bool byStart)
    {
        await using (OpenBlobs blobs = await OpenBlobs.Open(Folder, disk))
        {
            await blobs.Stage(Blob, "1", one);
            await blobs.Stage(Blob, "2", two);
            FailOn(operation, folderName);
            await Assert.ThrowsAsync<StorageFailedException>(() => blobs.Commit(Blob, "1"));
            Assert.Null(await blobs.Find(Blob));
            disk.BeforeStep = null;
            if (!byStart)
                await blobs.Commit(Blob, "1");
        }

        await using OpenBlobs again = await OpenBlobs.Open(Folder, disk);
        Assert.Equal(one, await again.Read(Blob));
        Assert.Empty(again.StagingFiles());
    }

    [Fact]
    public async Task A_commit_that_cannot_be_recorded_loses_no_block()
    {
        await using OpenBlobs blobs = await OpenBlobs.Open(Folder, disk);
        await blobs.Stage(Blob, "1", one);
        await blobs.Stage(Blob, "2", two);
        FailOn("write", "blob-index");

        await Assert.ThrowsAsync<StorageFailedException>(() => blobs.Commit(Blob, "1"));
        await Assert.ThrowsAsync<StorageFailedException>(() => blobs.Commit(Blob, "2", "1"));

        disk.BeforeStep = null;
        Assert.Single(blobs.StagingFiles());
        await blobs.Commit(Blob, "1", "2");
        Assert.Equal(Joined(one, two), await blobs.Read(Blob));
    }

    private static byte[] Joined(params byte[][] parts) => [.. parts.SelectMany(p => p)];

    /// <summary>The record in the journal is the one write that every commit makes.</summary>
    private bool IsCopied() => steps.Count(step => step.StartsWith("write", StringComparison.Ordinal)) > 1;

    private void FailOn(string operation, string folderName) => disk.BeforeStep = step =>
    {
        if (step.Operation == operation && step.Path.Contains(Path.Combine(Folder, folderName), StringComparison.Ordinal))
            throw new IOException("no space");
    };

    private void RecordSteps() => disk.BeforeStep = step => steps.Add($"{step.Operation} {Path.GetFileName(step.Path)}");
}
