using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Registry.Tests.Support;

namespace Registry.Tests.HostEmulation;

/// <summary>The package as it is deployed, behind the host.</summary>
public sealed class PackageTests : IClassFixture<PackageTests.Fixture>
{
    private readonly Fixture fixture;

    public PackageTests(Fixture fixture)
    {
        Assert.SkipUnless(Package.RunsHere, "the package is built for Linux on x64");
        this.fixture = fixture;
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_version_endpoint_answers_through_the_host()
    {
        using var answer = await fixture.Client.GetAsync("v2/", Cancellation);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("registry/2.0", answer.Headers.GetValues("Docker-Distribution-API-Version").Single());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_blob_is_pushed_and_pulled_through_the_host(bool chunked)
    {
        var content = new byte[700_000];
        new Random(chunked ? 1 : 2).NextBytes(content);
        var digest = $"sha256:{Convert.ToHexStringLower(SHA256.HashData(content))}";

        using var started = await fixture.Client.PostAsync("v2/some/where/blobs/uploads/", null, Cancellation);
        Assert.Equal(HttpStatusCode.Accepted, started.StatusCode);
        var session = new Uri(fixture.Host.Address, started.Headers.Location!);

        using var patch = new HttpRequestMessage(HttpMethod.Patch, session) { Content = new ByteArrayContent(content) };
        patch.Content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        patch.Headers.TransferEncodingChunked = chunked;
        using var patched = await fixture.Client.SendAsync(patch, Cancellation);
        Assert.Equal(HttpStatusCode.Accepted, patched.StatusCode);
        Assert.Equal($"0-{content.Length - 1}", patched.Headers.GetValues("Range").Single());

        session = new Uri(fixture.Host.Address, patched.Headers.Location!);
        using var finished = await fixture.Client.PutAsync(new UriBuilder(session) { Query = $"{session.Query.TrimStart('?')}&digest={digest}".TrimStart('&') }.Uri, null, Cancellation);
        Assert.Equal(HttpStatusCode.Created, finished.StatusCode);

        Assert.Equal(content, await fixture.Client.GetByteArrayAsync(new Uri(fixture.Host.Address, finished.Headers.Location!), Cancellation));
        using var head = await fixture.Client.SendAsync(new HttpRequestMessage(HttpMethod.Head, $"v2/some/where/blobs/{digest}"), Cancellation);
        Assert.Equal(content.Length, head.Content.Headers.ContentLength);
    }

    [Theory]
    [InlineData("GET", "v2/some/where/nothing", HttpStatusCode.NotFound, "UNSUPPORTED")]
    [InlineData("PUT", "v2/some/where/tags/list", HttpStatusCode.MethodNotAllowed, "UNSUPPORTED")]
    [InlineData("POST", "v2/some%2Fwhere/blobs/uploads/", HttpStatusCode.BadRequest, "NAME_INVALID")] // its slash arrives escaped twice
    public async Task What_the_registry_does_not_serve_below_v2_is_its_own_error(string method, string target, HttpStatusCode status, string code)
    {
        using var answer = await fixture.Client.SendAsync(new HttpRequestMessage(HttpMethod.Parse(method), target), Cancellation);
        Assert.Equal(status, answer.StatusCode);
        using var body = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Cancellation));
        Assert.Equal(code, body.RootElement.GetProperty("errors")[0].GetProperty("code").GetString());
    }

    [Fact]
    public async Task An_early_refusal_reaches_a_client_that_is_still_sending()
    {
        var content = new StringContent(new string('x', 3_000_000), Encoding.ASCII);
        using var patch = new HttpRequestMessage(HttpMethod.Patch, "v2/some/where/blobs/uploads/unknown") { Content = content };
        patch.Headers.TransferEncodingChunked = true;
        using var answer = await fixture.Client.SendAsync(patch, Cancellation);
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
    }

    [Fact]
    public async Task The_timer_collects_and_nobody_else_can_fire_it()
    {
        var result = await fixture.Host.TriggerTimer("CollectGarbage", Cancellation);
        Assert.True(result.TryGetProperty("ReturnValue", out _));
        using var answer = await fixture.Client.PostAsync("CollectGarbage", new StringContent("{}"), Cancellation);
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
    }

    public sealed class Fixture : IAsyncLifetime
    {
        internal FunctionsHost Host { get; private set; } = null!;

        internal HttpClient Client { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            if (!Package.RunsHere)
                return;

            var settings = new Dictionary<string, string> { ["Registry__Storage__Driver"] = "memory", ["Registry__Auth__Enabled"] = "false" };
            Host = await FunctionsHost.Start(await Package.Folder(), new FunctionsHostOptions { AppSettings = settings }, TestContext.Current.CancellationToken);
            Client = new HttpClient(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false }) { Timeout = Patience.Limit, BaseAddress = Host.Address };
        }

        public async ValueTask DisposeAsync()
        {
            Client?.Dispose();
            if (Host is not null)
                await Host.DisposeAsync();
        }
    }
}
