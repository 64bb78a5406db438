using Registry.Functions.Hosting;
using Registry.Tests.Support;

namespace Registry.Tests.Infra;

/// <summary>A deployment replaces all settings, so what it does not name is not there: every setting is set, or left alone for a reason.</summary>
public sealed class SettingsTests
{
    [Theory]
    [InlineData("front", "modules/settings.bicep")]
    [InlineData("lane", "modules/lane.bicep")]
    public async Task Every_setting_of_the_registry_is_set_or_left_alone_for_a_reason(string place, string path)
    {
        var set = (await NamesIn(path)).Where(n => n.StartsWith("Registry__", StringComparison.Ordinal)).Select(n => n["Registry__".Length..].Replace("__", ":", StringComparison.Ordinal)).ToList();
        var alone = File.ReadLines(Path.Combine(SourceTree.Tests, "Infra", "settings-left-alone.txt"))
            .Where(l => l.StartsWith($"{place} ", StringComparison.Ordinal))
            .Select(l => l.Split(' ', 3, StringSplitOptions.RemoveEmptyEntries))
            .ToList();
        Assert.All(alone, l => Assert.Equal(3, l.Length));
        Assert.Equal(Settings.Names().Order(StringComparer.Ordinal), set.Concat(alone.Select(l => l[1])).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_README_names_every_setting_and_no_other()
    {
        var rows = File.ReadLines(Path.Combine(SourceTree.Root, "README.md")).SkipWhile(l => l != "| setting | default | what |").Skip(2).TakeWhile(l => l.StartsWith('|'));
        var named = rows.SelectMany(r => r.Split('|')[1].Split(',')).Select(n => n.Trim().Trim('`'));
        Assert.Equal(Settings.Names().Order(StringComparer.Ordinal), named.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task The_platforms_own_settings_are_there_and_none_that_Flex_Consumption_refuses()
    {
        var set = await NamesIn("modules/settings.bicep");
        string[] needed =
        [
            "AzureWebJobsStorage__accountName", "AzureWebJobsStorage__credential", "AzureWebJobsStorage__clientId", "APPLICATIONINSIGHTS_CONNECTION_STRING",
            "APPLICATIONINSIGHTS_AUTHENTICATION_STRING", "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT", "AZURE_CLIENT_ID",
        ];
        Assert.Empty(needed.Except(set));
        string[] refused =
        [
            "AzureWebJobsStorage", "ENABLE_ORYX_BUILD", "FUNCTIONS_EXTENSION_VERSION", "FUNCTIONS_MAX_HTTP_CONCURRENCY", "FUNCTIONS_WORKER_PROCESS_COUNT", "FUNCTIONS_WORKER_RUNTIME",
            "FUNCTIONS_WORKER_RUNTIME_VERSION", "SCM_DO_BUILD_DURING_DEPLOYMENT", "WEBSITE_CONTENTAZUREFILECONNECTIONSTRING", "WEBSITE_CONTENTOVERVNET", "WEBSITE_CONTENTSHARE",
            "TZ", "WEBSITES_CONTAINER_START_TIME_LIMIT", "WEBSITE_DNS_SERVER", "WEBSITE_LOAD_CERTIFICATES", "WEBSITE_MAX_DYNAMIC_APPLICATION_SCALE_OUT", "WEBSITE_NODE_DEFAULT_VERSION", "WEBSITE_RUN_FROM_PACKAGE", "WEBSITE_SKIP_CONTENTSHARE_VALIDATION", "WEBSITE_TIME_ZONE", "WEBSITE_VNET_ROUTE_ALL",
        ];
        Assert.Empty(refused.Intersect(set, StringComparer.OrdinalIgnoreCase));
    }

    /// <summary>The registry itself takes what a template sets: started with the same names and values of the same form.</summary>
    [Theory]
    [InlineData("modules/settings.bicep")]
    [InlineData("modules/lane.bicep")]
    public async Task What_is_set_is_taken(string path)
    {
        var values = (await Values(path)).Where(v => v.Name.StartsWith("Registry__", StringComparison.Ordinal)).Select(v => KeyValuePair.Create(v.Name.Replace("__", ":", StringComparison.Ordinal), (string?)Example(v)));
        var settings = Settings.Read(new Microsoft.Extensions.Configuration.ConfigurationManager { }.With(values));
        Assert.Equal(StorageKind.Azure, settings.Storage.Driver);
        Assert.True(settings.Auth.Enabled);
    }

    private static string Example((string Name, string Text) setting) => setting.Name switch
    {
        _ when setting.Text.StartsWith('\'') && !setting.Text.Contains("${", StringComparison.Ordinal) => setting.Text.Trim('\''),
        "Registry__Redirect__Enabled" => "True",
        "Registry__Storage__Container" => "registry",
        "Registry__Telemetry__TokenScope" => "https://monitor.azure.com/.default",
        "Registry__Auth__Admin__Name" => "admin",
        "Registry__Auth__Admin__Password" => "twelve characters",
        "Registry__Auth__Federation" => """{"name":"ci","issuer":"https://i.example","audience":"a","subject":"s","rules":[]}""",
        _ => "https://example.org/",
    };

    private static async Task<List<string>> NamesIn(string path) => [.. (await Values(path)).Select(v => v.Name)];

    // In a function app settings are an object's properties; in a container a list of names and values.
    private static async Task<List<(string Name, string Text)>> Values(string path) =>
    [
        .. (await BicepFile.Get(path)).Variables.Where(v => v.Name.EndsWith("Settings", StringComparison.Ordinal)).SelectMany(v => v.All).Where(n => n.Type == "object")
            .SelectMany(o => o.Property("name") is { } name
                ? [(name.Literal, (o.Property("value") ?? o.Property("secretRef"))!.Text)]
                : o.Properties.Select(p => (p.Name, p.Value.Text))),
    ];
}

internal static class ConfigurationExtensions
{
    public static Microsoft.Extensions.Configuration.IConfiguration With(this Microsoft.Extensions.Configuration.ConfigurationManager configuration, IEnumerable<KeyValuePair<string, string?>> values)
    {
        foreach (var (name, value) in values)
            configuration[name] = value;
        return configuration;
    }
}
