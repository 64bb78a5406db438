using System.Net;

namespace Registry.Tests.HostEmulation;

public sealed class RoutingTests(RoutingTests.Fixture fixture) : IClassFixture<RoutingTests.Fixture>
{
    [Fact]
    public async Task Routes_are_tried_in_the_order_of_the_functions_names_whatever_their_case()
    {
        // Ordinally B-open would come first; a-locked wants a key.
        using var first = await fixture.App.Send(HttpMethod.Get, "/same/x");
        Assert.Equal(HttpStatusCode.Unauthorized, first.StatusCode);
    }

    [Fact]
    public async Task A_route_that_is_not_for_the_method_is_passed_over() =>
        Assert.Equal("POST", (await fixture.App.Echo(HttpMethod.Post, "/same/x")).Method);

    [Theory]
    [InlineData("/v2/a/b/blobs/sha256:00", true)]
    [InlineData("/v2/a/b/blobs/sha256%3A00", true)]
    [InlineData("/v2/a/b/blobs/uploads", false)]
    [InlineData("/v2/a/b/blobs/sha256:00/", false)]
    [InlineData("/v2/blobs/sha256:00", false)]
    [InlineData("/Named", true)]
    [InlineData("/elsewhere", false)]
    public async Task A_target_is_matched_by_template_and_constraint(string target, bool matches)
    {
        using var answer = await fixture.App.Send(HttpMethod.Get, target);
        Assert.Equal(matches ? HttpStatusCode.OK : HttpStatusCode.NotFound, answer.StatusCode);
    }

    [Theory]
    [InlineData("HEAD")]
    [InlineData("PUT")]
    public async Task A_method_that_no_function_lists_is_a_404_without_a_body_from_the_host(string method)
    {
        using var answer = await fixture.App.Send(HttpMethod.Parse(method), "/v2/a/blobs/sha256:00");
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Null(answer.Content.Headers.ContentType);
        Assert.Empty(await answer.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task The_root_is_the_hosts_own_page_unless_a_function_claims_it()
    {
        using var answer = await fixture.App.Send(HttpMethod.Get, "/");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("text/html", answer.Content.Headers.ContentType?.MediaType);

        await using var claimed = await EchoHost.Start(new EchoPackage().Http("Home", "/", "get", "head"));
        Assert.Equal("/", (await claimed.Echo(HttpMethod.Get, "/")).Target);
    }

    [Fact]
    public async Task The_route_prefix_of_host_json_stands_before_every_route_and_reaches_the_handler()
    {
        await using var prefixed = await EchoHost.Start(new EchoPackage(routePrefix: "api").Http("Blob", "v2/{*path}"));
        Assert.Equal("/api/v2/a", (await prefixed.Echo(HttpMethod.Get, "/api/v2/a")).Target);
        using var answer = await prefixed.Send(HttpMethod.Get, "/v2/a");
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
    }

    public sealed class Fixture : IAsyncLifetime
    {
        internal EchoHost App { get; private set; } = null!;

        public async ValueTask InitializeAsync() => App = await EchoHost.Start(new EchoPackage()
            .Function(
                "a-locked",
                new { type = "httpTrigger", direction = "in", name = "req", route = "same/{*path}", methods = new[] { "get" } },
                new { type = "http", direction = "out", name = "res" })
            .Http("B-open", "same/{*path}")
            .Http("Blob", "v2/{*path:regex(^.+/blobs/[^/:]+:[^/]+\\z)}", "get", "delete")
            .Http("Named", route: ""));

        public ValueTask DisposeAsync() => App.DisposeAsync();
    }
}
