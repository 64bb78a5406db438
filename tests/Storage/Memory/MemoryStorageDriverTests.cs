using Registry.Storage;
using Registry.Storage.Memory;
using Registry.Tests.Support;

namespace Registry.Tests.Storage.Memory;

public sealed class MemoryStorageDriverTests : StorageDriverContract
{
    private readonly TestClock clock = new();

    protected override ValueTask<IStorageDriver> CreateDriver() => new(new MemoryStorageDriver(clock));

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
    public async Task Block_ids_of_one_blob_have_one_length()
    {
        string path = NewPath();
        await Stage(path, "b0", Bytes(1));

        await Assert.ThrowsAsync<ArgumentException>(() => Stage(path, "b10", Bytes(1)));
    }

    [Fact]
    public async Task A_reader_keeps_what_it_opened()
    {
        string path = NewPath();
        await Put(path, Bytes(100));
        await using Stream stream = await Driver.Open(path, 0, null, Cancel);

        await Driver.Delete(path, Cancel);

        Assert.Equal(Bytes(100), await Content.ReadAll(stream, Cancel));
    }
}
