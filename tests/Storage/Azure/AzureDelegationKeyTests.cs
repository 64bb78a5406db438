using System.Web;
using Registry.Storage;
using Registry.Storage.Azure;
using Registry.Tests.Support;

namespace Registry.Tests.Storage.Azure;

/// <summary>The key that signs URLs under an identity: asked for once, and again long before it ends.</summary>
public sealed class AzureDelegationKeyTests(AzuriteFixture azurite) : IAsyncLifetime
{
    private static readonly TimeSpan lifetime = TimeSpan.FromMinutes(10);

    private readonly TestClock clock = new(TimeProvider.System.GetUtcNow());
    private AzuriteServer server = null!;
    private AzuriteAccount account = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        server = await azurite.Secure();
        account = server.NewAccount();
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task One_key_and_one_token_serve_all_who_ask()
    {
        var identity = new TestIdentity();
        IStorageDriver blobs = identity.Open(server, account.Name!, clock).Blobs;

        AzuriteRequest[] requests = await account.RequestsDuring(
            async () =>
            {
                await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Task.Run(() => Sign(blobs), Cancel)));
                await Sign(blobs);
            },
            Cancel);

        Assert.Equal("POST /?restype=service&comp=userdelegationkey 200", Assert.Single(requests).ToString());
        Assert.Equal(1, identity.Tokens);
    }

    [Fact]
    public async Task A_key_is_renewed_hours_before_it_ends_beside_the_requests()
    {
        IStorageDriver blobs = new TestIdentity().Open(server, account.Name!, clock).Blobs;
        string first = await Sign(blobs);

        clock.Advance(TimeSpan.FromHours(35));
        Assert.Equal(first, await Sign(blobs));

        clock.Advance(TimeSpan.FromHours(2));
        Assert.Equal(first, await Sign(blobs));
        string second = await SignUntilNot(first);

        Assert.Equal(DateTimeOffset.Parse(first).AddHours(37), DateTimeOffset.Parse(second));

        async Task<string> SignUntilNot(string key)
        {
            while (true)
            {
                if (await Sign(blobs) is var now && now != key)
                    return now;
                await Task.Delay(TimeSpan.FromMilliseconds(10), Cancel);
            }
        }
    }

    [Fact]
    public async Task A_key_that_would_end_before_the_url_is_replaced_first()
    {
        IStorageDriver blobs = new TestIdentity().Open(server, account.Name!, clock).Blobs;
        string first = await Sign(blobs);

        clock.Advance(TimeSpan.FromDays(3));

        Assert.Equal(DateTimeOffset.Parse(first).AddDays(3), DateTimeOffset.Parse(await Sign(blobs)));
    }

    [Fact]
    public async Task While_no_key_can_be_had_the_old_one_signs_and_then_the_failure_shows()
    {
        bool isBroken = false;
        using var handler = new FaultHandler(
            (_, _, send) => isBroken ? throw new HttpRequestException(HttpRequestError.ConnectionError) : send(),
            TestIdentity.Trusting(server));
        AzureStorageOptions options = AzuriteAccount.NewPlace() with { Time = clock, Transport = AzureTransport.Create(handler) };
        IStorageDriver blobs = AzureStorage.FromIdentity(server.BlobService(account.Name!), server.TableService(account.Name!), new TestIdentity(), options).Blobs;
        string first = await Sign(blobs);

        isBroken = true;
        clock.Advance(TimeSpan.FromHours(47));
        Assert.Equal(first, await Sign(blobs));
        clock.Advance(TimeSpan.FromHours(1));
        var error = await Assert.ThrowsAsync<StorageFailedException>(() => Sign(blobs));
        Assert.Equal((0, "ConnectionError", "get user delegation key"), (error.Status, error.Code, error.Operation));

        isBroken = false;
        Assert.NotEqual(first, await Sign(blobs));
    }

    /// <summary>Signs a URL, and gives the end of the key that signed it.</summary>
    private static async Task<string> Sign(IStorageDriver blobs) =>
        HttpUtility.ParseQueryString((await blobs.SignReadUrl("blob", lifetime, Cancel))!.Query)["ske"]!;
}
