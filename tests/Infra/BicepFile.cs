using System.Text.Json;
using Registry.Tests.Support;

namespace Registry.Tests.Infra;

/// <summary>A Bicep file, taken apart.</summary>
/// <param name="Path">Below <c>infra</c>, with slashes.</param>
/// <param name="Errors">What in it is no Bicep.</param>
/// <param name="Tree">Its statements.</param>
internal sealed record BicepFile(string Path, IReadOnlyList<string> Errors, BicepNode Tree)
{
    private static readonly string folder = System.IO.Path.Combine(SourceTree.Root, "infra");
    private static readonly JsonSerializerOptions json = new(JsonSerializerDefaults.Web);
    private static readonly Lazy<Task<IReadOnlyList<BicepFile>>> all = new(ParseAll);

    public IEnumerable<BicepNode> Parameters => Statements("parameter_declaration");

    public IEnumerable<BicepNode> Variables => Statements("variable_declaration");

    public IEnumerable<BicepNode> Outputs => Statements("output_declaration");

    public IEnumerable<BicepNode> Modules => Statements("module_declaration");

    public IEnumerable<BicepNode> Resources => Statements("resource_declaration").Where(r => !IsExisting(r));

    public IEnumerable<BicepNode> Existing => Statements("resource_declaration").Where(IsExisting);

    public IEnumerable<BicepNode> Declarations => [.. Parameters, .. Variables, .. Modules, .. Resources, .. Existing];

    /// <summary>All templates: every <c>.bicep</c> file of <c>infra</c>.</summary>
    public static async Task<IReadOnlyList<BicepFile>> Templates() => [.. (await all.Value).Where(f => f.Path.EndsWith(".bicep", StringComparison.Ordinal))];

    /// <summary>The templates and the parameters files.</summary>
    public static Task<IReadOnlyList<BicepFile>> Everything() => all.Value;

    public static async Task<BicepFile> Get(string path) => (await all.Value).Single(f => f.Path == path);

    /// <summary>Parses a text that is in no file of the tree.</summary>
    public static async Task<BicepFile> Parse(string path, string text)
    {
        using var temporary = new TemporaryFolder();
        var file = System.IO.Path.Combine(temporary.Path, path);
        await File.WriteAllTextAsync(file, text);
        return (await Run([file])).Single();
    }

    /// <summary>The file that a module's declaration names.</summary>
    public async Task<BicepFile> Target(BicepNode module) =>
        await Get(System.IO.Path.GetRelativePath(folder, System.IO.Path.GetFullPath(System.IO.Path.Combine(folder, System.IO.Path.GetDirectoryName(Path)!, module.Find("string")!.Literal))).Replace('\\', '/'));

    /// <summary>The decorators of a statement: those that stand before it.</summary>
    public IEnumerable<string> Decorators(BicepNode statement)
    {
        var index = Tree.Children.ToList().IndexOf(statement);
        for (index--; index >= 0 && Tree.Children[index].Type is "decorators" or "comment"; index--)
        {
            foreach (var name in Tree.Children[index].All.Where(n => n.Type == "call_expression").Select(n => n.Name))
                yield return name;
        }
    }

    private IEnumerable<BicepNode> Statements(string type) => Tree.Children.Where(c => c.Type == type);

    private static bool IsExisting(BicepNode resource) => resource.Text[..resource.Text.IndexOf('=', StringComparison.Ordinal)].TrimEnd().EndsWith(" existing", StringComparison.Ordinal);

    private static Task<IReadOnlyList<BicepFile>> ParseAll() =>
        Run([.. Directory.EnumerateFiles(folder, "*.bicep*", SearchOption.AllDirectories)
            .Where(f => System.IO.Path.GetExtension(f) is ".bicep" or ".bicepparam")
            .Order(StringComparer.Ordinal)]);

    private static async Task<IReadOnlyList<BicepFile>> Run(string[] files)
    {
        await NodePackages.Folder();
        var node = new Command(RequiredTool.Node.Find(), Patience.Limit) { WorkingDirectory = SourceTree.Tests };
        var output = await node.Run([System.IO.Path.Combine(SourceTree.Tests, "Infra", "bicep-tree.mjs"), .. files], CancellationToken.None);
        return [.. JsonSerializer.Deserialize<Parsed[]>(output, json)!.Select(p => new BicepFile(System.IO.Path.GetRelativePath(folder, p.File).Replace('\\', '/'), p.Errors, p.Tree))];
    }

    private sealed record Parsed(string File, string[] Errors, BicepNode Tree);
}
