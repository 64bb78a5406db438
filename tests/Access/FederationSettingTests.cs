using Registry.Access;
using Registry.Functions.Hosting;

namespace Registry.Tests.Access;

/// <summary>The federation that a deployment brings along.</summary>
public sealed class FederationSettingTests
{
    private const string Ci = """{"name":"github","issuer":"https://issuer.example.org","audience":"registry","subject":"repo:yours/app:*","rules":[{"repositories":"team/*","actions":"pull,push"},{"repositories":"base","actions":"pull"}]}""";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_is_there_with_its_rules_when_the_registry_has_started()
    {
        await using var world = await AccessWorld.Start(Cancellation, null, $"--Registry:Auth:Federation={Ci}");
        var federation = Assert.Single(await world.Federations.List(Cancellation));
        Assert.Equal(("github", "https://issuer.example.org/", "registry", "repo:yours/app:*"), (federation.Name.ToString(), federation.Issuer.AbsoluteUri, federation.Audience, federation.SubjectPattern));
        Assert.Equal(["base: pull", "team/*: pull,push"], (await world.Rules.List(Cancellation)).Select(r => $"{r.Repositories}: {r.Actions.ToText()}"));
    }

    [Fact]
    public async Task Another_start_and_another_instance_leave_it_as_it_is()
    {
        await using var world = await AccessWorld.Start(Cancellation, null, $"--Registry:Auth:Federation={Ci}");
        var before = Assert.Single(await world.Federations.List(Cancellation));
        await world.Rules.Remove(before.Name, RepositoryGlob.Parse("base"), Cancellation);
        world.PassAMinute();
        using var other = await world.StartServer(Cancellation, $"--Registry:Auth:Federation={Ci}");
        Assert.Equal(before, Assert.Single(await world.Federations.List(Cancellation)));
        Assert.Equal("team/*", Assert.Single(await world.Rules.List(Cancellation)).Repositories.ToString());
    }

    [Fact]
    public async Task A_start_that_died_before_the_rules_is_made_good_by_the_next()
    {
        await using var world = await AccessWorld.Start(Cancellation);
        await world.Federations.Add(AccountName.Parse("github"), new Uri("https://issuer.example.org"), "registry", "repo:yours/app:*", Cancellation);
        using var other = await world.StartServer(Cancellation, $"--Registry:Auth:Federation={Ci}");
        Assert.Equal(2, (await world.Rules.List(Cancellation)).Count);
    }

    [Fact]
    public async Task An_account_of_that_name_is_left_alone()
    {
        await using var world = await AccessWorld.Start(Cancellation);
        await world.AddPerson("github");
        using var other = await world.StartServer(Cancellation, $"--Registry:Auth:Federation={Ci}");
        Assert.Empty(await world.Federations.List(Cancellation));
        Assert.Empty(await world.Rules.List(Cancellation));
    }

    [Theory]
    [InlineData("nonsense", "must be JSON")]
    [InlineData("""{"name":"github"}""", "must be JSON")]
    [InlineData("""{"name":"github","issuer":"https://i.example","audience":"a","subject":"s","rules":[],"more":1}""", "must be JSON")]
    [InlineData("""{"name":"anonymous","issuer":"https://i.example","audience":"a","subject":"s","rules":[]}""", "its name")]
    [InlineData("""{"name":"github","issuer":"http://i.example","audience":"a","subject":"s","rules":[]}""", "https")]
    [InlineData("""{"name":"github","issuer":"https://i.example","audience":"a","subject":"*","rules":[]}""", "let in")]
    [InlineData("""{"name":"github","issuer":"https://i.example","audience":"a","subject":"s","rules":[{"repositories":"/x","actions":"pull"}]}""", "repositories of a rule")]
    [InlineData("""{"name":"github","issuer":"https://i.example","audience":"a","subject":"s","rules":[{"repositories":"x","actions":"push"}]}""", "push needs pull")]
    public async Task What_is_wrong_stops_the_start_and_is_said_in_one_line(string text, string problem)
    {
        var refused = await Assert.ThrowsAsync<SettingException>(() => RegistryApplication.Create(["--Registry:Storage:Driver=memory", $"--Registry:Auth:Federation={text}"]));
        Assert.StartsWith("Registry:Auth:Federation is wrong: ", refused.Message, StringComparison.Ordinal);
        Assert.Contains(problem, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refused.Message);
    }

    /// <summary>App Service leaves the reference in its place when it cannot read the secret. As a password it would be one that everybody can guess.</summary>
    [Theory]
    [InlineData("Auth:Admin:Password")]
    [InlineData("Auth:Federation")]
    [InlineData("Storage:Container")]
    public async Task A_reference_to_a_vault_that_was_not_resolved_is_never_taken_for_the_secret(string setting)
    {
        var refused = await Assert.ThrowsAsync<SettingException>(() => RegistryApplication.Create(["--Registry:Storage:Driver=memory", $"--Registry:{setting}=@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/secrets/s)"]));
        Assert.Contains("Key Vault", refused.Message, StringComparison.Ordinal);
    }
}
