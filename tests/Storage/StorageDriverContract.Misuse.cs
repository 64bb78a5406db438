using Registry.Storage;
using Registry.Tests.Support;

namespace Registry.Tests.Storage;

/// <summary>Calls that must not succeed: cancelled ones, and those that break a limit.</summary>
public abstract partial class StorageDriverContract
{
    [Theory]
    [InlineData("find")]
    [InlineData("open")]
    [InlineData("put")]
    [InlineData("stage")]
    [InlineData("commit")]
    [InlineData("delete")]
    [InlineData("list")]
    public async Task A_call_that_is_cancelled_before_it_begins_changes_nothing(string call)
    {
        string path = NewPath();
        string other = NewPath();
        byte[] content = Bytes(10);
        await Stage(path, "b0", content);
        await Commit(path, "b0");
        var cancelled = new CancellationToken(canceled: true);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(call switch
        {
            "find" => () => Driver.Find(path, cancelled),
            "open" => () => Driver.Open(path, 0, null, cancelled),
            "put" => () => Driver.Put(other, Content.Sequence(content), BlobMetadata.None, cancelled),
            "stage" => () => Driver.StageBlock(other, "b0", Content.Sequence(content), cancelled),
            "commit" => () => Driver.CommitBlocks(other, [], BlobMetadata.None, cancelled),
            "delete" => () => Driver.Delete(path, cancelled),
            _ => async () => await Driver.List(path, cancelled).GetAsyncEnumerator(cancelled).MoveNextAsync(),
        });

        Assert.Equal(content, await Read(path));
        await Assert.ThrowsAsync<StorageNotFoundException>(() => Commit(other, "b0"));
        await AssertAbsent(other);
    }

    public static TheoryData<string> BadPaths =>
    [
        "", "/", "//a", "a//b", "a/", ".", "..", "../a", "a/../b", "a/..", "/../a", "./a", "a/./b", "a\\b", "..\\a", "a\0b", "a\nb", "\0",
        new string('a', 1025),
    ];

    [Theory]
    [MemberData(nameof(BadPaths))]
    public async Task A_path_that_a_file_system_or_a_url_would_change_is_refused(string path)
    {
        await Refused(() => Driver.Find(path, Cancel));
        await Refused(() => Driver.Open(path, 0, null, Cancel));
        await Refused(() => Put(path, Bytes(1)));
        await Refused(() => Stage(path, "b0", Bytes(1)));
        await Refused(() => Commit(path, []));
        await Refused(() => Driver.Delete(path, Cancel));
        await Refused(() => Driver.SignReadUrl(path, TimeSpan.FromMinutes(1), Cancel).AsTask());
    }

    public static TheoryData<string> BadBlockIds => ["", "a b", "a/b", "a.b", "ä", "a=", new string('a', 49)];

    [Theory]
    [MemberData(nameof(BadBlockIds))]
    public async Task A_block_id_outside_its_alphabet_or_length_is_refused(string blockId)
    {
        string path = NewPath();

        await Refused(() => Stage(path, blockId, Bytes(1)));
        await Refused(() => Commit(path, blockId));
    }

    [Fact]
    public async Task An_empty_block_is_refused() => await Refused(() => Stage(NewPath(), "b0", []));

    [Fact]
    public async Task More_than_fifty_thousand_blocks_are_refused() =>
        await Refused(() => Commit(NewPath(), [.. Enumerable.Repeat("b0", 50_001)]));

    [Theory]
    [InlineData(-1, null)]
    [InlineData(0, -1L)]
    public async Task A_negative_range_is_refused(long offset, long? length)
    {
        string path = NewPath();
        await Put(path, Bytes(10));

        await Refused(() => Driver.Open(path, offset, length, Cancel));
    }

    private static async Task Refused(Func<Task> call) => await Assert.ThrowsAnyAsync<ArgumentException>(call);
}
