using System.Text.RegularExpressions;
using Registry.Tests.Support;

namespace Registry.Tests.Infra;

/// <summary>Nothing secret is written down, nothing is opened with a key, and every right has a reason and a place.</summary>
public sealed partial class SecurityTests
{
    /// <summary>The built-in roles that are given, by the name that a template gives them. Their ids are the same in every tenant.</summary>
    private static readonly Dictionary<string, string> roles = new(StringComparer.Ordinal)
    {
        ["acrPull"] = "7f951dda-4ed3-4680-a7ca-43fe172d538d",
        ["keyVaultSecretsUser"] = "4633458b-17de-408a-b874-0445c86b69e6",
        ["monitoringMetricsPublisher"] = "3913510d-42f4-4e42-8a64-420c390055eb",
        ["storageBlobDataContributor"] = "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
        ["storageBlobDataOwner"] = "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
        ["storageBlobDelegator"] = "db58b8e5-c6ad-4a2a-8342-4190687cbf4a",
        ["storageTableDataContributor"] = "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3",
    };

    /// <summary>Every right that is given: to whom, which, where. To widen one is to change this line.</summary>
    private static readonly string[] grants =
    [
        "roles-front.bicep: keyVaultSecretsUser on vault",
        "roles-front.bicep: monitoringMetricsPublisher on insights",
        "roles-front.bicep: storageBlobDataContributor on content",
        "roles-front.bicep: storageBlobDataOwner on hostAccount",
        "roles-front.bicep: storageBlobDelegator on contentAccount",
        "roles-front.bicep: storageTableDataContributor on contentAccount",
        "roles-front.bicep: storageTableDataContributor on hostAccount",
        "roles-lane.bicep: acrPull on images",
        "roles-lane.bicep: keyVaultSecretsUser on otlpHeaders",
        "roles-lane.bicep: storageBlobDataContributor on content",
        "roles-lane.bicep: storageTableDataContributor on contentAccount",
    ];

    [Fact]
    public async Task Each_right_is_given_to_one_identity_at_one_resource_under_a_name_that_is_the_same_every_time()
    {
        var given = new List<string>();
        foreach (var file in await BicepFile.Templates())
        {
            foreach (var assignment in file.Resources.Where(r => r.Find("string")!.Literal.Contains("/roleAssignments@", StringComparison.Ordinal)))
            {
                var scope = assignment.Property("scope");
                Assert.True(scope is { Type: "identifier" } && file.Existing.Any(e => e.Name == scope.Text), $"{file.Path}:{assignment.Line}: {assignment.Name} has no resource for its scope");
                var role = RoleName().Match(assignment.Property("name")!.Text);
                Assert.True(role.Success && role.Groups["scope"].Value == scope.Text, $"{file.Path}:{assignment.Line}: {assignment.Name} is not named for its scope, identity and role");
                var properties = assignment.Property("properties")!;
                Assert.Equal("principalId", properties.Property("principalId")!.Text);
                Assert.Equal("'ServicePrincipal'", properties.Property("principalType")!.Text);
                Assert.Equal($"subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.{role.Groups["role"].Value})", properties.Property("roleDefinitionId")!.Text);
                given.Add($"{Path.GetFileName(file.Path)}: {role.Groups["role"].Value} on {scope.Text}");
            }
        }

        Assert.Equal(grants, given.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Roles_are_the_built_in_ones_they_are_called_after()
    {
        var named = (await BicepFile.Templates()).SelectMany(f => f.Variables).Where(v => v.Name == "roles").SelectMany(v => v.Properties);
        Assert.All(named, r => Assert.Equal(roles[r.Name], r.Value.Literal));
    }

    [Fact]
    public async Task Storage_takes_no_key_no_stranger_and_no_old_TLS()
    {
        var account = (await BicepFile.Get("modules/storage.bicep")).Resources.Single(r => r.Name == "account").Property("properties")!;
        Assert.Equal("false", account.Property("allowSharedKeyAccess")!.Text);
        Assert.Equal("false", account.Property("allowBlobPublicAccess")!.Text);
        Assert.Equal("true", account.Property("supportsHttpsTrafficOnly")!.Text);
        Assert.Equal("'TLS1_2'", account.Property("minimumTlsVersion")!.Text);
        var site = (await BicepFile.Get("modules/functions.bicep")).Resources.Single(r => r.Name == "site").Property("properties")!;
        Assert.Equal("true", site.Property("httpsOnly")!.Text);
        Assert.Equal("'1.2'", site.Property("siteConfig")!.Property("minTlsVersion")!.Text);
        var ingress = (await BicepFile.Get("modules/lane.bicep")).Tree.All.Single(n => n.Type == "object_property" && n.Children[0].Text == "ingress");
        Assert.Equal("false", ingress.Property("allowInsecure")!.Text);
    }

    [Fact]
    public void There_is_no_key_and_no_connection_string_in_any_file()
    {
        foreach (var file in Directory.EnumerateFiles(Path.Combine(SourceTree.Root, "infra"), "*", SearchOption.AllDirectories).Append(Path.Combine(SourceTree.Root, "azure.yaml")).Append(Path.Combine(SourceTree.Root, "Dockerfile")))
            Assert.False(Key().Match(File.ReadAllText(file)) is { Success: true } match, $"{file}: {Key().Match(File.ReadAllText(file)).Value}");
    }

    [Theory]
    [InlineData("x: account.listKeys().keys[0].value")]
    [InlineData("x: listKeys(account.id, '2024-01-01')")]
    [InlineData("x: 'DefaultEndpointsProtocol=https;AccountName=a;AccountKey=${key}'")]
    [InlineData("x: 'https://a.blob.core.windows.net/c?sv=2024-01-01&sig=abc'")]
    [InlineData("sharedKey: key")]
    [InlineData("InstrumentationKey: x")]
    public void A_key_would_be_found(string text) => Assert.Matches(Key(), text);

    [Fact]
    public async Task Secret_parameters_are_secure_have_no_value_and_reach_no_output()
    {
        foreach (var file in await BicepFile.Templates())
        {
            var secure = file.Parameters.Where(p => file.Decorators(p).Contains("secure")).ToList();
            Assert.Empty(file.Parameters.Except(secure).Where(p => Secret().IsMatch(p.Name) && !p.Text.Contains(" bool", StringComparison.Ordinal)).Select(p => $"{file.Path}: {p.Name} is not secure"));
            Assert.All(secure, p => Assert.True(!p.Text.Contains('=', StringComparison.Ordinal) || p.Text.EndsWith("= ''", StringComparison.Ordinal), $"{file.Path}: {p.Name} has a default"));

            // Also what is computed of them.
            var tainted = secure.Select(p => p.Name).ToHashSet();
            while (file.Variables.FirstOrDefault(v => !tainted.Contains(v.Name) && v.Children.Skip(1).SelectMany(c => c.References).Any(tainted.Contains)) is { } variable)
                tainted.Add(variable.Name);
            Assert.Empty(file.Outputs.Where(o => o.References.Skip(1).Any(tainted.Contains)).Select(o => $"{file.Path}: {o.Name}"));

            // A secret is given on to parameters that are secure too, or to the vault.
            foreach (var module in file.Modules)
            {
                var target = await file.Target(module);
                var open = module.Property("params")!.Properties.Where(p => p.Value.References.Any(secure.Select(s => s.Name).Contains))
                    .Where(p => !target.Decorators(target.Parameters.Single(t => t.Name == p.Name)).Contains("secure"));
                Assert.Empty(open.Select(p => $"{module.Name}: {p.Name}"));
            }
        }
    }

    [Fact]
    public async Task Secrets_reach_settings_by_reference_only()
    {
        var file = await BicepFile.Get("modules/settings.bicep");
        Assert.DoesNotContain(file.Parameters, p => file.Decorators(p).Contains("secure"));
        var secret = file.Variables.Where(v => v.Name.EndsWith("Settings", StringComparison.Ordinal) && v.Children.Any(c => c.Type is "object" or "ternary_expression"))
            .SelectMany(v => v.All.Where(n => n.Type == "object_property"))
            .Where(p => p.Children[0].Text is "Registry__Auth__Admin__Password" or "Registry__Auth__Federation" or "OTEL_EXPORTER_OTLP_HEADERS").ToList();
        Assert.Equal(3, secret.Count);
        Assert.All(secret, p => Assert.Matches(@"^'@Microsoft\.KeyVault\(SecretUri=\$\{\w+ReferenceUri\}\)'$", p.Children[1].Text));
    }

    [GeneratedRegex(@"^guid\((?<scope>\w+)\.id, principalId, roles\.(?<role>\w+)\)$")]
    private static partial Regex RoleName();

    [GeneratedRegex(@"list(Keys|AccountSas|ServiceSas|Secrets)\b|AccountKey=|[?&]sig=|(?<!allow)sharedKey|primaryKey|InstrumentationKey|adminUserEnabled: true", RegexOptions.IgnoreCase)]
    private static partial Regex Key();

    [GeneratedRegex("password|secret|headers$|^federation$|token|key$", RegexOptions.IgnoreCase)]
    private static partial Regex Secret();
}
