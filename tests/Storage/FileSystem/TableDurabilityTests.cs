using System.Collections.Concurrent;
using Registry.Storage;
using Registry.Tests.Support;

namespace Registry.Tests.Storage.FileSystem;

/// <summary>What a writer was told is on disk, whenever the power goes; what a reader saw is, too.</summary>
public sealed class TableDurabilityTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly TestDisk disk = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => folder.Dispose();

    /// <summary>Stops the world before every step of opening, writing and compacting, and starts again from what is left.</summary>
    [Fact]
    public async Task Nothing_acknowledged_is_lost_at_any_step()
    {
        string root = folder["data"];
        var images = new List<(CrashImage Image, Dictionary<string, string> Acknowledged)>();
        var acknowledged = new ConcurrentDictionary<string, string>();
        Directory.CreateDirectory(root);
        disk.BeforeStep = step => images.AddRange(
            CrashImage.Take(step, disk, root).Select(image => (image, new Dictionary<string, string>(acknowledged))));
        await using (OpenTables tables = await OpenTables.Open(root, disk, OpenTables.Eager))
        {
            // Values are longer from row to row, so that snapshots outgrow one another; 12 rows are written 3 times over.
            for (int i = 0; i < 36; i++)
            {
                string row = $"r{i % 12:d2}";
                string value = $"{i}:" + new string('x', 10 * i);
                Assert.True((await tables.Put(row, value)).IsDone);
                acknowledged[row] = value;
                await tables.Store.Compaction;
            }
        }

        Assert.Contains(images, i => i.Image.Step.Path.EndsWith("snapshot-0000000005", StringComparison.Ordinal));
        foreach ((CrashImage image, Dictionary<string, string> expected) in images.DistinctBy(i => i.Image.Fingerprint + string.Join(' ', i.Acknowledged.OrderBy(a => a.Key))))
            await AssertRecovers(image, expected);
    }

    [Fact]
    public async Task A_batch_is_there_whole_or_not_at_all_at_any_step()
    {
        string root = folder["data"];
        var images = new List<CrashImage>();
        await using (OpenTables tables = await OpenTables.Open(root, disk))
        {
            disk.BeforeStep = step => images.AddRange(CrashImage.Take(step, disk, root));
            for (int i = 0; i < 3; i++)
            {
                string value = $"{i}";
                await tables.Store.WriteBatch(
                    OpenTables.Table,
                    [.. Enumerable.Range(0, 5).Select(r => TableOperation.Upsert(new TableEntity("p", $"r{r}").Set("value", value)))],
                    Cancel);
            }
        }

        foreach (CrashImage image in images.DistinctBy(i => i.Fingerprint))
        {
            await using OpenTables recovered = await Recover(image);
            Dictionary<string, string> rows = await recovered.Rows();
            Assert.True(rows.Count is 0 or 5 && rows.Values.Distinct().Count() <= 1, $"{image}: {string.Join(' ', rows)}");
        }
    }

    [Fact]
    public async Task A_write_is_neither_seen_nor_refused_before_it_is_flushed()
    {
        await using OpenTables tables = await OpenTables.Open(folder["data"], disk);
        await tables.Put("old", "1");
        using var flush = new Pause(disk, "flush");

        Task<TableResult> write = tables.Write(TableOperation.Insert(new TableEntity("p", "new").Set("value", "2")));
        await flush.Reached;
        Task<TableResult> refused = tables.Write(TableOperation.Insert(new TableEntity("p", "new").Set("value", "3")));

        Assert.Equal(["old"], (await tables.Rows()).Keys);
        Assert.Null(await tables.Store.Find(OpenTables.Table, "p", "new", Cancel));
        Assert.False(write.IsCompleted);
        Assert.False(refused.IsCompleted);

        flush.Dispose();
        Assert.Equal(TableStatus.Done, (await write).Status);
        Assert.Equal("2", (await tables.Rows())["new"]);
        Assert.Equal(TableStatus.Exists, (await refused).Status);
    }

    [Fact]
    public async Task Writers_that_wait_for_a_flush_share_the_next_one()
    {
        await using OpenTables tables = await OpenTables.Open(folder["data"], disk);
        using var flush = new Pause(disk, "flush");

        Task<TableResult> first = tables.Put("first", "1");
        await flush.Reached;
        Task<TableResult>[] others = [.. Enumerable.Range(0, 50).Select(i => tables.Put($"r{i:d2}", "1"))];
        flush.Dispose();
        await Task.WhenAll([first, .. others]);

        Assert.Equal(2, flush.Steps);
        Assert.Equal(51, (await tables.Rows()).Count);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_full_disk_fails_the_write_and_the_next_one_succeeds(bool isRefused)
    {
        string root = folder["data"];
        string etag;
        await using (OpenTables tables = await OpenTables.Open(root, disk))
        {
            etag = (await tables.Put("a", "1")).ETag;
            disk.BeforeStep = step => FailOn(step, "write", isRefused);

            var error = await Assert.ThrowsAsync<StorageFailedException>(() => tables.Put("a", "2"));
            Assert.Equal((0, "no space"), (error.Status, error.Code));
            Assert.Equal("1", (await tables.Rows())["a"]);

            disk.BeforeStep = null;
            TableResult replaced = await tables.Write(TableOperation.Replace(new TableEntity("p", "a").Set("value", "3"), etag));
            Assert.Equal(TableStatus.Done, replaced.Status);
        }

        await using OpenTables again = await OpenTables.Open(root);
        Assert.Equal("3", (await again.Rows())["a"]);
    }

    [Fact]
    public async Task Writers_behind_a_failed_one_fail_with_it()
    {
        await using OpenTables tables = await OpenTables.Open(folder["data"], disk);
        using var write = new Pause(disk, "write");
        disk.BeforeStep += step => FailOn(step, "write");

        Task<TableResult> first = tables.Write(TableOperation.Insert(new TableEntity("p", "a").Set("value", "1")));
        await write.Reached;
        Task<TableResult> refused = tables.Write(TableOperation.Insert(new TableEntity("p", "a").Set("value", "2")));
        write.Dispose();

        await Assert.ThrowsAsync<StorageFailedException>(() => first);
        await Assert.ThrowsAsync<StorageFailedException>(() => refused);
        disk.BeforeStep = null;
        Assert.Equal(TableStatus.Done, (await tables.Write(TableOperation.Insert(new TableEntity("p", "a").Set("value", "3")))).Status);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task After_a_failed_flush_nothing_is_written_until_it_is_opened_again(bool isRefused)
    {
        string root = folder["data"];
        await using (OpenTables tables = await OpenTables.Open(root, disk))
        {
            await tables.Put("a", "1");
            disk.BeforeStep = step => FailOn(step, "flush", isRefused);
            await Assert.ThrowsAsync<StorageFailedException>(() => tables.Put("a", "2"));
            disk.BeforeStep = null;

            var error = await Assert.ThrowsAsync<StorageFailedException>(() => tables.Put("b", "1"));
            Assert.Contains("opened again", error.Code, StringComparison.Ordinal);
            Assert.Equal("1", (await tables.Rows())["a"]);
        }

        await using OpenTables again = await OpenTables.Open(root);
        Assert.True((await again.Put("b", "1")).IsDone);
    }

    /// <summary>A file system of the network may refuse with EACCES or EPERM what the disk of this machine would fail to do with EIO.</summary>
    private static void FailOn(DiskStep step, string operation, bool isRefused = false)
    {
        if (step.Operation == operation)
            throw isRefused ? new UnauthorizedAccessException("no space") : new IOException("no space");
    }

    private async Task AssertRecovers(CrashImage image, Dictionary<string, string> acknowledged)
    {
        await using OpenTables recovered = await Recover(image);
        Dictionary<string, string> rows = await recovered.Rows();
        foreach ((string row, string value) in acknowledged)
        {
            // The write after the acknowledged one may have reached the disk before the step.
            Assert.True(rows.TryGetValue(row, out string? found) && NumberOf(found) >= NumberOf(value), $"{image}: {row} is '{found}' after '{value}'");
        }

        Assert.True(rows.Count <= acknowledged.Count + 1, $"{image}: {rows.Count} rows");
        Assert.True((await recovered.Put("after", "0:")).IsDone);

        static int NumberOf(string value) => int.Parse(value.AsSpan(0, value.IndexOf(':', StringComparison.Ordinal)), System.Globalization.CultureInfo.InvariantCulture);
    }

    private async Task<OpenTables> Recover(CrashImage image)
    {
        string copy = folder[$"{image.Step.Number} {image.Kind}"];
        Directory.CreateDirectory(copy);
        image.PutInto(copy);
        return await OpenTables.Open(copy);
    }
}
