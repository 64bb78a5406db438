using System.Buffers;
using System.Net;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Registry.Functions.Health;
using Registry.Functions.Hosting;
using Registry.Storage;
using Registry.Storage.Memory;
using Registry.Tests.Api;
using Registry.Tests.Support;

namespace Registry.Tests.Health;

/// <summary>Liveness says that the process answers, and costs nothing; readiness says whether requests would succeed.</summary>
public sealed class ReadinessTests(Stands stands) : ApiTests(stands)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory, EveryStand]
    public async Task A_registry_whose_storage_answers_is_ready(string stand)
    {
        var api = await Open(stand);
        using var answer = JsonDocument.Parse((await api.Send("GET /health/ready")).Is(200).Has("Cache-Control", "no-store").Content);
        Assert.True(answer.RootElement.GetProperty("ready").GetBoolean());
        var checks = answer.RootElement.GetProperty("checks").EnumerateObject().ToDictionary(c => c.Name, c => c.Value.GetString());
        Assert.All(checks.Values, v => Assert.Equal("ok", v));
        Assert.Equal(stand == "azurite" ? ["clock", "content", "rows"] : ["content", "rows"], checks.Keys.Order());
        (await api.Send("HEAD /health/ready")).Is(200);
        (await api.Send("GET /health")).Is(200);
    }

    [Fact]
    public async Task Liveness_asks_storage_for_nothing_and_readiness_for_two_things_however_often_it_is_asked()
    {
        var azurite = (await TestContext.Current.GetFixture<AzuriteFixture>())!;
        var account = await azurite.NewAccount();
        await using var server = await OnAzurite(account);
        Assert.Empty(await account.RequestsDuring(() => Ask(server, "health", 5), Cancellation));
        Assert.Empty(await account.RequestsDuring(() => Ask(server, "", 5), Cancellation));
        Assert.Equal(2, (await account.RequestsDuring(() => Ask(server, "health/ready", 5), Cancellation)).Length);
    }

    [Fact]
    public async Task While_storage_is_away_the_registry_lives_and_is_not_ready_and_is_again_when_it_is_back()
    {
        await using var azurite = await AzuriteServer.Start(null, Cancellation);
        var clock = new TestClock(TimeProvider.System.GetUtcNow());
        await using var registry = await Start(azurite.NewAccount(), clock);
        using var client = Client(registry);
        Assert.Equal(HttpStatusCode.OK, (await Get(client, "health/ready")).Status);

        await azurite.Stop();
        clock.Advance(Readiness.Lifetime);
        var (status, body) = await Get(client, "health/ready");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
        Assert.Contains("storage failed; the log says how", body, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await Get(client, "health")).Status);

        await azurite.Start(Cancellation);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await Get(client, "health/ready")).Status);
        clock.Advance(Readiness.Lifetime);
        Assert.Equal(HttpStatusCode.OK, (await Get(client, "health/ready")).Status);
    }

    [Theory]
    [InlineData(-1200, 503)]
    [InlineData(-240, 200)]
    [InlineData(240, 200)]
    [InlineData(1200, 503)]
    public async Task A_clock_that_is_far_from_storages_is_told_before_it_harms(int seconds, int status)
    {
        var azurite = (await TestContext.Current.GetFixture<AzuriteFixture>())!;
        await using var registry = await Start(await azurite.NewAccount(), new TestClock(TimeProvider.System.GetUtcNow() + TimeSpan.FromSeconds(seconds)));
        using var client = Client(registry);
        var answer = await Get(client, "health/ready");
        Assert.Equal(status, (int)answer.Status);
        Assert.Contains(status == 200 ? "\"clock\":\"ok\"" : " s apart", answer.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Storage_that_never_answers_is_waited_for_no_longer_than_a_monitor_waits()
    {
        var clock = new TestClock();
        var silent = new SilentDriver(clock);
        await using var storage = await OpenStorage.Of(silent, new MemoryTableStore(clock), Cancellation);
        var readiness = new Readiness(storage, clock, NullLogger<Readiness>.Instance);
        var asked = readiness.Check();
        await silent.Asked.Task.WaitAsync(Cancellation);
        Assert.Same(asked, readiness.Check());
        clock.Advance(TimeSpan.FromSeconds(5));
        var report = await asked.WaitAsync(Cancellation);
        Assert.False(report.Ready);
        Assert.Equal("no answer within 5 s", report.Checks["content"]);
        Assert.Equal("ok", report.Checks["rows"]);
    }

    [Fact]
    public async Task A_journal_that_cannot_be_compacted_is_told_and_the_registry_stays_ready()
    {
        using var folder = new TemporaryFolder();
        var settings = Settings.Read(new Microsoft.Extensions.Configuration.ConfigurationManager { ["Registry:Storage:RootDirectory"] = folder.Path });
        await using var storage = await OpenStorage.Open(settings.Storage, TimeProvider.System, IdSource.Random, Cancellation);
        var readiness = new Readiness(storage, new TestClock(), NullLogger<Readiness>.Instance);

        // A folder where the next journal is to be.
        Directory.CreateDirectory(Path.Combine(folder.Path, "tables", "journal-0000000001"));
        var value = new string('x', 30_000);
        for (var i = 0; storage.CompactionFailure is null; i++)
        {
            Assert.InRange(i, 0, 1000);
            await storage.Tables.Write(Tables.Repositories, TableOperation.Upsert(new TableEntity("test", "row").Set("value", value)), Cancellation);
        }

        var report = await readiness.Check();
        Assert.True(report.Ready);
        Assert.Contains("could not be compacted", report.Checks["journal"], StringComparison.Ordinal);
    }

    private static async Task<RegistryServer> OnAzurite(AzuriteAccount account)
    {
        var place = AzuriteAccount.NewPlace();
        return await RegistryServer.Start(
            new Dictionary<string, string> { ["Storage:ConnectionString"] = account.ConnectionString, ["Storage:Container"] = place.Container, ["Storage:TablePrefix"] = place.TablePrefix }, Cancellation);
    }

    private static async Task<RegistryApplication> Start(AzuriteAccount account, TestClock clock)
    {
        var place = AzuriteAccount.NewPlace();
        string[] args =
        [
            "--urls=http://127.0.0.1:0", "--Logging:LogLevel:Registry=None", $"--Registry:Storage:ConnectionString={account.ConnectionString}", $"--Registry:Storage:Container={place.Container}",
            $"--Registry:Storage:TablePrefix={place.TablePrefix}",
        ];
        var registry = await RegistryApplication.Create(args, new RegistryParts { Time = clock });
        await registry.Start(Cancellation);
        return registry;
    }

    private static HttpClient Client(RegistryApplication registry) => new(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new Uri(registry.Urls.Single()) };

    private static async Task Ask(RegistryServer server, string path, int times)
    {
        for (var i = 0; i < times; i++)
            Assert.Equal(HttpStatusCode.OK, (await Get(server.Client, path)).Status);
    }

    private static async Task<(HttpStatusCode Status, string Body)> Get(HttpClient client, string path)
    {
        using var answer = await client.GetAsync(new Uri(path, UriKind.Relative), Cancellation);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync(Cancellation));
    }

    /// <summary>Content that is asked for and never given.</summary>
    private sealed class SilentDriver(TimeProvider time) : IStorageDriver
    {
        private readonly MemoryStorageDriver inner = new(time);

        public TaskCompletionSource Asked { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public async Task<BlobStat?> Find(string path, CancellationToken cancellation)
        {
            Asked.SetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellation);
            return null;
        }

        public Task<Stream> Open(string path, long offset, long? length, CancellationToken cancellation) => inner.Open(path, offset, length, cancellation);

        public Task Put(string path, ReadOnlySequence<byte> content, BlobMetadata metadata, CancellationToken cancellation) => inner.Put(path, content, metadata, cancellation);

        public Task StageBlock(string path, string blockId, ReadOnlySequence<byte> content, CancellationToken cancellation) => inner.StageBlock(path, blockId, content, cancellation);

        public Task CommitBlocks(string path, IReadOnlyList<string> blockIds, BlobMetadata metadata, CancellationToken cancellation) => inner.CommitBlocks(path, blockIds, metadata, cancellation);

        public Task<bool> Delete(string path, CancellationToken cancellation) => inner.Delete(path, cancellation);

        public IAsyncEnumerable<BlobListing> List(string prefix, CancellationToken cancellation) => inner.List(prefix, cancellation);

        public ValueTask<Uri?> SignReadUrl(string path, TimeSpan lifetime, CancellationToken cancellation) => inner.SignReadUrl(path, lifetime, cancellation);
    }
}
