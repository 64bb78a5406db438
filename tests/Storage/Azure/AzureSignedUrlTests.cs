using System.Net;
using System.Web;
using Registry.Storage;
using Registry.Storage.Azure;
using Registry.Tests.Support;

namespace Registry.Tests.Storage.Azure;

/// <summary>Signed URLs: what they open, and what they do not.</summary>
public sealed class AzureSignedUrlTests(AzuriteFixture azurite) : IAsyncDisposable
{
    private static readonly byte[] content = Content.Bytes(1, 1000);

    private HttpClient? client;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private HttpClient Client => client ?? throw new InvalidOperationException("no storage was opened");

    public ValueTask DisposeAsync()
    {
        client?.Dispose();
        return ValueTask.CompletedTask;
    }

    public static TheoryData<bool, string> Signers => new() { { false, "blob" }, { true, "blob" }, { false, "/slashed/blob" }, { true, "/slashed/blob" } };

    [Theory]
    [MemberData(nameof(Signers))]
    public async Task A_signed_url_reads_its_blob_and_ranges_of_it(bool byIdentity, string path)
    {
        IStorageDriver blobs = await Open(byIdentity, TimeProvider.System);
        await blobs.Put(path, Content.Sequence(content), BlobMetadata.None, Cancel);

        Uri url = (await blobs.SignReadUrl(path, TimeSpan.FromMinutes(5), Cancel))!;

        Assert.Equal(content, await Client.GetByteArrayAsync(url, Cancel));
        using var request = new HttpRequestMessage(HttpMethod.Get, url) { Headers = { Range = new(10, 19) } };
        using HttpResponseMessage range = await Client.SendAsync(request, Cancel);
        Assert.Equal(HttpStatusCode.PartialContent, range.StatusCode);
        Assert.Equal(content[10..20], await range.Content.ReadAsByteArrayAsync(Cancel));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_signed_url_opens_nothing_else(bool byIdentity)
    {
        IStorageDriver blobs = await Open(byIdentity, TimeProvider.System);
        await blobs.Put("blob", Content.Sequence(content), BlobMetadata.None, Cancel);
        await blobs.Put("blob2", Content.Sequence(content), BlobMetadata.None, Cancel);

        Uri url = (await blobs.SignReadUrl("blob", TimeSpan.FromMinutes(5), Cancel))!;

        var other = new UriBuilder(url);
        other.Path += "2";
        var container = new UriBuilder(url);
        container.Path = container.Path[..container.Path.LastIndexOf('/')];
        container.Query += "&restype=container&comp=list";
        Assert.Equal(HttpStatusCode.Forbidden, await Status(HttpMethod.Get, other.Uri));
        Assert.Equal(HttpStatusCode.Forbidden, await Status(HttpMethod.Get, container.Uri));
        Assert.Equal(HttpStatusCode.Forbidden, await Status(HttpMethod.Put, url));
        Assert.Equal(HttpStatusCode.Forbidden, await Status(HttpMethod.Delete, url));
        Assert.NotNull(await blobs.Find("blob", Cancel));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_signed_url_ends_with_its_lifetime(bool byIdentity)
    {
        // Signed an hour ago, by a clock of our own: storage's cannot be moved.
        var clock = new TestClock(TimeProvider.System.GetUtcNow().AddHours(-1));
        IStorageDriver blobs = await Open(byIdentity, clock);
        await blobs.Put("blob", Content.Sequence(content), BlobMetadata.None, Cancel);

        Assert.Equal(HttpStatusCode.Forbidden, await Status(HttpMethod.Get, (await blobs.SignReadUrl("blob", TimeSpan.FromMinutes(59), Cancel))!));
        Assert.Equal(HttpStatusCode.OK, await Status(HttpMethod.Get, (await blobs.SignReadUrl("blob", TimeSpan.FromMinutes(61), Cancel))!));
    }

    [Theory]
    [InlineData(false, "https,http")]
    [InlineData(true, "https")]
    public async Task A_url_to_an_https_service_is_for_https_alone_and_for_reading_one_blob(bool byIdentity, string protocols)
    {
        IStorageDriver blobs = await Open(byIdentity, TimeProvider.System);

        Uri url = (await blobs.SignReadUrl("blob", TimeSpan.FromMinutes(5), Cancel))!;

        var query = HttpUtility.ParseQueryString(url.Query);
        Assert.Equal(("r", "b", protocols), (query["sp"], query["sr"], query["spr"]));
        Assert.Null(query["st"]);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData((24 * 60) + 1)]
    public async Task A_lifetime_of_nothing_or_over_a_day_is_refused(int minutes)
    {
        IStorageDriver blobs = await Open(byIdentity: false, TimeProvider.System);

        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => blobs.SignReadUrl("blob", TimeSpan.FromMinutes(minutes), Cancel).AsTask());
    }

    private async Task<IStorageDriver> Open(bool byIdentity, TimeProvider time)
    {
        AzureStorage storage;
        if (byIdentity)
        {
            AzuriteServer server = await azurite.Secure();
            client = new HttpClient(TestIdentity.Trusting(server));
            storage = new TestIdentity().Open(server, server.NewAccount().Name!, time);
        }
        else
        {
            client = new HttpClient(AzureTransport.CreateHandler());
            storage = AzureStorage.FromConnectionString((await azurite.NewAccount()).ConnectionString, AzuriteAccount.NewPlace() with { Time = time });
        }

        await storage.Initialize(Cancel);
        return storage.Blobs;
    }

    private async Task<HttpStatusCode> Status(HttpMethod method, Uri url)
    {
        using var request = new HttpRequestMessage(method, url);
        if (method == HttpMethod.Put)
            request.Headers.Add("x-ms-blob-type", "BlockBlob");
        using HttpResponseMessage answer = await Client.SendAsync(request, Cancel);
        return answer.StatusCode;
    }
}
