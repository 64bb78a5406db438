using Registry.Access;
using Registry.Functions.Access;
using Registry.Functions.Hosting;
using Registry.Repositories;
using Registry.Storage;
using Registry.Storage.Memory;
using Registry.Tests.Support;

namespace Registry.Tests.Access;

public sealed class AccessRulesTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("*", "a", true)]
    [InlineData("*", "a/b/c", true)]
    [InlineData("team/*", "team/a", true)]
    [InlineData("team/*", "team/a/b", true)]
    [InlineData("team/*", "team", false)]
    [InlineData("team/*", "teamwork/a", false)]
    [InlineData("team/*", "my/team/a", false)]
    [InlineData("team*", "team", true)]
    [InlineData("team*", "teamwork/a", true)]
    [InlineData("*/cache", "a/b/cache", true)]
    [InlineData("*/cache", "cache", false)]
    [InlineData("*/cache", "a/cache/b", false)]
    [InlineData("a*b*a", "aba", true)]
    [InlineData("a*b*a", "ab", false)]
    [InlineData("a*ab", "ab", false)]
    [InlineData("team/app", "team/app", true)]
    [InlineData("team/app", "team/app2", false)]
    public void A_star_stands_for_any_characters_and_slashes(string pattern, string repository, bool matches) =>
        Assert.Equal(matches, RepositoryGlob.Parse(pattern).Matches(RepositoryName.Parse(repository)));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("**")]
    [InlineData("team/")]
    [InlineData("/team")]
    [InlineData("Team/*")]
    [InlineData("team/?")]
    [InlineData("team//*")]
    public void What_no_repository_can_match_is_no_pattern(string? pattern) => Assert.False(RepositoryGlob.TryParse(pattern, out _));

    /// <summary>A matcher that goes back and tries again has more ways to try than would ever end.</summary>
    [Fact]
    public void A_pattern_made_to_be_slow_is_not()
    {
        var pattern = string.Concat(Enumerable.Repeat("*a", 1000)) + "*b";
        Assert.False(Wildcard.Matches(pattern, new string('a', 100_000)));
    }

    [Theory]
    [InlineData("pull", AccessActions.Pull)]
    [InlineData("pull,push", AccessActions.Pull | AccessActions.Push)]
    [InlineData("delete, catalog", AccessActions.Delete | AccessActions.Catalog)]
    public void Actions_are_words_with_commas(string text, AccessActions expected)
    {
        Assert.True(AccessActionsText.TryParse(text, out var actions, out _));
        Assert.Equal(expected, actions);
    }

    [Theory]
    [InlineData("")]
    [InlineData("push")]
    [InlineData("pull,write")]
    [InlineData("PULL")]
    [InlineData("*")]
    public void Other_words_are_not_and_push_needs_pull(string text) => Assert.False(AccessActionsText.TryParse(text, out _, out _));

    [Theory]
    [InlineData("alice", true)]
    [InlineData("ci-1._@x", true)]
    [InlineData("Alice", false)]
    [InlineData("-a", false)]
    [InlineData("a b", false)]
    [InlineData("a:b", false)]
    [InlineData("a/b", false)]
    [InlineData("", false)]
    public void An_accounts_name_fits_a_key_and_basic(string name, bool valid) => Assert.Equal(valid, AccountName.TryParse(name, out _));

    [Fact]
    public async Task A_name_is_given_once_and_inherits_nothing()
    {
        var (accounts, rules, federations) = await Stores();
        var (name, pattern) = (AccountName.Parse("alice"), RepositoryGlob.Parse("team/*"));
        Assert.Equal(AccessChange.Unknown, await rules.Add(new AccessRule(name, pattern, AccessActions.Pull), Cancellation));
        Assert.Equal(AccessChange.Done, await accounts.AddPerson(name, "a long password", Cancellation));
        Assert.Equal(AccessChange.Exists, (await accounts.AddRobot(name, null, Cancellation)).Change);
        Assert.Equal(AccessChange.Exists, await federations.Add(name, new Uri("https://issuer.example.org"), "a", "b", Cancellation));
        Assert.Equal(AccessChange.Done, await rules.Add(new AccessRule(name, pattern, AccessActions.Pull), Cancellation));
        Assert.Equal(AccessChange.Done, await rules.Add(new AccessRule(name, pattern, AccessActions.Delete), Cancellation));
        Assert.Equal(AccessActions.Delete, Assert.Single(await rules.List(Cancellation)).Actions);

        Assert.Equal(AccessChange.Done, await accounts.Remove(name, Cancellation));
        Assert.Equal(AccessChange.Unknown, await accounts.Remove(name, Cancellation));
        Assert.Empty(await rules.List(Cancellation));

        // As if a rule had been added while the account was being removed.
        await rules.Put(new AccessRule(name, pattern, AccessActions.All), Cancellation);
        Assert.Equal(AccessChange.Done, await federations.Add(name, new Uri("https://issuer.example.org"), "a", "b", Cancellation));
        Assert.Empty(await rules.List(Cancellation));
        Assert.Equal(AccessChange.Unknown, await accounts.Disable(name, Cancellation));
    }

    [Fact]
    public async Task A_secret_is_in_no_row_and_in_no_text()
    {
        var (accounts, _, _) = await Stores();
        var added = await accounts.AddRobot(AccountName.Parse("robot"), null, Cancellation);
        Assert.Equal(4 + 64, added.Secret!.Length);
        Assert.DoesNotContain(added.Secret, added.ToString(), StringComparison.Ordinal);
        var account = Assert.Single(await accounts.List(Cancellation));
        Assert.DoesNotContain(added.Secret[4..], account.SecretHash, StringComparison.Ordinal);
        Assert.DoesNotContain(account.SecretHash, account.ToString(), StringComparison.Ordinal);
        var rotated = await accounts.Rotate(account.Name, null, Cancellation);
        Assert.NotEqual(added.Secret, rotated.Secret);
        Assert.NotEqual(account.Version, (await accounts.Find(account.Name, Cancellation))!.Version);
    }

    [Theory]
    [InlineData("http://issuer.example.org", "repo:x")]
    [InlineData("https://issuer.example.org?x=1", "repo:x")]
    [InlineData("https://issuer.example.org", "*")]
    public async Task A_federation_that_would_let_in_everybody_is_refused(string issuer, string subject)
    {
        var (_, _, federations) = await Stores();
        await Assert.ThrowsAsync<ArgumentException>(() => federations.Add(AccountName.Parse("ci"), new Uri(issuer), "a", subject, Cancellation));
    }

    [Theory]
    [InlineData("http://localhost:5000", null, false)]
    [InlineData("http://127.0.0.1:5000;http://[::1]:5000", null, false)]
    [InlineData("http://localhost:5000", true, true)]
    [InlineData("http://*:5000", null, true)]
    [InlineData("http://localhost:5000;http://0.0.0.0:5000", null, true)]
    [InlineData("http://*:5000", false, false)]
    public void Access_is_controlled_wherever_others_can_reach_the_registry(string urls, bool? setting, bool expected) =>
        Assert.Equal(expected, new ListenAddress(urls.Split(';'), BehindFunctions: false).NeedsAuth(new AuthSettings { AdminName = AccountName.Parse("admin"), Enabled = setting }));

    [Fact]
    public void Behind_functions_access_is_controlled_although_the_handler_listens_on_loopback() =>
        Assert.True(new ListenAddress(["http://127.0.0.1:5000"], BehindFunctions: true).NeedsAuth(new AuthSettings { AdminName = AccountName.Parse("admin") }));

    [Fact]
    public async Task A_setting_that_is_wrong_stops_the_start_and_a_password_is_not_part_of_the_message()
    {
        var wrong = await Assert.ThrowsAsync<SettingException>(() => RegistryApplication.Create(["--Registry:Storage:Driver=memory", "--Registry:Auth:Admin:Password=too-short"]));
        Assert.DoesNotContain("too-short", wrong.Message, StringComparison.Ordinal);
    }

    private static async Task<(AccountStore, RuleStore, FederationStore)> Stores()
    {
        var clock = new TestClock();
        var tables = new MemoryTableStore(clock);
        foreach (var table in Tables.All)
            await tables.CreateTable(table, Cancellation);
        var rules = new RuleStore(tables);
        var secrets = new AccountSecrets(new FrameworkPasswordHasher(), new SeededIds(TestSeed.Current));
        return (new AccountStore(tables, rules, secrets, clock), rules, new FederationStore(tables, rules, secrets, clock));
    }
}
