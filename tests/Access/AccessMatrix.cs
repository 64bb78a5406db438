using System.Net.Http.Headers;
using System.Text.Json;
using Registry.Access;

namespace Registry.Tests.Access;

/// <summary>Every rule, endpoint and kind of credentials against each other, over HTTP, held to a table that is written out here.</summary>
public sealed class AccessMatrix
{
    private const string AnyDigest = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    private const string AnyUpload = "6c4f1b6e-95a4-4b8e-9a3c-0d8a1f5f2b11";

    private static readonly string[] repositories = ["team/app", "team", "other/app", "public/app"];

    /// <summary>What each kind of account has, beside the rule for everybody: pull of <c>public/*</c>.</summary>
    private static readonly Dictionary<string, (string Pattern, string Actions)[]> accounts = new()
    {
        ["norule"] = [],
        ["puller"] = [("team/*", "pull")],
        ["pusher"] = [("team/*", "pull,push")],
        ["deleter"] = [("team/*", "delete")],
        ["lister"] = [("team/*", "pull,catalog")],
        ["admin"] = [("*", "pull,push,delete,catalog")],
    };

    private static readonly Endpoint[] endpoints =
    [
        new("GET", "/v2/{0}/blobs/" + AnyDigest, "pull"),
        new("HEAD", "/v2/{0}/blobs/" + AnyDigest, "pull"),
        new("DELETE", "/v2/{0}/blobs/" + AnyDigest, "delete"),
        new("GET", "/v2/{0}/manifests/latest", "pull"),
        new("HEAD", "/v2/{0}/manifests/latest", "pull"),
        new("PUT", "/v2/{0}/manifests/latest", "pull,push"),
        new("DELETE", "/v2/{0}/manifests/latest", "delete"),
        new("GET", "/v2/{0}/tags/list", "pull"),
        new("GET", "/v2/{0}/tags/list/", "pull"),
        new("GET", "/v2/{0}/referrers/" + AnyDigest, "pull"),
        new("POST", "/v2/{0}/blobs/uploads/", "pull,push"),
        new("POST", "/v2/{0}/blobs/uploads", "pull,push"),
        new("GET", "/v2/{0}/blobs/uploads/" + AnyUpload, "pull,push"),
        new("PATCH", "/v2/{0}/blobs/uploads/" + AnyUpload, "pull,push"),
        new("PUT", "/v2/{0}/blobs/uploads/" + AnyUpload + "?digest=" + AnyDigest, "pull,push"),
        new("DELETE", "/v2/{0}/blobs/uploads/" + AnyUpload, "pull,push"),
    ];

    private enum Expected
    {
        Allowed,
        LogIn,
        InvalidToken,
        InsufficientScope,
        Denied,
    }

    [Fact]
    public async Task Every_cell_is_as_the_rules_say()
    {
        var cancellation = TestContext.Current.CancellationToken;
        await using var world = await AccessWorld.Start(cancellation);
        var secrets = await AddAccounts(world);
        await world.Allow("anonymous", ("public/*", "pull"));
        world.PassAMinute();

        var over = await IssueAll(world, secrets);
        world.Clock.Advance(TimeSpan.FromMinutes(16));
        var shut = await IssueAll(world, secrets, "shut-");
        var dated = await IssueAll(world, secrets, "dated-");
        foreach (var account in accounts.Keys)
            await world.Accounts.Disable(AccountName.Parse("shut-" + account), cancellation);
        world.Clock.Advance(TimeSpan.FromMinutes(2));
        var valid = await IssueAll(world, secrets);

        var problems = new List<string>();
        var cells = 0;
        foreach (var (account, endpoint, repository) in from a in accounts.Keys from e in endpoints from r in repositories select (a, e, r))
        {
            var mine = Rights(account, repository);
            var fits = endpoint.Needs.Split(',').All(mine.Contains);
            var granted = fits ? Expected.Allowed : Expected.Denied;
            var key = (account, endpoint.Needs, repository);
            var open = endpoint.Needs == "pull" && repository == "public/app";
            List<(string, AuthenticationHeaderValue?, Expected)> credentials =
            [
                ("none", null, open ? Expected.Allowed : Expected.LogIn),
                ("basic", AccessWorld.Basic(account, secrets[account]), granted),
                ("token", valid[key], granted),
                ("weak token", valid[(account, endpoint.Needs == "pull" ? "delete" : "pull", repository)], fits ? Expected.InsufficientScope : Expected.Denied),
                ("token without scope", valid[(account, "", "")], fits ? Expected.InsufficientScope : Expected.Denied),
                ("other repository's", valid[(account, endpoint.Needs, repositories[(Array.IndexOf(repositories, repository) + 1) % repositories.Length])], fits ? Expected.InsufficientScope : Expected.Denied),
                ("expired", over[key], Expected.InvalidToken),
                ("tampered", Tampered(valid[key]), Expected.InvalidToken),
                ("disabled account's", shut[key], Expected.InvalidToken),
                ("robot past its date", dated[key], Expected.InvalidToken),
                ("anonymous token", valid[("anonymous", endpoint.Needs, repository)], open ? Expected.Allowed : Expected.InsufficientScope),
            ];
            foreach (var (name, header, expected) in credentials)
            {
                cells++;
                if (await Check(world, endpoint, repository, header, expected) is { } problem)
                    problems.Add($"{account}, {name}: {endpoint.Method} {repository} ({endpoint.Path}): {problem}");
            }
        }

        Assert.True(problems.Count == 0, $"{problems.Count} of {cells} cells are wrong:\n{string.Join('\n', problems.Take(40))}");
        Assert.Equal(accounts.Count * endpoints.Length * repositories.Length * 11, cells);
    }

    [Theory]
    [InlineData("wrong secret", "admin", "rgs_wrong")]
    [InlineData("unknown account", "nobody", "rgs_wrong")]
    [InlineData("no account's name", "No Name", "x")]
    [InlineData("disabled", "shut-admin", null)]
    [InlineData("past its date", "dated-admin", null)]
    public async Task Wrong_credentials_open_nothing_that_is_open_to_all_even(string what, string account, string? secret)
    {
        Assert.NotEmpty(what);
        var cancellation = TestContext.Current.CancellationToken;
        await using var world = await AccessWorld.Start(cancellation);
        var secrets = await AddAccounts(world);
        await world.Allow("anonymous", ("public/*", "pull"));
        await world.Accounts.Disable(AccountName.Parse("shut-admin"), cancellation);
        world.Clock.Advance(TimeSpan.FromHours(1));

        var header = AccessWorld.Basic(account, secret ?? secrets[account]);
        foreach (var (endpoint, repository) in from e in endpoints from r in new[] { "team/app", "public/app" } select (e, r))
        {
            world.Clock.Advance(TimeSpan.FromMinutes(1));
            Assert.Null(await Check(world, endpoint, repository, header, Expected.LogIn));
        }
    }

    [Theory]
    [InlineData("norule", false)]
    [InlineData("puller", false)]
    [InlineData("lister", true)]
    [InlineData("admin", true)]
    public async Task The_catalog_needs_its_own_right_and_scope(string account, bool may)
    {
        await using var world = await AccessWorld.Start(TestContext.Current.CancellationToken);
        var secrets = await AddAccounts(world);
        world.PassAMinute();
        var basic = AccessWorld.Basic(account, secrets[account]);
        foreach (var path in new[] { "/v2/_catalog", "/v2/_catalog/", "/V2/_CATALOG" })
        {
            Assert.Equal(401, await world.Status(HttpMethod.Get, path, null));
            Assert.Equal(may ? 200 : 403, await world.Status(HttpMethod.Get, path, basic));
            Assert.Equal(may ? 200 : 403, await world.Status(HttpMethod.Get, path, await world.Token(basic, "registry:catalog:*")));
            Assert.Equal(may ? 401 : 403, await world.Status(HttpMethod.Get, path, await world.Token(basic, "repository:team/app:pull")));
        }

        using var challenged = await world.Send(HttpMethod.Get, "/v2/_catalog", null);
        Assert.Equal(
            $"Bearer realm=\"{world.Client.BaseAddress}token\",service=\"registry\",scope=\"registry:catalog:*\"", challenged.Headers.WwwAuthenticate.ToString());
    }

    private static async Task<Dictionary<string, string>> AddAccounts(AccessWorld world)
    {
        var secrets = new Dictionary<string, string>();
        foreach (var (name, rules) in accounts)
        {
            secrets[name] = await world.AddRobot(name, rules);
            secrets["shut-" + name] = await world.AddRobot("shut-" + name, rules);
            var dated = await world.Accounts.AddRobot(AccountName.Parse("dated-" + name), world.Clock.GetUtcNow() + TimeSpan.FromMinutes(18), TestContext.Current.CancellationToken);
            secrets["dated-" + name] = dated.Secret!;
            await world.Allow("dated-" + name, rules);
        }

        return secrets;
    }

    // Each with every scope that an endpoint may ask for; whatever of it the rules grant.
    private static async Task<Dictionary<(string Account, string Needs, string Repository), AuthenticationHeaderValue>> IssueAll(
        AccessWorld world, Dictionary<string, string> secrets, string prefix = "")
    {
        var tokens = new Dictionary<(string, string, string), AuthenticationHeaderValue>();
        foreach (var account in accounts.Keys.Append("anonymous"))
        {
            var basic = account == "anonymous" ? null : AccessWorld.Basic(prefix + account, secrets[prefix + account]);
            tokens[(account, "", "")] = (await world.Token(basic))!;
            foreach (var (needs, repository) in from n in endpoints.Select(e => e.Needs).Distinct() from r in repositories select (n, r))
                tokens[(account, needs, repository)] = (await world.Token(basic, $"repository:{repository}:{needs}"))!;
        }

        return tokens;
    }

    private static string[] Rights(string account, string repository)
    {
        var mine = (account, repository) switch
        {
            ("admin", _) => "pull,push,delete",
            ("puller" or "lister", "team/app") => "pull",
            ("pusher", "team/app") => "pull,push",
            ("deleter", "team/app") => "delete",
            _ => "",
        };
        return [.. mine.Split(','), repository == "public/app" ? "pull" : ""];
    }

    private static async Task<string?> Check(AccessWorld world, Endpoint endpoint, string repository, AuthenticationHeaderValue? header, Expected expected)
    {
        using var answer = await world.Send(new HttpMethod(endpoint.Method), string.Format(System.Globalization.CultureInfo.InvariantCulture, endpoint.Path, repository), header);
        var status = (int)answer.StatusCode;
        var challenge = answer.Headers.WwwAuthenticate.ToString();
        var plain = $"Bearer realm=\"{world.Client.BaseAddress}token\",service=\"registry\",scope=\"repository:{repository}:{endpoint.Needs}\"";
        var (wantStatus, code, wantChallenge) = expected switch
        {
            Expected.LogIn => (401, "UNAUTHORIZED", plain),
            Expected.InvalidToken => (401, "UNAUTHORIZED", plain + ",error=\"invalid_token\""),
            Expected.InsufficientScope => (401, "UNAUTHORIZED", plain + ",error=\"insufficient_scope\""),
            Expected.Denied => (403, "DENIED", ""),
            _ => (0, "", ""),
        };
        if (expected == Expected.Allowed)
            return status is 401 or 403 or >= 500 ? $"{status}, but it is allowed" : null;
        if (status != wantStatus || challenge != wantChallenge)
            return $"{status} {challenge}, not {wantStatus} {wantChallenge}";
        if (endpoint.Method == "HEAD")
            return null;
        using var json = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        var said = json.RootElement.GetProperty("errors")[0].GetProperty("code").GetString();
        return said == code ? null : $"{said}, not {code}";
    }

    private static AuthenticationHeaderValue Tampered(AuthenticationHeaderValue token)
    {
        var text = token.Parameter!.ToCharArray();
        var middle = text.Length / 2;
        text[middle] = text[middle] == 'A' ? 'B' : 'A';
        return new("Bearer", new string(text));
    }

    private sealed record Endpoint(string Method, string Path, string Needs);
}
