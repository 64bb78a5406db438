using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Registry.Access;

namespace Registry.Tests.Access;

public sealed class TokenEndpointTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_base_asks_for_a_login_and_takes_a_token_and_basic()
    {
        await using var world = await AccessWorld.Start(Cancellation);
        await world.AddPerson("alice");
        world.PassAMinute();
        var basic = AccessWorld.Basic("alice", AccessWorld.Password);
        foreach (var path in new[] { "/v2/", "/v2" })
        {
            using var challenged = await world.Send(HttpMethod.Get, path, null);
            Assert.Equal(HttpStatusCode.Unauthorized, challenged.StatusCode);
            Assert.Equal($"Bearer realm=\"{world.Client.BaseAddress}token\",service=\"registry\"", challenged.Headers.WwwAuthenticate.ToString());
            Assert.Equal("registry/2.0", challenged.Headers.GetValues("Docker-Distribution-Api-Version").Single());
            Assert.Equal(200, await world.Status(HttpMethod.Get, path, basic));
            Assert.Equal(200, await world.Status(HttpMethod.Get, path, await world.Token(basic)));
        }
    }

    [Fact]
    public async Task An_answer_has_what_every_client_looks_for()
    {
        await using var world = await AccessWorld.Start(Cancellation);
        await world.AddPerson("alice", ("team/*", "pull,push"));
        world.PassAMinute();
        using var answer = await world.Send(
            HttpMethod.Get,
            "/token?account=alice&service=registry&offline_token=true&scope=repository:team/app:pull,push,delete&scope=repository:other/app:pull%20repository:team/two:pull",
            AccessWorld.Basic("alice", AccessWorld.Password));
        using var json = await Json(answer);
        var root = json.RootElement;
        Assert.Equal(root.GetProperty("token").GetString(), root.GetProperty("access_token").GetString());
        Assert.Equal(900, root.GetProperty("expires_in").GetInt32());
        Assert.Equal(world.Clock.GetUtcNow(), DateTimeOffset.ParseExact(root.GetProperty("issued_at").GetString()!, "yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal));
        Assert.Equal("repository:team/app:pull,push repository:team/two:pull", root.GetProperty("scope").GetString());
        Assert.NotEmpty(root.GetProperty("refresh_token").GetString()!);
        Assert.Equal("no-store", answer.Headers.CacheControl!.ToString());
    }

    [Fact]
    public async Task A_refresh_token_gets_tokens_until_the_secret_changes_and_opens_nothing_itself()
    {
        await using var world = await AccessWorld.Start(Cancellation);
        await world.AddPerson("alice", ("team/*", "pull"));
        world.PassAMinute();
        using var first = await Post(world, ("grant_type", "password"), ("username", "alice"), ("password", AccessWorld.Password), ("service", "registry"), ("client_id", "docker"), ("scope", "repository:team/app:pull"));
        using var login = await Json(first);
        var refresh = login.RootElement.GetProperty("refresh_token").GetString()!;
        Assert.Equal(401, await world.Status(HttpMethod.Get, "/v2/", new AuthenticationHeaderValue("Bearer", refresh)));

        world.Clock.Advance(TimeSpan.FromDays(60));
        using var second = await Post(world, ("grant_type", "refresh_token"), ("refresh_token", refresh), ("scope", "repository:team/app:pull"));
        using var json = await Json(second);
        Assert.Equal(refresh, json.RootElement.GetProperty("refresh_token").GetString());
        var token = new AuthenticationHeaderValue("Bearer", json.RootElement.GetProperty("access_token").GetString());
        Assert.Equal(404, await world.Status(HttpMethod.Get, "/v2/team/app/tags/list", token));

        await world.Accounts.Rotate(AccountName.Parse("alice"), "another password", Cancellation);
        world.PassAMinute();
        using var third = await Post(world, ("grant_type", "refresh_token"), ("refresh_token", refresh));
        Assert.Equal(HttpStatusCode.Unauthorized, third.StatusCode);
        Assert.Equal(401, await world.Status(HttpMethod.Get, "/v2/team/app/tags/list", token));
    }

    [Fact]
    public async Task An_access_token_is_no_refresh_token()
    {
        await using var world = await AccessWorld.Start(Cancellation);
        await world.AddPerson("alice");
        world.PassAMinute();
        var token = await world.Token(AccessWorld.Basic("alice", AccessWorld.Password));
        using var answer = await Post(world, ("grant_type", "refresh_token"), ("refresh_token", token!.Parameter!));
        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
    }

    [Theory]
    [InlineData("grant_type=client_credentials")]
    [InlineData("")]
    [InlineData("%%%=&&&=;")]
    public async Task A_form_that_is_no_request_for_a_token_is_refused(string form)
    {
        await using var world = await AccessWorld.Start(Cancellation);
        using var answer = await world.Send(HttpMethod.Post, "/token", null, new StringContent(form, new MediaTypeHeaderValue("application/x-www-form-urlencoded")));
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
    }

    [Fact]
    public async Task A_wrong_secret_is_a_401_that_does_not_differ_from_an_unknown_account()
    {
        await using var world = await AccessWorld.Start(Cancellation);
        await world.AddPerson("alice");
        world.PassAMinute();
        var bodies = new List<string>();
        foreach (var header in new[] { AccessWorld.Basic("alice", "wrong"), AccessWorld.Basic("nobody", "wrong"), new AuthenticationHeaderValue("Basic", "!!") })
        {
            using var answer = await world.Send(HttpMethod.Get, "/token", header);
            Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
            bodies.Add(await answer.Content.ReadAsStringAsync(Cancellation));
        }

        Assert.Single(bodies.Distinct());
        Assert.Contains("UNAUTHORIZED", bodies[0], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("registry.example.org", "https", "https://registry.example.org/token")]
    [InlineData("a\",scope=\"x", "https", "/token")]
    [InlineData("user@evil", "https", "/token")]
    public async Task Behind_functions_the_realm_is_what_the_host_saw(string host, string scheme, string realm)
    {
        // Only the port tells that the Functions host is in front.
        await using var world = await AccessWorld.Start(Cancellation, null, $"--FUNCTIONS_CUSTOMHANDLER_PORT=0");
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v2/");
        request.Headers.TryAddWithoutValidation("X-Forwarded-Host", host);
        request.Headers.TryAddWithoutValidation("X-Forwarded-Proto", scheme);
        using var answer = await world.Client.SendAsync(request, Cancellation);
        Assert.Equal($"Bearer realm=\"{realm}\",service=\"registry\"", string.Join(", ", answer.Headers.GetValues("WWW-Authenticate")));
    }

    [Fact]
    public async Task On_its_own_forwarding_headers_are_nothing_and_the_public_url_is_the_realm()
    {
        await using var world = await AccessWorld.Start(Cancellation, null, "--Registry:PublicBaseUrl=https://registry.example.org/");
        Assert.StartsWith("Bearer realm=\"https://registry.example.org/token\"", await Challenge(world.Client), StringComparison.Ordinal);
        using var other = await world.StartServer(Cancellation);
        Assert.StartsWith($"Bearer realm=\"{other.BaseAddress}token\"", await Challenge(other), StringComparison.Ordinal);
    }

    private static async Task<string> Challenge(HttpClient client)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v2/");
        request.Headers.TryAddWithoutValidation("X-Forwarded-Host", "evil.example.org");
        using var answer = await client.SendAsync(request, Cancellation);
        return answer.Headers.WwwAuthenticate.ToString();
    }

    private static Task<HttpResponseMessage> Post(AccessWorld world, params (string, string)[] form) =>
        world.Send(HttpMethod.Post, "/token", null, new FormUrlEncodedContent(form.Select(f => KeyValuePair.Create(f.Item1, f.Item2))));

    private static async Task<JsonDocument> Json(HttpResponseMessage answer)
    {
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Cancellation));
    }
}
