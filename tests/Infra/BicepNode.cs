namespace Registry.Tests.Infra;

/// <summary>A node of a Bicep file's syntax tree, as <c>bicep-tree.mjs</c> writes it.</summary>
internal sealed record BicepNode(string Type, int Line, string Text, IReadOnlyList<BicepNode> Children)
{
    public IEnumerable<BicepNode> All => Children.SelectMany(c => c.All).Prepend(this);

    public BicepNode? Find(string type) => Children.FirstOrDefault(c => c.Type == type);

    /// <summary>The first word after the keyword: what a declaration declares.</summary>
    public string Name => Children.First(c => c.Type == "identifier").Text;

    /// <summary>What a string literal stands for, with its interpolations as they are written.</summary>
    public string Literal => Text[1..^1].Replace("\\'", "'", StringComparison.Ordinal);

    /// <summary>The value of a property of this object, also where it stands under a condition or in a loop; null when it has none of that name.</summary>
    public BicepNode? Property(string name) => Properties.FirstOrDefault(p => p.Name == name).Value;

    public IEnumerable<(string Name, BicepNode Value)> Properties =>
        (Type == "object" ? this : All.First(n => n.Type == "object")).Children
            .Where(c => c.Type == "object_property")
            .Select(c => (c.Children[0].Text.Trim('\''), c.Children[^1]));

    /// <summary>The names that an expression refers to: not those of properties.</summary>
    public IEnumerable<string> References => Type switch
    {
        "identifier" => [Text],
        "property_identifier" => [],
        "object_property" => Children[0].Children.SelectMany(c => c.References).Concat(Children.Skip(1).SelectMany(c => c.References)),
        _ => Children.SelectMany(c => c.References),
    };
}
