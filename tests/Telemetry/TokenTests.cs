using System.Diagnostics;
using System.Net;
using Registry.Tests.Faults;
using Registry.Tests.Support;

namespace Registry.Tests.Telemetry;

/// <summary>OTLP with tokens of the process's identity, as Azure Monitor takes it: each signal at a URL of its own, and no key.</summary>
public sealed class TokenTests
{
    private const string Scope = "https://monitor.azure.com/.default";
    private const string NotTaken = "Telemetry is not taken by ";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_request_carries_a_token_that_is_asked_for_once_in_a_while()
    {
        await using var identity = await IdentityEndpoint.Start();
        await using var receiver = await OtlpReceiver.Start();
        await using var registry = await Start(identity, receiver);
        (await registry.Client.GetAsync("v2/team/app/manifests/missing", Cancellation)).Dispose();

        await receiver.Wait<OtlpSpan>(s => s.Name == "GET Manifest");
        await receiver.Wait<OtlpPoint>(p => p.Name == "registry.start.duration");
        await receiver.Wait<OtlpLog>(l => l.Text.Contains("MANIFEST_UNKNOWN", StringComparison.Ordinal));
        Assert.All(receiver.Tokens, t => Assert.Equal($"Bearer {IdentityEndpoint.Token}", t));
        Assert.All(identity.Wanted, w => Assert.Equal("https://monitor.azure.com", w));

        // One for each of the three that send, when all begin at once; the token is kept after that.
        Assert.InRange(identity.Wanted.Count, 1, 3);
        Assert.DoesNotContain(NotTaken, registry.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true, "403 Forbidden")]
    [InlineData(false, "there is no token for https://monitor.azure.com/.default: ")]
    public async Task What_is_not_taken_is_said_once_and_disturbs_nobody(bool hasIdentity, string reason)
    {
        await using var identity = await IdentityEndpoint.Start(hasIdentity);
        await using var receiver = await OtlpReceiver.Start();
        receiver.Status = (int)HttpStatusCode.Forbidden;
        await using var registry = await Start(identity, receiver);
        for (var i = 0; i < 5; i++)
        {
            using var answer = await registry.Client.GetAsync("v2/", Cancellation);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }

        // Three exporters, each with a line of its own; however often they try.
        await Until(() => (hasIdentity ? receiver.Tokens.Count : identity.Wanted.Count) >= 9, () => registry.Output);
        var said = registry.Output.Split('\n').Where(l => l.Contains(NotTaken, StringComparison.Ordinal)).ToList();
        Assert.InRange(said.Count, 1, 3);
        Assert.All(said, l => Assert.Contains(reason, l, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("http://collector.example.org:4318", "http/protobuf", "http://collector.example.org:4318 is not https")]
    [InlineData("https://collector.example.org:4317", "grpc", "needs OTEL_EXPORTER_OTLP_PROTOCOL http/protobuf")]
    public async Task A_token_goes_over_no_open_line_and_no_protocol_that_has_no_place_for_it(string endpoint, string protocol, string told)
    {
        var environment = new Dictionary<string, string> { ["OTEL_EXPORTER_OTLP_ENDPOINT"] = endpoint, ["OTEL_EXPORTER_OTLP_PROTOCOL"] = protocol };
        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => RegistryProcess.Start(Settings(), environment, Cancellation));
        Assert.Contains($"Registry:Telemetry:TokenScope", failure.Message, StringComparison.Ordinal);
        Assert.Contains(told, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_no_scope_is_refused()
    {
        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => RegistryProcess.Start(
            new Dictionary<string, string>(Settings()) { ["Telemetry:TokenScope"] = "https://monitor.azure.com" }, [], Cancellation));
        Assert.Contains("Registry:Telemetry:TokenScope is 'https://monitor.azure.com'; it must be a scope such as https://monitor.azure.com/.default", failure.Message, StringComparison.Ordinal);
    }

    private static Dictionary<string, string> Settings() => new() { ["Storage:Driver"] = "memory", ["Telemetry:TokenScope"] = Scope };

    private static Task<RegistryProcess> Start(IdentityEndpoint identity, OtlpReceiver receiver)
    {
        var environment = new Dictionary<string, string>(receiver.Environment().Concat(identity.Environment()));
        environment.Remove("OTEL_EXPORTER_OTLP_ENDPOINT");
        foreach (var (signal, path) in new[] { ("TRACES", "Microsoft-OTLP-Traces/otlp/v1/traces"), ("LOGS", "Microsoft-OTLP-Logs/otlp/v1/logs"), ("METRICS", "Custom-Metrics-Otel/otlp/v1/metrics") })
            environment[$"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT"] = new Uri(receiver.Address, $"dataCollectionRules/dcr-1/streams/{path}").AbsoluteUri;
        return RegistryProcess.Start(Settings(), environment, Cancellation);
    }

    private static async Task Until(Func<bool> isSo, Func<string> what)
    {
        var since = Stopwatch.StartNew();
        using var ticks = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (!isSo() && await ticks.WaitForNextTickAsync(Cancellation))
            Assert.True(since.Elapsed < Patience.Limit, what());
    }
}
