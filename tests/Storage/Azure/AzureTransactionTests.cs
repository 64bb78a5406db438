using Registry.Storage;
using Registry.Storage.Azure;
using Registry.Tests.Support;

namespace Registry.Tests.Storage.Azure;

/// <summary>How many storage transactions each call is, by Azurite's access log: they are what the registry costs, in money and in time.</summary>
public sealed class AzureTransactionTests(AzuriteFixture azurite) : IAsyncLifetime
{
    private const string Table = "rows";

    private AzuriteAccount account = null!;
    private AzureStorage storage = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        account = await azurite.NewAccount();
        storage = await account.OpenReady(Cancel);
        await storage.Blobs.Put("stored", Content.Sequence(new byte[1000]), BlobMetadata.None, Cancel);
        await storage.Blobs.StageBlock("staged", "a", Content.Sequence(new byte[10]), Cancel);
        await storage.Tables.CreateTable(Table, Cancel);
        await storage.Tables.Write(Table, TableOperation.Insert(Row("stored")), Cancel);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    public static TheoryData<string, string[]> BlobCalls => new()
    {
        { "find", ["HEAD 200"] },
        { "find absent", ["HEAD 404"] },
        { "open", ["GET 200"] },
        { "open range", ["GET 206"] },
        { "open past the end", ["GET 416"] },
        { "open nothing", [] },
        { "open absent", ["GET 404"] },
        { "put", ["PUT 201"] },
        { "put nothing", ["PUT 201"] },
        { "put 9 MiB", ["PUT 201"] },
        { "stage", ["PUT 201"] },
        { "stage 8 MiB", ["PUT 201"] },
        { "commit", ["PUT 201"] },
        { "delete", ["DELETE 202"] },
        { "delete absent", ["DELETE 404"] },
        { "list", ["GET 200"] },
        { "sign", [] },
    };

    [Theory]
    [MemberData(nameof(BlobCalls))]
    public async Task A_blob_call_is_one_transaction_or_none(string call, string[] expected)
    {
        IStorageDriver blobs = storage.Blobs;
        Func<Task> action = call switch
        {
            "find" => () => blobs.Find("stored", Cancel),
            "find absent" => () => blobs.Find("absent", Cancel),
            "open" => () => Read("stored", 0, null),
            "open range" => () => Read("stored", 10, 20),
            "open past the end" => () => Read("stored", 2000, null),
            "open nothing" => () => Read("stored", 10, 0),
            "open absent" => () => Assert.ThrowsAsync<StorageNotFoundException>(() => Read("absent", 0, null)),
            "put" => () => Put(10),
            "put nothing" => () => Put(0),
            "put 9 MiB" => () => Put(9 << 20),
            "stage" => () => Stage(10),
            "stage 8 MiB" => () => Stage(8 << 20),
            "commit" => () => blobs.CommitBlocks("staged", ["a"], new("library/a", "sha256:b"), Cancel),
            "delete" => () => blobs.Delete("stored", Cancel),
            "delete absent" => () => blobs.Delete("absent", Cancel),
            "list" => async () => Assert.NotEmpty(await blobs.List("", Cancel).ToListAsync(Cancel)),
            _ => async () => Assert.NotNull(await blobs.SignReadUrl("stored", TimeSpan.FromMinutes(1), Cancel)),
        };

        Assert.Equal(expected, await Transactions(action));

        Task Put(int length) => blobs.Put("new", Content.Chain(new byte[length], 1 << 18), new("library/a", "sha256:b"), Cancel);
        Task Stage(int length) => blobs.StageBlock("new", "a", Content.Chain(new byte[length], 1 << 18), Cancel);
    }

    public static TheoryData<string, string[]> TableCalls => new()
    {
        { "find", ["GET 200"] },
        { "find absent", ["GET 404"] },
        { "query", ["GET 200"] },
        { "insert", ["POST 204"] },
        { "insert over a row", ["POST 409"] },
        { "replace", ["PUT 204"] },
        { "replace a changed row", ["PUT 412"] },
        { "upsert", ["PUT 204"] },
        { "delete", ["DELETE 204"] },
        { "batch of 100", ["POST 202"] },
        { "lost batch", ["POST 202"] },
        { "batch of one", ["PUT 204"] },
        { "create table", ["POST 204"] },
        { "create table again", ["POST 409"] },
    };

    [Theory]
    [MemberData(nameof(TableCalls))]
    public async Task A_table_call_is_one_transaction(string call, string[] expected)
    {
        ITableStore tables = storage.Tables;
        string etag = (await tables.Find(Table, "p", "stored", Cancel))!.ETag;
        string stale = etag.Replace("20", "19", StringComparison.Ordinal);
        Func<Task> action = call switch
        {
            "find" => () => tables.Find(Table, "p", "stored", Cancel),
            "find absent" => () => tables.Find(Table, "p", "absent", Cancel),
            "query" => () => tables.Query(Table, new TableQuery { Partition = "p" }, Cancel),
            "insert" => () => tables.Write(Table, TableOperation.Insert(Row("new")), Cancel),
            "insert over a row" => () => tables.Write(Table, TableOperation.Insert(Row("stored")), Cancel),
            "replace" => () => tables.Write(Table, TableOperation.Replace(Row("stored"), etag), Cancel),
            "replace a changed row" => () => tables.Write(Table, TableOperation.Replace(Row("stored"), stale), Cancel),
            "upsert" => () => tables.Write(Table, TableOperation.Upsert(Row("new")), Cancel),
            "delete" => () => tables.Write(Table, TableOperation.Delete("p", "stored", etag), Cancel),
            "batch of 100" => () => tables.WriteBatch(Table, [.. Enumerable.Range(0, 100).Select(i => TableOperation.Insert(Row($"{i}")))], Cancel),
            "lost batch" => () => tables.WriteBatch(Table, [TableOperation.Insert(Row("a")), TableOperation.Insert(Row("stored"))], Cancel),
            "batch of one" => () => tables.WriteBatch(Table, [TableOperation.Upsert(Row("a"))], Cancel),
            "create table" => () => tables.CreateTable("other", Cancel),
            _ => () => tables.CreateTable(Table, Cancel),
        };

        Assert.Equal(expected, await Transactions(action));
    }

    [Fact]
    public async Task A_query_is_one_transaction_a_page()
    {
        for (int from = 0; from < 2500; from += 100)
            await storage.Tables.WriteBatch(Table, [.. Enumerable.Range(from, 100).Select(i => TableOperation.Insert(new("many", $"{i:d4}")))], Cancel);
        var rows = new List<string>();

        string[] transactions = await Transactions(async () =>
        {
            TableContinuation? next = null;
            do
            {
                TablePage page = await storage.Tables.Query(Table, new TableQuery { Partition = "many", Continue = next }, Cancel);
                rows.AddRange(page.Entities.Select(e => e.Row));
                next = page.Next;
            }
            while (next is not null);
        });

        Assert.Equal(["GET 200", "GET 200", "GET 200"], transactions);
        Assert.Equal(Enumerable.Range(0, 2500).Select(i => $"{i:d4}"), rows);
    }

    [Fact]
    public async Task Initializing_looks_for_the_container_and_makes_it_once()
    {
        AzureStorage fresh = account.Open();

        Assert.Equal(["GET 404", "PUT 201"], await Transactions(() => fresh.Initialize(Cancel)));
        Assert.Equal(["GET 200"], await Transactions(() => fresh.Initialize(Cancel)));
    }

    private async Task<string[]> Transactions(Func<Task> action) =>
        [.. (await account.RequestsDuring(action, Cancel)).Select(r => $"{r.Method} {r.Status}")];

    private async Task Read(string path, long offset, long? length)
    {
        await using Stream stream = await storage.Blobs.Open(path, offset, length, Cancel);
        await Content.ReadAll(stream, Cancel);
    }

    private static TableEntity Row(string row) => new TableEntity("p", row).Set("value", 1);
}
