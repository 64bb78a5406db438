using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using Registry.Tests.Support;

namespace Registry.Tests.HostEmulation;

public sealed class ForwardingTests(ForwardingTests.Fixture fixture) : IClassFixture<ForwardingTests.Fixture>
{
    private const int BodyLimit = 1024 * 1024;

    private EchoHost App => fixture.App;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_handler_sees_its_own_address_as_host_and_the_clients_view_in_forwarded_headers()
    {
        var seen = await App.Echo(
            HttpMethod.Get, "/v2/", null, ("Host", "registry.example"), ("X-Forwarded-For", "203.0.113.7"), ("X-Forwarded-Host", "forged.example"));

        Assert.Equal(App.Host.Handler.Address.Authority, seen.Headers["Host"]);
        Assert.Equal("registry.example", seen.Headers["X-Forwarded-Host"]);
        Assert.Equal("http", seen.Headers["X-Forwarded-Proto"]);
        Assert.Equal("127.0.0.1", seen.Headers["X-Forwarded-For"]);
        Assert.True(Guid.TryParse(seen.Headers["X-Azure-Functions-InvocationId"], out _));
    }

    [Fact]
    public async Task The_scheme_that_the_platforms_front_saw_is_passed_on() =>
        Assert.Equal("https", (await App.Echo(HttpMethod.Get, "/v2/", null, ("X-Forwarded-Proto", "https"))).Headers["X-Forwarded-Proto"]);

    [Theory]
    [InlineData("/v2/a/b?n=10&last=x%2Fy%20z", "/v2/a/b?n=10&last=x%2Fy%20z")] // the query is untouched
    [InlineData("/v2/a%2Fb/tags/list", "/v2/a%252Fb/tags/list")] // an escaped slash is escaped twice
    [InlineData("/v2/a/blobs/sha256%3A00", "/v2/a/blobs/sha256:00")] // what need not be escaped is not
    [InlineData("/v2/a%20b", "/v2/a%20b")]
    [InlineData("/v2/a+b", "/v2/a+b")]
    [InlineData("/v2/%C3%A4", "/v2/%C3%A4")]
    [InlineData("/v2/a%25b", "/v2/a%25b")]
    [InlineData("/v2//a///b", "/v2//a///b")]
    [InlineData("/v2/a/../b/./c", "/v2/b/c")]
    public async Task A_target_reaches_the_handler_as_the_host_writes_it_again(string sent, string received) =>
        Assert.Equal(received, (await App.Echo(HttpMethod.Get, sent)).Target);

    [Fact]
    public async Task A_body_of_known_length_is_held_back_until_it_is_complete()
    {
        var body = new HeldContent("first"u8.ToArray(), "last"u8.ToArray(), chunked: false);
        var sending = App.Send(HttpMethod.Post, "/v2/", body);
        await body.FirstIsSent;

        // A forwarder that did not buffer would have reached the handler while these did.
        for (var i = 0; i < 5; i++)
            await App.Echo(HttpMethod.Get, "/v2/");

        var released = Stopwatch.GetTimestamp();
        body.Release();
        using var answer = await sending;
        var seen = await EchoHost.Read(answer);
        Assert.True(seen.Started > released, "the handler saw the request before its body was complete");
        Assert.Equal("9", seen.Headers["Content-Length"]);
        Assert.Equal(HashOf("firstlast"u8), seen.BodyHash);
    }

    [Fact(Timeout = Patience.Milliseconds)]
    public async Task A_chunked_body_streams_through_the_host()
    {
        // The forwarder's connection to the handler holds back what is short of its write buffer.
        var (first, last) = (new byte[64 * 1024], "last"u8.ToArray());
        var body = new HeldContent(first, last, chunked: true);
        var sending = App.Send(HttpMethod.Post, "/v2/", body, (EchoHandler.IdHeader, "chunked"));

        // Ends because the handler receives of the first part while the last is still held back.
        while (await Received("chunked") == 0)
            Cancellation.ThrowIfCancellationRequested();

        body.Release();
        using var answer = await sending;
        Assert.Equal(HashOf([.. first, .. last]), (await EchoHost.Read(answer)).BodyHash);
    }

    [Theory]
    [InlineData(BodyLimit, false)]
    [InlineData(BodyLimit - 1024, true)] // the limit counts the framing of chunks, too
    public async Task A_body_up_to_the_limit_arrives_whole(int length, bool chunked)
    {
        var content = new byte[length];
        new Random(1).NextBytes(content);
        var request = App.Request(HttpMethod.Put, "/v2/", new ByteArrayContent(content));
        request.Headers.TransferEncodingChunked = chunked;
        using var answer = await App.Client.SendAsync(request, Cancellation);
        Assert.Equal(HashOf(content), (await EchoHost.Read(answer)).BodyHash);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_body_over_the_limit_is_a_500_without_a_body(bool chunked)
    {
        var request = App.Request(HttpMethod.Put, "/v2/", new ByteArrayContent(new byte[BodyLimit + 1]));
        request.Headers.TransferEncodingChunked = chunked;
        request.Headers.ExpectContinue = !chunked;
        using var answer = await App.Client.SendAsync(request, Cancellation);
        Assert.Equal(HttpStatusCode.InternalServerError, answer.StatusCode);
        Assert.Empty(await answer.Content.ReadAsByteArrayAsync(Cancellation));
    }

    [Theory]
    [InlineData("POST")]
    [InlineData("DELETE")]
    public async Task A_request_without_a_body_is_replayed_when_its_connection_breaks(string method)
    {
        var seen = await App.Echo(HttpMethod.Parse(method), "/v2/", null, (EchoHandler.DoHeader, "abort=2"), (EchoHandler.IdHeader, method));
        Assert.Equal(3, seen.Attempt);
    }

    [Fact]
    public async Task A_request_without_a_body_is_given_up_after_ten_attempts()
    {
        using var answer = await App.Send(HttpMethod.Post, "/v2/", null, (EchoHandler.DoHeader, "abort=100"), (EchoHandler.IdHeader, "ten"));
        Assert.Equal(HttpStatusCode.InternalServerError, answer.StatusCode);
        Assert.Empty(await answer.Content.ReadAsByteArrayAsync(Cancellation));
        Assert.Equal(ReplayHandler.Attempts + 1, (await App.Echo(HttpMethod.Get, "/v2/", null, (EchoHandler.IdHeader, "ten"))).Attempt);
    }

    [Fact]
    public async Task A_request_with_a_body_is_a_500_when_its_connection_breaks_and_the_handler_sees_it_once()
    {
        using var answer = await App.Send(
            HttpMethod.Patch, "/v2/", new StringContent("body"), (EchoHandler.DoHeader, "abort=1"), (EchoHandler.IdHeader, "body"));
        Assert.Equal(HttpStatusCode.InternalServerError, answer.StatusCode);
        Assert.Equal(2, (await App.Echo(HttpMethod.Get, "/v2/", null, (EchoHandler.IdHeader, "body"))).Attempt);
    }

    private async Task<long> Received(string id)
    {
        using var answer = await App.Send(HttpMethod.Get, "/v2/", null, (EchoHandler.DoHeader, $"tell-received={id}"));
        return long.Parse(await answer.Content.ReadAsStringAsync(Cancellation), CultureInfo.InvariantCulture);
    }

    private static string HashOf(ReadOnlySpan<byte> content) => Convert.ToHexStringLower(SHA256.HashData(content));

    public sealed class Fixture : IAsyncLifetime
    {
        internal EchoHost App { get; private set; } = null!;

        public async ValueTask InitializeAsync() => App = await EchoHost.Start(
            new EchoPackage().Http("All", "{*path}"),
            new FunctionsHostOptions { AppSettings = new Dictionary<string, string> { ["FUNCTIONS_REQUEST_BODY_SIZE_LIMIT"] = $"{BodyLimit}" } });

        public ValueTask DisposeAsync() => App.DisposeAsync();
    }
}
