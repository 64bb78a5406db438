using Registry.Storage;
using Registry.Storage.FileSystem;
using Registry.Tests.Support;

namespace Registry.Tests.Storage.FileSystem;

public sealed class FileSystemTableStoreTests : TableStoreContract
{
    private readonly TestClock clock = new();
    private readonly SeededIds ids = new(1);
    private readonly TemporaryFolder folder = new();
    private DataDirectory directory = null!;
    private FileSystemTableStore store = null!;

    protected override ValueTask<ITableStore> CreateStore()
    {
        Open();
        return new ValueTask<ITableStore>(store);
    }

    protected override Task PassTime()
    {
        clock.Advance(TimeSpan.FromSeconds(1));
        return Task.CompletedTask;
    }

    public override async ValueTask DisposeAsync()
    {
        await Close();
        folder.Dispose();
        await base.DisposeAsync();
    }

    [Fact]
    public async Task Everything_is_there_when_it_is_opened_again()
    {
        TableEntity entity = new TableEntity("p", "all")
            .Set("text", "ä€🐳").Set("number", long.MinValue).Set("flag", true).Set("time", clock.GetUtcNow()).Set("bytes", Content.Bytes(1, 64 * 1024));
        await Write(TableOperation.Insert(entity));
        await InsertAll(Enumerable.Range(0, 500).Select(i => $"r{i:d3}"), "q");
        await Write(TableOperation.Delete("q", "r250", null));
        List<TableEntity> before = await QueryAll(new TableQuery());
        clock.Advance(TimeSpan.FromHours(1));

        await Reopen();

        List<TableEntity> after = await QueryAll(new TableQuery());
        Assert.Equal(before.Select(Told), after.Select(Told));
        Assert.Equal(entity.Properties.OrderBy(p => p.Key), after[0].Properties.OrderBy(p => p.Key));
        Assert.All(after, row => Assert.Equal(TimeSpan.FromHours(1), row.Age));
    }

    [Fact]
    public async Task An_etag_holds_over_a_restart_and_none_is_given_again()
    {
        string first = await Insert("r");
        string gone = await Insert("gone");
        await Write(TableOperation.Delete("p", "gone", gone));

        await Reopen();

        TableResult replaced = await Write(TableOperation.Replace(Row("r", "two"), first));
        Assert.True(replaced.IsDone);
        Assert.DoesNotContain(replaced.ETag, (string[])[first, gone]);
    }

    [Fact]
    public async Task What_was_in_flight_when_it_was_closed_is_written()
    {
        Task<TableResult>[] writes = [.. Enumerable.Range(0, 100).Select(i => Write(TableOperation.Insert(Row($"r{i:d2}"))))];

        await Close();

        Assert.All(await Task.WhenAll(writes), result => Assert.True(result.IsDone));
        Open();
        Assert.Equal(100, (await QueryAll(new TableQuery())).Count);
    }

    [Fact]
    public async Task A_closed_store_takes_no_writes()
    {
        await Close();

        await Assert.ThrowsAsync<ObjectDisposedException>(() => Write(TableOperation.Insert(Row("r"))));
        Open();
    }

    private static (string, string, string, DateTimeOffset, int) Told(TableEntity row) =>
        (row.Partition, row.Row, row.ETag, row.Timestamp, row.Properties.Count);

    private async Task Reopen()
    {
        await Close();
        Open();
    }

    private void Open()
    {
        directory = DataDirectory.Open(folder.Path);
        store = FileSystemTableStore.Open(directory, clock, ids);
        Store = store;
    }

    private async Task Close()
    {
        await store.DisposeAsync();
        directory.Dispose();
    }
}
