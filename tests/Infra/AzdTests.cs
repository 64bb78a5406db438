using System.Text.RegularExpressions;
using Registry.Tests.Support;

namespace Registry.Tests.Infra;

/// <summary>azure.yaml, and what azd makes of it: what it looks for in each service's folder, and what its hook can know.</summary>
public sealed partial class AzdTests
{
    private static readonly string text = File.ReadAllText(Path.Combine(SourceTree.Root, "azure.yaml")).ReplaceLineEndings("\n");

    /// <summary>For a dotnet service azd looks for exactly one project file in its folder before it does anything, also where a Dockerfile is named.</summary>
    [Fact]
    public void Each_service_has_in_its_folder_what_azd_builds_it_from()
    {
        var services = Services().ToList();
        Assert.Equal(["lane", "registry"], services.Select(s => s.Name).Order());
        foreach (var (name, settings) in services)
        {
            var folder = Path.Combine(SourceTree.Root, Value(settings, "project"));
            switch (Value(settings, "language"))
            {
                case "dotnet":
                    Assert.Single(Directory.GetFiles(folder, "*.*proj"));
                    break;
                case "docker":
                    Assert.True(File.Exists(Path.Combine(folder, Value(settings, "path"))), $"{name} has no Dockerfile");
                    break;
                case var language:
                    Assert.Fail($"{name} is of {language}");
                    break;
            }
        }
    }

    [Fact]
    public async Task Each_service_is_deployed_to_what_carries_its_name_for_a_tag()
    {
        var tagged = (await BicepFile.Templates()).SelectMany(f => f.Resources).SelectMany(r => r.All)
            .Where(n => n.Type == "object_property" && n.Children[0].Text == "'azd-service-name'").Select(n => n.Children[^1].Literal);
        Assert.Equal(Services().Select(s => s.Name).Order(), tagged.Order());
    }

    /// <summary>azd sets the outputs of the template, the image that it pushed, and its own.</summary>
    [Fact]
    public async Task The_hook_and_the_parameters_know_what_they_name()
    {
        var known = (await BicepFile.Get("main.bicep")).Outputs.Select(o => o.Name).Concat(["AZURE_SUBSCRIPTION_ID", "SERVICE_LANE_IMAGE_NAME", "LASTEXITCODE"]);
        var named = Variable().Matches(text).Select(m => m.Groups[1].Value).ToHashSet();
        Assert.Contains("AZURE_SUBSCRIPTION_ID", named);
        Assert.Empty(named.Except(known));

        var read = (await BicepFile.Get("main.bicepparam")).Tree.All.Where(n => n.Type == "call_expression" && n.Name == "readEnvironmentVariable").Select(n => n.All.First(s => s.Type == "string").Literal);
        Assert.All(read.Except(["AZURE_ENV_NAME", "AZURE_LOCATION", "SERVICE_LANE_IMAGE_NAME"]), n => Assert.StartsWith("REGISTRY_", n, StringComparison.Ordinal));
    }

    /// <summary>azd writes an id into the project file where there is none, and a deployment would leave the sources changed.</summary>
    [Fact]
    public void The_project_of_the_function_app_has_an_id_for_the_secrets_that_azd_keeps() =>
        Assert.Contains("<UserSecretsId>", File.ReadAllText(Path.Combine(SourceTree.Root, "functions", "Registry.Functions.csproj")), StringComparison.Ordinal);

    // Enough YAML for this file: services are indented by two, their settings by more.
    private static IEnumerable<(string Name, string Settings)> Services() =>
        Service().Matches(Section().Match(text).Value).Select(m => (m.Groups["name"].Value, m.Groups["settings"].Value));

    private static string Value(string settings, string name) => Regex.Match(settings, $@"^ +{name}: (?<value>.+)$", RegexOptions.Multiline).Groups["value"].Value;

    [GeneratedRegex(@"^services:\n(?: .*\n)+", RegexOptions.Multiline)]
    private static partial Regex Section();

    [GeneratedRegex(@"^  (?<name>\w+):\n(?<settings>(?:    .*\n)+)", RegexOptions.Multiline)]
    private static partial Regex Service();

    [GeneratedRegex(@"\$(?:env:)?([A-Z_]{4,})")]
    private static partial Regex Variable();
}
