using System.Buffers;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Registry.Digests;
using Registry.Functions.Hosting;
using Registry.Functions.Http;
using Registry.Storage;
using Registry.Storage.Memory;
using Registry.Tests.Support;

namespace Registry.Tests.Api;

/// <summary>When storage fails, or the registry itself: a 503 that says when to come again, or a 500, each with the id of one event in the log and nothing of the inside.</summary>
public sealed class FailureTests
{
    private const string Inside = "the inside";

    private static readonly TestImage image = SmallImages.Image("app", "base");

    /// <summary>Every endpoint that asks storage.</summary>
    private static readonly string[] requests =
    [
        "GET /v2/_catalog", "GET /v2/app/tags/list", "GET /v2/app/referrers/{digest}",
        "GET /v2/app/manifests/v1", "HEAD /v2/app/manifests/{digest}", "PUT /v2/app/manifests/v2", "DELETE /v2/app/manifests/v1",
        "GET /v2/app/blobs/{blob}", "HEAD /v2/app/blobs/{blob}", "DELETE /v2/app/blobs/{blob}",
        "POST /v2/app/blobs/uploads/", "POST /v2/app/blobs/uploads/?mount={blob}&from=app", "POST /v2/app/blobs/uploads/?digest={content}",
        "GET {upload}", "PATCH {upload}", "PUT {upload}?digest={content}", "DELETE {upload}",
    ];

    public static TheoryData<string, bool> Failures =>
        [.. requests.SelectMany(r => (TheoryDataRow<string, bool>[])[new(r, true), new(r, false)])];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory, MemberData(nameof(Failures))]
    public async Task A_failure_is_told_and_over_when_it_is_over(string request, bool storage)
    {
        var tables = new FaultyTables(new MemoryTableStore(TimeProvider.System));
        await using var server = await Start(new MemoryStorageDriver(TimeProvider.System), tables);
        var api = new ApiClient(server.Client, server.BaseAddress);
        var target = await Fill(api, request);
        var content = Content(request);

        tables.Fault = storage ? () => new StorageFailedException("query", Inside, 503, "ServerBusy", attempts: 6) : () => new InvalidOperationException(Inside);
        var answer = await api.Send(target, Types(request), content);

        answer.Is(storage ? 503 : 500).Has("Retry-After", storage ? "2" : null).Has("Location", null);
        if (!request.StartsWith("HEAD", StringComparison.Ordinal))
        {
            Assert.Matches("^[0-9a-f]{16}$", answer.IsError(answer.StatusCode, storage ? "UNAVAILABLE" : "UNKNOWN").Detail().GetProperty("id").GetString());
            Assert.DoesNotContain(Inside, answer.Text, StringComparison.Ordinal);
        }

        tables.Fault = null;
        var again = await api.Send(target, Types(request), content);
        Assert.True(again.StatusCode < 300, again.Failure("success").Message);
    }

    [Theory]
    [InlineData("GET /v2/app/blobs/{blob}")]
    [InlineData("PUT /v2/app/manifests/v2")]
    [InlineData("PATCH {upload}")]
    public async Task Where_only_content_cannot_be_reached_it_is_the_same(string request)
    {
        var driver = new FaultyDriver(new MemoryStorageDriver(TimeProvider.System));
        await using var server = await Start(driver, new MemoryTableStore(TimeProvider.System));
        var api = new ApiClient(server.Client, server.BaseAddress);
        var target = await Fill(api, request);

        // Another manifest than the one that is there, whose content would not be written again; and a chunk that is large enough for a block.
        var content = request.StartsWith("PATCH", StringComparison.Ordinal) ? new byte[9 * 1024 * 1024] : request.StartsWith("PUT", StringComparison.Ordinal) ? image.WithAnnotation("a", "b").Manifest : null;
        driver.Fault = () => new StorageFailedException("stage block", Inside, 0, "ConnectionRefused", attempts: 6);

        (await api.Send(target, Types(request), content)).IsError(503, "UNAVAILABLE").Has("Retry-After", "2");

        driver.Fault = null;
        var again = await api.Send(target, Types(request), content);
        Assert.True(again.StatusCode < 300, again.Failure("success").Message);
    }

    [Fact]
    public async Task A_failure_of_storage_is_one_event_with_operation_path_code_status_attempts_and_the_id_that_the_client_was_told()
    {
        var (log, body) = await Run(new StorageFailedException("stage block", "content/ab/abcd", 503, "ServerBusy", attempts: 6));

        var (level, text, values) = Assert.Single(log);
        Assert.Equal(LogLevel.Error, level);
        Assert.Contains($"\"id\":\"{values["Id"]}\"", body, StringComparison.Ordinal);
        Assert.Equal(("stage block", "content/ab/abcd", 503, "ServerBusy", 6), (values["Operation"], values["StoragePath"], values["StorageStatus"], values["StorageCode"], values["Attempts"]));
        Assert.EndsWith("PATCH /v2/app/x: storage failed: stage block content/ab/abcd: 503 ServerBusy after 6 attempts", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_failure_of_the_registry_is_one_event_with_the_id_that_the_client_was_told()
    {
        var (log, body) = await Run(new InvalidOperationException(Inside));

        var (level, _, values) = Assert.Single(log);
        Assert.Equal(LogLevel.Error, level);
        Assert.Contains($"\"id\":\"{values["Id"]}\"", body, StringComparison.Ordinal);
        Assert.DoesNotContain(Inside, body, StringComparison.Ordinal);
    }

    private static Task<RegistryServer> Start(IStorageDriver driver, ITableStore tables) =>
        RegistryServer.Start([], Cancellation, new RegistryParts { Storage = (driver, tables) }, "--Logging:LogLevel:Registry=None");

    private static async Task<string> Fill(ApiClient api, string request)
    {
        await api.Push("app", image, "v1");
        var upload = await api.BeginUpload("app");
        return request
            .Replace("{upload}", upload, StringComparison.Ordinal)
            .Replace("{digest}", image.Digest.ToString(), StringComparison.Ordinal)
            .Replace("{blob}", Digest.Compute(DigestAlgorithm.Sha256, image.Blobs[1]).ToString(), StringComparison.Ordinal)
            .Replace("{content}", Digest.Compute(DigestAlgorithm.Sha256, SmallImages.Blob("content")).ToString(), StringComparison.Ordinal);
    }

    private static byte[]? Content(string request) =>
        request.Contains("/manifests/v2", StringComparison.Ordinal) ? image.Manifest
        : request.Contains("{content}", StringComparison.Ordinal) || request.StartsWith("PATCH", StringComparison.Ordinal) ? SmallImages.Blob("content")
        : null;

    private static string[] Types(string request) => request.Contains("/manifests/v2", StringComparison.Ordinal) ? [$"Content-Type: {image.MediaType}"] : [];

    private static async Task<(IReadOnlyList<(LogLevel Level, string Text, Dictionary<string, object?> Values)> Log, string Body)> Run(Exception failure)
    {
        var log = new KeptLog();
        var body = new MemoryStream();
        var context = new DefaultHttpContext { Request = { Method = "PATCH", Path = "/v2/app/x" }, Response = { Body = body } };
        await new Envelope(_ => throw failure, new UploadUrls(new PublicUrls(null), null, null), IdSource.Random, log).Invoke(context);
        return (log.Events, Encoding.UTF8.GetString(body.ToArray()));
    }

    private sealed class FaultyTables(ITableStore inner) : TableDecorator(inner)
    {
        public Func<Exception>? Fault { get; set; }

        public override Task<TableEntity?> Find(string table, string partition, string row, CancellationToken cancellation) => Fault is { } fault ? throw fault() : base.Find(table, partition, row, cancellation);

        public override Task<TablePage> Query(string table, TableQuery query, CancellationToken cancellation) => Fault is { } fault ? throw fault() : base.Query(table, query, cancellation);

        public override Task<TableResult> Write(string table, TableOperation operation, CancellationToken cancellation) => Fault is { } fault ? throw fault() : base.Write(table, operation, cancellation);

        public override Task<TableResult> WriteBatch(string table, IReadOnlyList<TableOperation> operations, CancellationToken cancellation) =>
            Fault is { } fault ? throw fault() : base.WriteBatch(table, operations, cancellation);
    }

    private sealed class FaultyDriver(IStorageDriver inner) : DriverDecorator(inner)
    {
        public Func<Exception>? Fault { get; set; }

        public override Task<Stream> Open(string path, long offset, long? length, CancellationToken cancellation) => Fault is { } fault ? throw fault() : base.Open(path, offset, length, cancellation);

        public override Task Put(string path, ReadOnlySequence<byte> content, BlobMetadata metadata, CancellationToken cancellation) => Fault is { } fault ? throw fault() : base.Put(path, content, metadata, cancellation);

        public override Task StageBlock(string path, string blockId, ReadOnlySequence<byte> content, CancellationToken cancellation) =>
            Fault is { } fault ? throw fault() : base.StageBlock(path, blockId, content, cancellation);
    }

    private sealed class KeptLog : ILogger<Envelope>
    {
        public List<(LogLevel Level, string Text, Dictionary<string, object?> Values)> Events { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Events.Add((logLevel, formatter(state, exception), ((IEnumerable<KeyValuePair<string, object?>>)state!).ToDictionary(v => v.Key, v => v.Value)));
    }
}
