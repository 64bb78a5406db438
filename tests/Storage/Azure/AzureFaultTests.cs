using System.Net;
using System.Net.Sockets;
using Registry.Storage;
using Registry.Storage.Azure;
using Registry.Tests.Support;

namespace Registry.Tests.Storage.Azure;

/// <summary>What becomes of calls when storage fails, breaks off, or does what it was asked and its answer is lost.</summary>
public sealed class AzureFaultTests(AzuriteFixture azurite) : IAsyncLifetime
{
    private const string Table = "rows";

    private readonly AzureStorageOptions place = AzuriteAccount.NewPlace();
    private AzuriteAccount account = null!;
    private AzureStorage storage = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        account = await azurite.NewAccount();
        storage = AzureStorage.FromConnectionString(account.ConnectionString, place);
        await storage.Initialize(Cancel);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Theory]
    [InlineData("insert", TableStatus.Exists)]
    [InlineData("replace", TableStatus.Changed)]
    [InlineData("delete", TableStatus.Missing)]
    [InlineData("upsert", TableStatus.Done)]
    [InlineData("batch", TableStatus.Exists)]
    public async Task A_write_whose_answer_is_lost_is_tried_again_and_meets_itself(string write, TableStatus expected)
    {
        using FaultHandler fault = FaultHandler.LosesFirstAnswer();
        ITableStore faulty = Over(fault).Tables;
        await storage.Tables.CreateTable(Table, Cancel);
        string etag = (await storage.Tables.Write(Table, TableOperation.Insert(Row("there", "old")), Cancel)).ETag;

        TableResult result = write switch
        {
            "insert" => await faulty.Write(Table, TableOperation.Insert(Row("r", "new")), Cancel),
            "replace" => await faulty.Write(Table, TableOperation.Replace(Row("there", "new"), etag), Cancel),
            "delete" => await faulty.Write(Table, TableOperation.Delete("p", "there", etag), Cancel),
            "upsert" => await faulty.Write(Table, TableOperation.Upsert(Row("there", "new")), Cancel),
            _ => await faulty.WriteBatch(Table, [TableOperation.Upsert(Row("there", "new")), TableOperation.Insert(Row("r", "new"))], Cancel),
        };

        Assert.Equal((expected, 2), (result.Status, fault.Requests));
        string row = write is "insert" or "batch" ? "r" : "there";
        Assert.Equal(write == "delete" ? null : "new", (await storage.Tables.Find(Table, "p", row, Cancel))?.GetString("value"));
    }

    [Fact]
    public async Task Content_whose_answer_is_lost_is_sent_again_from_its_beginning()
    {
        byte[] content = Content.Bytes(3, 100_000);

        await Losing(blobs => blobs.Put("put", Content.Chain(content, 999), BlobMetadata.None, Cancel));
        await Losing(blobs => blobs.StageBlock("committed", "a", Content.Chain(content, 999), Cancel));
        await Losing(blobs => blobs.CommitBlocks("committed", ["a"], BlobMetadata.None, Cancel));

        Assert.Equal(content, await Read(storage.Blobs, "put"));
        Assert.Equal(content, await Read(storage.Blobs, "committed"));

        async Task Losing(Func<IStorageDriver, Task> call)
        {
            using FaultHandler fault = FaultHandler.LosesFirstAnswer();
            await call(Over(fault).Blobs);
            Assert.Equal(2, fault.Requests);
        }
    }

    [Theory]
    [InlineData(0, null)]
    [InlineData(1000, null)]
    [InlineData(1000, 50_000L)]
    public async Task A_body_that_breaks_off_is_resumed_where_it_broke(int offset, long? length)
    {
        byte[] content = Content.Bytes(4, 100_000);
        await storage.Blobs.Put("blob", Content.Sequence(content), BlobMetadata.None, Cancel);
        using var fault = new FaultHandler(
            async (number, _, send) => number <= 2 ? await BreakingBody.After(20_000, await send()) : await send(),
            AzureTransport.CreateHandler());

        byte[] read = await Read(Over(fault).Blobs, "blob", offset, length);

        Assert.Equal(content.AsSpan(offset, (int)(length ?? (content.Length - offset))).ToArray(), read);
        Assert.Equal(3, fault.Requests);
    }

    [Fact]
    public async Task A_row_whose_body_breaks_off_is_asked_for_again()
    {
        await storage.Tables.CreateTable(Table, Cancel);
        await storage.Tables.Write(Table, TableOperation.Insert(Row("r", new string('v', 30_000))), Cancel);
        using var fault = new FaultHandler(
            async (number, _, send) => number == 1 ? await BreakingBody.After(20_000, await send()) : await send(),
            AzureTransport.CreateHandler());

        TableEntity? found = await Over(fault).Tables.Find(Table, "p", "r", Cancel);

        Assert.Equal((30_000, 2), (found?.GetString("value").Length, fault.Requests));
    }

    [Fact]
    public async Task A_connection_that_is_gone_as_soon_as_it_stands_is_tried_again()
    {
        await storage.Blobs.Put("blob", Content.Sequence([1, 2, 3]), BlobMetadata.None, Cancel);
        using var fault = new FaultHandler(
            (number, _, send) => number == 1 ? throw new SocketException((int)SocketError.NotConnected) : send(),
            AzureTransport.CreateHandler());

        byte[] read = await Read(Over(fault).Blobs, "blob");

        Assert.Equal([1, 2, 3], read);
        Assert.Equal(2, fault.Requests);
    }

    [Fact]
    public async Task A_body_that_always_breaks_off_is_a_failure_and_never_short()
    {
        await storage.Blobs.Put("blob", Content.Sequence(new byte[100_000]), BlobMetadata.None, Cancel);
        using var fault = new FaultHandler(async (_, _, send) => await BreakingBody.After(100, await send()), AzureTransport.CreateHandler());

        var error = await Assert.ThrowsAsync<StorageFailedException>(() => Read(Over(fault).Blobs, "blob"));

        Assert.Equal(("read", "blob", 0), (error.Operation, error.Path, error.Status));
    }

    [Fact]
    public async Task A_body_is_not_resumed_in_another_blob_of_the_same_name()
    {
        await storage.Blobs.Put("blob", Content.Sequence(new byte[100_000]), BlobMetadata.None, Cancel);
        using var fault = new FaultHandler(
            async (number, _, send) =>
            {
                if (number == 1)
                    return await BreakingBody.After(100, await send());
                await storage.Blobs.Put("blob", Content.Sequence(Content.Bytes(5, 100_000)), BlobMetadata.None, Cancel);
                return await send();
            },
            AzureTransport.CreateHandler());

        var error = await Assert.ThrowsAsync<StorageFailedException>(() => Read(Over(fault).Blobs, "blob"));

        Assert.Equal((412, "ConditionNotMet"), (error.Status, error.Code));
    }

    [Fact]
    public async Task A_stream_outlives_the_cancellation_of_the_call_that_opened_it()
    {
        await storage.Blobs.Put("blob", Content.Sequence(new byte[5_000_000]), BlobMetadata.None, Cancel);
        using var call = new CancellationTokenSource();

        await using Stream stream = await storage.Blobs.Open("blob", 0, null, call.Token);
        await call.CancelAsync();

        Assert.Equal(5_000_000, (await Content.ReadAll(stream, Cancel)).Length);
    }

    [Fact]
    public async Task Storage_that_stays_busy_is_tried_a_few_times_and_reported()
    {
        using var fault = new FaultHandler(
            (_, _, _) => Task.FromResult(new HttpResponseMessage(HttpStatusCode.ServiceUnavailable) { Headers = { { "x-ms-error-code", "ServerBusy" } } }),
            AzureTransport.CreateHandler());
        AzureStorage busy = Over(fault);

        var blob = await Assert.ThrowsAsync<StorageFailedException>(() => busy.Blobs.Find("blob", Cancel));
        Assert.Equal((503, "ServerBusy", 4), (blob.Status, blob.Code, fault.Requests));

        var row = await Assert.ThrowsAsync<StorageFailedException>(() => busy.Tables.Find(Table, "p", "r", Cancel));
        Assert.Equal((503, "ServerBusy", 4 + 5), (row.Status, row.Code, fault.Requests));
    }

    [Theory]
    [InlineData("no JSON")]
    [InlineData("""{"PartitionKey":"p","RowKey":"r","Timestamp":"2026-01-01T00:00:00Z"}""")]
    [InlineData("""{"odata.etag":"e","PartitionKey":"p","RowKey":"r","Timestamp":"yesterday"}""")]
    public async Task An_answer_that_is_not_the_table_services_is_a_failure(string body)
    {
        using var fault = new FaultHandler(
            (_, _, _) => Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK) { Content = new StringContent(body), Headers = { Date = DateTimeOffset.UnixEpoch } }),
            AzureTransport.CreateHandler());

        var error = await Assert.ThrowsAsync<StorageFailedException>(() => Over(fault).Tables.Find(Table, "p", "r", Cancel));

        Assert.Equal((200, "UnexpectedResponse", "rows/p/r"), (error.Status, error.Code, error.Path));
    }

    /// <summary>The same storage over connections that fail.</summary>
    private AzureStorage Over(FaultHandler fault) =>
        AzureStorage.FromConnectionString(account.ConnectionString, place with { Transport = AzureTransport.Create(fault) });

    private static async Task<byte[]> Read(IStorageDriver blobs, string path, long offset = 0, long? length = null)
    {
        await using Stream stream = await blobs.Open(path, offset, length, Cancel);
        return await Content.ReadAll(stream, Cancel);
    }

    private static TableEntity Row(string row, string value) => new TableEntity("p", row).Set("value", value);
}
