using System.Net;
using System.Net.Http.Headers;
using FsCheck;
using FsCheck.Fluent;
using Registry.Functions.Access;
using Registry.Tests.Support;

namespace Registry.Tests.Access;

public sealed class LoginTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("alice")]
    [InlineData("nobody")]
    [InlineData("robot")]
    public async Task Too_many_failures_under_a_name_are_throttled_whether_there_is_such_an_account_or_not(string name)
    {
        await using var world = await AccessWorld.Start(Cancellation);
        await world.AddPerson("alice");
        await world.AddRobot("robot");
        world.PassAMinute();
        for (var i = 0; i < LoginLimiter.PerName; i++)
            Assert.Equal(401, await world.Status(HttpMethod.Get, "/token", AccessWorld.Basic(name, $"wrong {i}")));
        using var throttled = await world.Send(HttpMethod.Get, "/token", AccessWorld.Basic(name, "wrong"));
        Assert.Equal(HttpStatusCode.TooManyRequests, throttled.StatusCode);
        Assert.Equal(TimeSpan.FromMinutes(1), throttled.Headers.RetryAfter!.Delta);
        Assert.Contains("TOOMANYREQUESTS", await throttled.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);

        // The right password does not tell itself apart now, on either endpoint.
        Assert.Equal(429, await world.Status(HttpMethod.Get, "/v2/", AccessWorld.Basic(name, AccessWorld.Password)));
        world.Clock.Advance(LoginLimiter.Window);
        Assert.Equal(name == "alice" ? 200 : 401, await world.Status(HttpMethod.Get, "/v2/", AccessWorld.Basic(name, AccessWorld.Password)));
    }

    [Fact]
    public async Task Successes_are_not_counted_and_who_is_logged_in_is_not_locked_out()
    {
        await using var world = await AccessWorld.Start(Cancellation);
        await world.AddPerson("alice");
        world.PassAMinute();
        var basic = AccessWorld.Basic("alice", AccessWorld.Password);
        for (var i = 0; i < 3 * LoginLimiter.PerName; i++)
            Assert.Equal(200, await world.Status(HttpMethod.Get, "/v2/", basic));
        for (var i = 0; i < LoginLimiter.PerName; i++)
            Assert.Equal(401, await world.Status(HttpMethod.Get, "/v2/", AccessWorld.Basic("alice", "wrong")));
        Assert.Equal(429, await world.Status(HttpMethod.Get, "/v2/", AccessWorld.Basic("alice", "wrong")));
        Assert.Equal(200, await world.Status(HttpMethod.Get, "/v2/", basic));
    }

    [Fact]
    public async Task Too_many_failures_from_an_address_are_throttled_and_behind_functions_the_last_hop_is_the_address()
    {
        await using var world = await AccessWorld.Start(Cancellation, null, "--FUNCTIONS_CUSTOMHANDLER_PORT=0");
        for (var i = 0; i < LoginLimiter.PerAddress; i++)
            Assert.Equal(HttpStatusCode.Unauthorized, await LoginFrom(world, $"name-{i}", $"10.0.0.{i}, 203.0.113.7:{50000 + i}"));
        Assert.Equal(HttpStatusCode.TooManyRequests, await LoginFrom(world, "another", "10.0.0.99, 203.0.113.7:1"));
        Assert.Equal(HttpStatusCode.Unauthorized, await LoginFrom(world, "another", "203.0.113.7, 203.0.113.8"));
        world.Clock.Advance(LoginLimiter.Window);
        Assert.Equal(HttpStatusCode.Unauthorized, await LoginFrom(world, "another", "203.0.113.7"));
    }

    [Fact]
    public async Task The_parallel_attempts_of_a_guesser_are_counted_before_they_are_answered()
    {
        await using var world = await AccessWorld.Start(Cancellation);
        await world.AddPerson("alice");
        world.PassAMinute();
        var statuses = await Task.WhenAll(Enumerable.Range(0, 25).Select(i => world.Status(HttpMethod.Get, "/token", AccessWorld.Basic("alice", $"wrong {i}"))));
        Assert.Equal(LoginLimiter.PerName, statuses.Count(s => s == 401));
        Assert.Equal(25 - LoginLimiter.PerName, statuses.Count(s => s == 429));
    }

    [Fact]
    public async Task Every_refusal_costs_one_slow_verification_whoever_is_named()
    {
        var hasher = new CountingHasher();
        var secrets = new Registry.Access.AccountSecrets(hasher, new SeededIds(1));
        var world = new { Time = new TestClock().GetUtcNow() };
        var person = Account(Registry.Access.AccountKind.Person, secrets.Hash(Registry.Access.AccountKind.Person, "right"));
        var robot = Account(Registry.Access.AccountKind.Robot, secrets.Hash(Registry.Access.AccountKind.Robot, "right"));
        foreach (var account in new[] { null, person, robot })
        {
            foreach (var wrong in new[] { "wrong", "", new string('x', 10_000) })
            {
                hasher.Verified = 0;
                Assert.False(secrets.Verify(account, wrong));
                Assert.Equal(1, hasher.Verified);
            }
        }

        Assert.True(secrets.Verify(person, "right"));
        Assert.True(secrets.Verify(robot, "right"));
        await Task.CompletedTask;

        Registry.Access.Account Account(Registry.Access.AccountKind kind, string hash) =>
            new(Registry.Access.AccountName.Parse("x"), kind, hash, "1", world.Time);
    }

    [Fact]
    public async Task No_authorization_header_is_an_error_of_the_server_or_opens_anything()
    {
        await using var world = await AccessWorld.Start(Cancellation);
        var secret = await world.AddRobot("robot", ("*", "pull,push,delete,catalog"));
        world.PassAMinute();
        var token = (await world.Token(AccessWorld.Basic("robot", secret), "repository:team/app:pull", "registry:catalog:*"))!.Parameter!;
        Assert.Equal(200, await world.Status(HttpMethod.Get, "/v2/_catalog", new("Bearer", token)));
        string[] paths = ["/v2/", "/v2/_catalog", "/v2/team/app/tags/list", "/token"];
        using var raw = new HttpClient(new SocketsHttpHandler { RequestHeaderEncodingSelector = (_, _) => System.Text.Encoding.Latin1, UseProxy = false }) { Timeout = Patience.Limit, BaseAddress = world.Client.BaseAddress };

        Prop.ForAll(Headers(token).ToArbitrary(), header =>
        {
            world.Clock.Advance(LoginLimiter.Window);

            // A password costs a slow hash wherever it is sent, and is looked at by the same code.
            var sent = header.StartsWith("Basic", StringComparison.OrdinalIgnoreCase) ? paths.Skip(header.Length % paths.Length).Take(1) : paths;
            foreach (var path in sent)
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, path);
                if (header.Any(c => c is < ' ' or '\x7f') || header.Trim().Length == 0 || !request.Headers.TryAddWithoutValidation("Authorization", header))
                    return true;
                using var answer = raw.Send(request, Cancellation);
                if ((int)answer.StatusCode is not (400 or 401 or 429 or 431))
                    throw new InvalidOperationException($"{path} with '{header}' answered {(int)answer.StatusCode}");
            }

            return true;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(300).WithReplay((ulong)(uint)TestSeed.Current, 1));
    }

    // Tokens that are nearly right, Basic of all kinds, and noise.
    private static Gen<string> Headers(string token)
    {
        var noise = Gen.ArrayOf(Gen.Choose(0x20, 0xff).Select(c => (char)c)).Select(cs => new string(cs));
        var replaced = from at in Gen.Choose(0, token.Length - 1)
                       from c in Gen.Elements("ABCxyz019-_=+/. \"".ToCharArray())
                       where c != token[at]
                       select "Bearer " + token[..at] + c + token[(at + 1)..];
        var cut = Gen.Choose(0, token.Length - 2).Select(at => "Bearer " + token[..at]);
        var grown = noise.Where(n => n.Trim().Length > 0).Select(n => "Bearer " + token + n.Trim());
        var schemes = from scheme in Gen.Elements("Basic", "Bearer", "basic", "Digest", "Negotiate", "")
                      from rest in noise
                      select $"{scheme} {rest}";
        var basic = Gen.ArrayOf(Gen.Choose(0, 255).Select(b => (byte)b)).Select(bytes => "Basic " + Convert.ToBase64String(bytes));
        var names = from name in Gen.Elements("robot", "anonymous", "", "\0", "ROBOT", "robot ", "team/app")
                    from password in noise
                    select AccessWorld.Basic(name, password).ToString();
        return Gen.OneOf(noise, replaced, replaced, replaced, cut, grown, schemes, basic, names);
    }

    private static async Task<HttpStatusCode> LoginFrom(AccessWorld world, string name, string forwardedFor)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/token");
        request.Headers.Authorization = AccessWorld.Basic(name, "wrong");
        request.Headers.TryAddWithoutValidation("X-Forwarded-For", forwardedFor);
        using var answer = await world.Client.SendAsync(request, Cancellation);
        return answer.StatusCode;
    }

    private sealed class CountingHasher : Registry.Access.IPasswordHasher
    {
        public int Verified { get; set; }

        public string Hash(string password) => "hash of " + password;

        public bool Verify(string hash, string password)
        {
            Verified++;
            return hash == "hash of " + password;
        }

        public void VerifyNothing(string password) => Verified++;
    }
}
