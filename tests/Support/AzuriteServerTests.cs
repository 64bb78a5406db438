using Registry.Storage;
using Registry.Storage.Azure;

namespace Registry.Tests.Support;

/// <summary>What the tests rely on their Azurite for.</summary>
public sealed class AzuriteServerTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_can_be_stopped_and_started_again_with_all_that_was_written()
    {
        await using AzuriteServer server = await AzuriteServer.Start(null, Cancel);
        AzuriteAccount account = server.NewAccount();
        AzureStorage storage = await account.OpenReady(Cancel);
        await storage.Tables.CreateTable("rows", Cancel);
        TableResult written = await storage.Tables.Write("rows", TableOperation.Insert(new TableEntity("p", "r")), Cancel);
        await storage.Blobs.Put("blob", Content.Sequence([1, 2, 3]), BlobMetadata.None, Cancel);
        await storage.Blobs.StageBlock("staged", "a", Content.Sequence([4]), Cancel);

        await server.Stop();
        var blob = await Assert.ThrowsAsync<StorageFailedException>(() => storage.Blobs.Find("blob", Cancel));
        Assert.Equal((0, "ConnectionRefused"), (blob.Status, blob.Code));

        await server.Start(Cancel);
        Assert.Equal(written.ETag, (await storage.Tables.Find("rows", "p", "r", Cancel))?.ETag);
        Assert.Equal(3, (await storage.Blobs.Find("blob", Cancel))?.Length);
        await storage.Blobs.CommitBlocks("staged", ["a"], BlobMetadata.None, Cancel);
    }

    [Fact]
    public async Task Its_log_has_each_accounts_requests_in_order()
    {
        await using AzuriteServer server = await AzuriteServer.Start(null, Cancel);
        AzuriteAccount one = server.NewAccount();
        AzureStorage storage = await one.OpenReady(Cancel);
        AzureStorage other = await server.NewAccount().OpenReady(Cancel);

        AzuriteRequest[] requests = await one.RequestsDuring(
            async () =>
            {
                await storage.Blobs.Find("a", Cancel);
                await other.Blobs.Find("a", Cancel);
                await storage.Tables.CreateTable("rows", Cancel);
                await storage.Blobs.Find("b", Cancel);
            },
            Cancel);

        Assert.Equal(["HEAD", "POST", "HEAD"], requests.Select(r => r.Method));
        Assert.Equal(["/a", "/Tables", "/b"], requests.Select(r => r.Target[r.Target.LastIndexOf('/')..]));
        Assert.Equal([404, 204, 404], requests.Select(r => r.Status));
        Assert.All(requests, r => Assert.Equal(one.Name, r.Account));
    }

    [Theory]
    [InlineData("""127.0.0.1 - - [21/Nov/2026:02:42:29 +0000] "PUT /a1/cont//x/y%20z?comp=block&blockid=YQ%3D%3D HTTP/1.1" 201 -""", 201)]
    [InlineData("""127.0.0.1 - - [21/Nov/2026:02:42:29 +0000] "GET /a1 HTTP/1.1" - -""", 0)]
    [InlineData("""127.0.0.1 - - [21/Nov/2026:02:42:29 +0000] "GET /a1?comp=list HTTP/1.1" 200 120""", 200)]
    public void A_line_of_the_log_is_one_request(string line, int status)
    {
        AzuriteRequest? request = AzuriteRequest.Parse(line);

        Assert.Equal(("a1", status), (request?.Account, request?.Status));
        Assert.Contains($"{request?.Method} /a1{request?.Target} HTTP", line, StringComparison.Ordinal);
    }

    [Fact]
    public void A_line_that_tells_of_no_request_is_none() =>
        Assert.Null(AzuriteRequest.Parse("Azurite Blob service is successfully listening at http://127.0.0.1:10000"));
}
