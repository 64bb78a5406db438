using System.Net.Sockets;
using Azure;
using Azure.Identity;
using Registry.Storage;
using Registry.Storage.Azure;
using Registry.Tests.Support;

namespace Registry.Tests.Storage.Azure;

/// <summary>Storage's refusals, and how the library's exceptions become the seams' two.</summary>
public sealed class AzureErrorTests(AzuriteFixture azurite)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("find")]
    [InlineData("open")]
    [InlineData("put")]
    [InlineData("stage")]
    [InlineData("commit")]
    [InlineData("delete")]
    [InlineData("list")]
    public async Task A_container_that_was_never_made_is_a_failure_not_an_absent_blob(string call)
    {
        IStorageDriver blobs = (await azurite.NewAccount()).Open().Blobs;

        var error = await Assert.ThrowsAsync<StorageFailedException>(call switch
        {
            "find" => () => blobs.Find("blob", Cancel),
            "open" => () => blobs.Open("blob", 0, null, Cancel),
            "put" => () => blobs.Put("blob", Content.Sequence([1]), BlobMetadata.None, Cancel),
            "stage" => () => blobs.StageBlock("blob", "a", Content.Sequence([1]), Cancel),
            "commit" => () => blobs.CommitBlocks("blob", [], BlobMetadata.None, Cancel),
            "delete" => () => blobs.Delete("blob", Cancel),
            _ => () => blobs.List("", Cancel).ToListAsync(Cancel).AsTask(),
        });

        Assert.Equal((404, "ContainerNotFound"), (error.Status, error.Code));
    }

    [Fact]
    public async Task A_wrong_key_is_a_failure_with_storages_code()
    {
        string wrong = (await azurite.NewAccount()).ConnectionString.Replace(AzuriteServer.AccountKey, "d3Jvbmcga2V5", StringComparison.Ordinal);
        var storage = AzureStorage.FromConnectionString(wrong, AzuriteAccount.NewPlace());

        var blob = await Assert.ThrowsAsync<StorageFailedException>(() => storage.Blobs.Find("blob", Cancel));
        var row = await Assert.ThrowsAsync<StorageFailedException>(() => storage.Tables.Find("rows", "p", "r", Cancel));

        Assert.Equal((403, "AuthorizationFailure", "find", "blob"), (blob.Status, blob.Code, blob.Operation, blob.Path));
        Assert.Equal((403, "AuthorizationFailure", "find", "rows/p/r"), (row.Status, row.Code, row.Operation, row.Path));
    }

    public static TheoryData<Exception, int, string> Failures => new()
    {
        { new RequestFailedException(500, "x", "InternalError", null), 500, "InternalError" },
        { new AggregateException(new TaskCanceledException(), new RequestFailedException(503, "x", "ServerBusy", null)), 503, "ServerBusy" },
        { new AggregateException(new RequestFailedException(503, "x", "ServerBusy", null), new TaskCanceledException()), 0, "Timeout" },
        { new RequestFailedException("x", new HttpRequestException("x", new SocketException((int)SocketError.ConnectionRefused))), 0, "ConnectionRefused" },
        { new RequestFailedException("x", new HttpRequestException(HttpRequestError.NameResolutionError)), 0, "NameResolutionError" },
        { new IOException("x", new SocketException((int)SocketError.ConnectionReset)), 0, "ConnectionReset" },
        { new AuthenticationFailedException("x"), 0, "AuthenticationFailed" },
        { new OperationCanceledException(), 0, "Timeout" },
    };

    [Theory]
    [MemberData(nameof(Failures))]
    public void The_last_try_says_how_it_stands(Exception thrown, int status, string code)
    {
        Assert.True(AzureFailure.IsStorage(thrown, CancellationToken.None));

        StorageFailedException failure = AzureFailure.Of(thrown, "find", "path");

        Assert.Equal((status, code, "find", "path", thrown), (failure.Status, failure.Code, failure.Operation, failure.Path, failure.InnerException));
    }

    [Fact]
    public void Cancellation_by_the_caller_and_faults_of_the_program_are_no_storage_failures()
    {
        Assert.False(AzureFailure.IsStorage(new OperationCanceledException(), new CancellationToken(canceled: true)));
        Assert.False(AzureFailure.IsStorage(new FileNotFoundException("an assembly"), CancellationToken.None));
        Assert.False(AzureFailure.IsStorage(new ArgumentException("x"), CancellationToken.None));
    }

    [Fact]
    public void A_service_without_https_is_refused_for_an_identity()
    {
        var http = new Uri("http://account.blob.core.windows.net");
        var https = new Uri("https://account.blob.core.windows.net");

        Assert.Throws<ArgumentException>(() => AzureStorage.FromIdentity(http, https, new TestIdentity(), AzuriteAccount.NewPlace()));
        Assert.Throws<ArgumentException>(() => AzureStorage.FromIdentity(https, http, new TestIdentity(), AzuriteAccount.NewPlace()));
    }
}
