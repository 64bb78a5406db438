using System.Net;
using Registry.Tests.Access;
using Registry.Tests.Faults;
using Registry.Tests.HostEmulation;
using Registry.Tests.Support;

namespace Registry.Tests.Telemetry;

/// <summary>What a real process sends by OTLP, and to whom it says that it belongs.</summary>
public sealed class TelemetryTests
{
    private const string Trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    private const string Parent = "00f067aa0ba902b7";
    private const string Password = "a password of hers";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_request_is_a_span_of_its_callers_trace_with_its_calls_to_storage_below_it_and_its_log_beside_it()
    {
        await using var receiver = await OtlpReceiver.Start();
        await using var registry = await Start(receiver, await OnAzurite());
        using var request = new HttpRequestMessage(HttpMethod.Get, "v2/team/app/manifests/missing?signature=hidden") { Headers = { { "traceparent", $"00-{Trace}-{Parent}-01" } } };
        using var answer = await registry.Client.SendAsync(request, Cancellation);
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);

        var span = await receiver.Wait<OtlpSpan>(s => s.Name == "GET Manifest");
        Assert.Equal((Trace, Parent, "registry"), (span.Trace, span.Parent, span.Service));
        Assert.Equal(("404", "/v2/team/app/manifests/missing", "Manifest"), (span.Tags["http.response.status_code"], span.Tags["url.path"], span.Tags["faas.name"]));
        var storage = await receiver.Wait<OtlpSpan>(s => s.Source == "System.Net.Http" && s.Parent == span.Id);
        Assert.Equal(Trace, storage.Trace);
        var log = await receiver.Wait<OtlpLog>(l => l.Text.Contains("MANIFEST_UNKNOWN", StringComparison.Ordinal));
        Assert.Equal(Trace, log.Trace);
        Assert.DoesNotContain(receiver.All<OtlpItem>(), i => i.ToString().Contains("hidden", StringComparison.Ordinal) || i.Tags.Values.Any(v => v.Contains("hidden", StringComparison.Ordinal)));
        Assert.All(receiver.Keys, k => Assert.Equal("secret", k));
    }

    [Fact]
    public async Task A_push_and_a_pull_are_counted_with_their_bytes_the_cache_and_each_storage_transaction()
    {
        await using var receiver = await OtlpReceiver.Start();
        await using var registry = await Start(receiver, await OnAzurite());
        var api = new ApiClient(registry.Client, registry.BaseAddress);
        var image = SmallImages.Image("counted");
        await api.Push("team/app", image, "1");
        for (var i = 0; i < 3; i++)
            (await api.Send("GET /v2/team/app/manifests/1")).Is(200);
        (await api.Send($"GET /v2/team/app/blobs/{Registry.Digests.Digest.Compute(Registry.Digests.DigestAlgorithm.Sha256, image.Blobs[0])}")).Is(307);

        await Reaches(receiver, "registry.pushes", 1);
        await Reaches(receiver, "registry.pulls", 3);
        await Reaches(receiver, "registry.manifest.cache", 1, ("outcome", "miss"));
        await Reaches(receiver, "registry.manifest.cache", 2, ("outcome", "hit"));
        await Reaches(receiver, "registry.bytes", image.Blobs.Sum(b => b.Length), ("direction", "in"));
        await Reaches(receiver, "registry.bytes", image.Blobs[0].Length, ("direction", "redirected"));
        await Reaches(receiver, "registry.start.duration", 1);
        await Reaches(receiver, "http.server.request.duration", 3, ("faas.name", "Manifest"), ("http.request.method", "GET"), ("http.response.status_code", "200"));
        Assert.Contains(receiver.All<OtlpPoint>(), p => p.Name == "registry.storage.transactions" && p.Tags["service"] == "table");
        Assert.Contains(receiver.All<OtlpPoint>(), p => p.Name == "registry.storage.transactions" && p.Tags["service"] == "blob");
    }

    [Fact]
    public async Task Failed_logins_are_counted_and_so_are_slices_of_the_collector()
    {
        await using var receiver = await OtlpReceiver.Start();
        await using var registry = await Start(receiver, new() { ["Storage:Driver"] = "memory", ["Auth:Enabled"] = "true", ["Auth:Admin:Password"] = Password, ["Collection:Interval"] = "00:00:01" });
        foreach (var (secret, status) in new[] { ("wrong password", HttpStatusCode.Unauthorized), (Password, HttpStatusCode.OK) })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "v2/") { Headers = { Authorization = AccessWorld.Basic("admin", secret) } };
            using var answer = await registry.Client.SendAsync(request, Cancellation);
            Assert.Equal(status, answer.StatusCode);
        }

        await Reaches(receiver, "registry.logins", 1, ("outcome", "failed"));
        await Reaches(receiver, "registry.logins", 1, ("outcome", "succeeded"));
        await receiver.Wait<OtlpPoint>(p => p.Name == "registry.collector.slices" && p.Tags["outcome"] == "Finished");
    }

    [Fact]
    public async Task What_only_asks_whether_it_lives_is_no_span()
    {
        await using var receiver = await OtlpReceiver.Start();
        await using var registry = await Start(receiver, new() { ["Storage:Driver"] = "memory" });
        foreach (var path in (string[])["", "health", "v2/"])
            (await registry.Client.GetAsync(path, Cancellation)).Dispose();
        await receiver.Wait<OtlpSpan>(s => s.Name == "GET ApiVersion");
        Assert.DoesNotContain(receiver.All<OtlpSpan>(), s => s.Source == "Microsoft.AspNetCore" && s.Name != "GET ApiVersion");
    }

    /// <summary>An endpoint that is away must cost requests nothing, and a start without one must not load what sends.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Without_an_endpoint_nothing_of_it_is_loaded_and_one_that_is_away_disturbs_nobody(bool named)
    {
        var environment = named
            ? new Dictionary<string, string> { ["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://127.0.0.1:9", ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf", ["OTEL_BSP_SCHEDULE_DELAY"] = "50" }
            : [];
        await using var registry = await RegistryProcess.Start(new Dictionary<string, string> { ["Storage:Driver"] = "memory" }, environment, Cancellation);
        for (var i = 0; i < 20; i++)
        {
            using var answer = await registry.Client.GetAsync("v2/", Cancellation);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }

        Assert.SkipUnless(OperatingSystem.IsLinux(), "what a process has loaded is read from /proc");
        var loaded = File.ReadLines($"/proc/{registry.Id}/maps").Any(l => l.Contains("OpenTelemetry", StringComparison.Ordinal));
        Assert.Equal(named, loaded);
    }

    [Fact]
    public async Task The_trace_that_the_Functions_host_has_goes_through_to_the_handler_and_into_its_console()
    {
        await using var receiver = await OtlpReceiver.Start();
        var settings = new Dictionary<string, string>(receiver.Environment()) { ["Registry__Storage__Driver"] = "memory", ["Registry__Auth__Enabled"] = "false" };
        await using var host = await FunctionsHost.Start(Stands.Package(), new FunctionsHostOptions { AppSettings = settings }, Cancellation);
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { Timeout = Patience.Limit };
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(host.Address, "v2/team/app/tags/list")) { Headers = { { "traceparent", $"00-{Trace}-{Parent}-01" } } };
        using var answer = await client.SendAsync(request, Cancellation);

        var span = await receiver.Wait<OtlpSpan>(s => s.Name == "GET TagsList");
        Assert.Equal(Trace, span.Trace);
        Assert.Contains($"trace={Trace}", host.Handler.Output, StringComparison.Ordinal);
    }

    private static Task<RegistryProcess> Start(OtlpReceiver receiver, Dictionary<string, string> settings) => RegistryProcess.Start(settings, receiver.Environment(), Cancellation);

    // Cumulative: the last point of a name and its tags has the total.
    private static Task<OtlpPoint> Reaches(OtlpReceiver receiver, string name, double value, params (string Name, string Value)[] tags) =>
        receiver.Wait<OtlpPoint>(p => p.Name == name && p.Value == value && tags.All(t => p.Tags.GetValueOrDefault(t.Name) == t.Value));

    private static async Task<Dictionary<string, string>> OnAzurite()
    {
        var azurite = await TestContext.Current.GetFixture<AzuriteFixture>() ?? throw new InvalidOperationException("the tests have no Azurite");
        var place = AzuriteAccount.NewPlace();
        return new Dictionary<string, string>
        {
            ["Storage:ConnectionString"] = (await azurite.NewAccount()).ConnectionString,
            ["Storage:Container"] = place.Container,
            ["Storage:TablePrefix"] = place.TablePrefix,
        };
    }
}
