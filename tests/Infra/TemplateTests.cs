using Registry.Tests.Support;

namespace Registry.Tests.Infra;

/// <summary>What the Bicep compiler would say, as far as a grammar and a look at the names can: the compiler is no package that a bare machine gets.</summary>
public sealed class TemplateTests
{
    private static readonly string[] functions =
    [
        "bool", "concat", "empty", "guid", "int", "items", "json", "loadTextContent", "readEnvironmentVariable", "string", "subscription", "subscriptionResourceId", "take", "tenant",
        "toLower", "union", "uniqueString",
    ];

    [Fact]
    public async Task Every_file_is_Bicep()
    {
        var files = await BicepFile.Everything();
        Assert.Contains(files, f => f.Path == "main.bicepparam");
        Assert.Empty(files.SelectMany(f => f.Errors.Select(e => $"{f.Path}:{e}")));
    }

    [Theory]
    [InlineData("a.bicep", "param name string =")]
    [InlineData("a.bicep", "resource a 'b/c@2020-01-01' = {\n  name: 'x\n}\n")]
    [InlineData("a.bicep", "param untyped = 1\n")]
    [InlineData("a.bicepparam", "using './main.bicep'\nparam a = [\n")]
    public async Task What_is_no_Bicep_is_found(string file, string text) => Assert.NotEmpty((await BicepFile.Parse(file, text)).Errors);

    [Fact]
    public async Task Every_name_is_declared_and_every_declaration_used()
    {
        foreach (var file in await BicepFile.Templates())
        {
            var declared = file.Declarations.Select(d => d.Name).ToList();
            Assert.Equal(declared.Distinct(), declared);
            var loops = file.Tree.All.Where(n => n.Type == "for_statement").Select(n => n.Name);
            var used = file.Declarations.Concat(file.Outputs).SelectMany(Values).ToHashSet();
            Assert.Empty(used.Except(declared).Except(loops).Except(functions).Select(n => $"{file.Path}: {n} is not declared"));
            Assert.Empty(file.Parameters.Concat(file.Variables).Concat(file.Existing).Select(d => d.Name).Except(used).Select(n => $"{file.Path}: {n} is not used"));
        }
    }

    [Fact]
    public async Task Every_module_is_used_and_gets_the_parameters_that_it_has()
    {
        var reached = new HashSet<string> { "main.bicep" };
        foreach (var file in await BicepFile.Templates())
        {
            foreach (var module in file.Modules)
            {
                var target = await file.Target(module);
                reached.Add(target.Path);
                var given = module.Property("params")!.Properties.Select(p => p.Name).ToList();
                Assert.Empty(given.Except(target.Parameters.Select(p => p.Name)).Select(n => $"{module.Name}: {target.Path} has no parameter {n}"));
                Assert.Empty(target.Parameters.Where(p => !HasDefault(p)).Select(p => p.Name).Except(given).Select(n => $"{module.Name}: {n} is missing"));
            }
        }

        Assert.Equal((await BicepFile.Templates()).Select(f => f.Path).Order(), reached.Order());
    }

    [Fact]
    public async Task Every_output_that_is_asked_for_is_there()
    {
        foreach (var file in await BicepFile.Templates())
        {
            var modules = file.Modules.ToDictionary(m => m.Name);
            var asked = file.Tree.All.Where(n => n.Type == "member_expression").Select(n => n.Text.Replace("!", "", StringComparison.Ordinal).Split('.'));
            foreach (var parts in asked.Where(p => p is [_, "outputs", _]))
                Assert.Contains(parts[2], (await file.Target(modules[parts[0]])).Outputs.Select(o => o.Name));
        }
    }

    [Fact]
    public async Task What_stands_under_a_condition_is_only_asked_under_one()
    {
        foreach (var file in await BicepFile.Templates())
        {
            var conditional = file.Modules.Where(m => m.Find("if_statement") is not null).Select(m => m.Name).ToHashSet();
            foreach (var statement in file.Declarations.Concat(file.Outputs).Where(d => d.Find("if_statement") is null))
            {
                var bare = statement.All.Where(n => n.Type == "object_property" || n.Type == "output_declaration")
                    .Select(n => n.Children[^1])
                    .Where(v => v.Type == "member_expression" && conditional.Contains(v.References.First()));
                Assert.Empty(bare.Select(v => $"{file.Path}:{v.Line}: {v.Text}"));
            }
        }
    }

    [Fact]
    public async Task Parameters_and_outputs_say_what_they_are()
    {
        foreach (var file in await BicepFile.Templates())
        {
            foreach (var statement in file.Parameters.Concat(file.Outputs))
                Assert.True(file.Decorators(statement).Contains("description"), $"{file.Path}:{statement.Line}: {statement.Name} has no description");
        }
    }

    [Fact]
    public async Task The_parameters_file_sets_parameters_of_the_template()
    {
        var template = await BicepFile.Get("main.bicep");
        var set = (await BicepFile.Get("main.bicepparam")).Parameters.Select(p => p.Name).ToList();
        Assert.Empty(set.Except(template.Parameters.Select(p => p.Name)));
        Assert.Empty(template.Parameters.Where(p => !HasDefault(p)).Select(p => p.Name).Except(set));
    }

    [Fact]
    public async Task Types_versions_and_properties_are_those_of_the_list()
    {
        var listed = File.ReadLines(Path.Combine(SourceTree.Tests, "Infra", "resource-types.txt")).Where(l => !l.StartsWith('#')).ToList();
        var used = new List<string>();
        foreach (var type in (await BicepFile.Templates()).SelectMany(f => f.Resources.Select(r => (Resource: r, Properties: PropertyPaths(r.All.First(n => n.Type == "object"), "").ToList())).Concat(f.Existing.Select(r => (Resource: r, Properties: new List<string>()))))
            .GroupBy(r => r.Resource.Find("string")!.Literal).OrderBy(t => t.Key, StringComparer.Ordinal))
        {
            var paths = type.SelectMany(r => r.Properties).ToHashSet(StringComparer.Ordinal);
            used.Add(type.Key);
            used.AddRange(paths.Where(p => !paths.Any(o => o.StartsWith($"{p}.", StringComparison.Ordinal) || o.StartsWith($"{p}[]", StringComparison.Ordinal))).Except(["name", "parent", "scope"]).Order(StringComparer.Ordinal).Select(p => $"  {p}"));
        }

        Assert.Equal(listed, used);
    }

    /// <summary>What the types allow, and the platform does not.</summary>
    [Fact]
    public async Task Nothing_is_set_that_the_platform_is_known_to_refuse()
    {
        string[] refusedByFlexConsumption =
        [
            "alwaysOn", "containerSize", "ftpsState", "functionAppScaleLimit", "functionsRuntimeScaleMonitoringEnabled", "javaVersion", "linuxFxVersion", "netFrameworkVersion", "powerShellVersion",
            "preWarmedInstanceCount", "use32BitWorkerProcess", "windowsFxVersion",
        ];
        var site = (await BicepFile.Get("modules/functions.bicep")).Resources.Single(r => r.Name == "site").Property("properties")!;
        Assert.Empty(site.Property("siteConfig")!.Properties.Select(p => p.Name).Concat(site.Properties.Select(p => p.Name)).Intersect(refusedByFlexConsumption, StringComparer.OrdinalIgnoreCase));

        var probes = (await BicepFile.Get("modules/lane.bicep")).Tree.All.Single(n => n.Type == "object_property" && n.Children[0].Text == "probes").All.Where(n => n.Type == "object" && n.Property("failureThreshold") is not null).ToList();
        Assert.Equal(2, probes.Count);
        Assert.All(probes, p => Assert.InRange(int.Parse(p.Property("failureThreshold")!.Text, System.Globalization.CultureInfo.InvariantCulture), 1, 10));
        Assert.All(probes, p => Assert.InRange(int.Parse(p.Property("periodSeconds")!.Text, System.Globalization.CultureInfo.InvariantCulture), 1, 240));
    }

    [Fact]
    public async Task Every_resource_that_has_tags_carries_them()
    {
        string[] untagged = ["Microsoft.Authorization/", "Microsoft.Insights/diagnosticSettings", "/blobServices", "/secrets@", "/savedSearches@", "/config@", "/basicPublishingCredentialsPolicies@"];
        var bare = (await BicepFile.Templates()).SelectMany(f => f.Resources)
            .Where(r => !untagged.Any(u => r.Find("string")!.Literal.Contains(u, StringComparison.Ordinal)) && r.Property("tags") is null);
        Assert.Empty(bare.Select(r => r.Name));
    }

    // The default of a parameter, the value of a variable, the body of the rest: what stands behind the name and the type.
    private static IEnumerable<string> Values(BicepNode declaration) =>
        declaration.Children.SkipWhile(c => c.Type != "identifier").Skip(1).Where(c => c.Type is not ("type" or "primitive_type")).SelectMany(c => c.References);

    // Every property that an object sets, by its path: also what stands under a condition or in a list.
    private static IEnumerable<string> PropertyPaths(BicepNode value, string path) => value.Type switch
    {
        "object" => value.Children.Where(c => c.Type == "object_property").SelectMany(p =>
        {
            var own = path.Length == 0 ? p.Children[0].Text.Trim('\'') : $"{path}.{p.Children[0].Text.Trim('\'')}";
            return PropertyPaths(p.Children[^1], own).Prepend(own);
        }),
        "array" => value.Children.SelectMany(c => PropertyPaths(c, $"{path}[]")),
        "ternary_expression" => value.Children.Skip(1).SelectMany(c => PropertyPaths(c, path)),
        "for_statement" or "if_statement" or "parenthesized_expression" => PropertyPaths(value.Children[^1], path),
        _ => [],
    };

    private static bool HasDefault(BicepNode parameter) => parameter.Text.Contains('=', StringComparison.Ordinal);
}
