using System.CommandLine;

namespace Registry.Functions.Commands.Immutable;

/// <summary><c>registry immutable …</c>: tags that no push moves.</summary>
internal static class ImmutableCommands
{
    public static Command Create(CommandShell shell) => CommandShell.Group(
        "immutable", "Tags that no push moves: they stay at the manifest that they were first pushed with.", Add(shell), List(shell), Remove(shell));

    private static Command Add(CommandShell shell)
    {
        var (repositories, tags) = (CommandInputs.Repositories(), CommandInputs.Tags());
        return shell.Leaf(
            new ExampledCommand(
                "add",
                "Makes tags immutable. A push that would move one is refused; the same manifest may be pushed again, and a delete is not refused.",
                "registry immutable add 'team/*' 'v*'",
                "registry immutable add '*' '*-release'"),
            [repositories, tags],
            parsed => new AddImmutable(parsed.GetRequiredValue(repositories), parsed.GetRequiredValue(tags)),
            (rule, terminal) => terminal.Line($"no push moves {rule.Tags} in {rule.Repositories}; every instance goes by it within a minute"));
    }

    private static Command List(CommandShell shell) => shell.Leaf(
        new ExampledCommand("list", "Lists the rules of immutable tags.", "registry immutable list", "registry immutable list --json"),
        [],
        _ => new ListImmutable(),
        (list, terminal) => terminal.Table(["REPOSITORIES", "TAGS"], list.Rules.Select(r => (string[])[r.Repositories, r.Tags])));

    private static Command Remove(CommandShell shell)
    {
        var (repositories, tags) = (CommandInputs.Repositories(), CommandInputs.Tags());
        return shell.Leaf(
            new ExampledCommand("remove", "Removes the rule of these patterns: its tags can be moved again.", "registry immutable remove 'team/*' 'v*'"),
            [repositories, tags],
            parsed => new RemoveImmutable(parsed.GetRequiredValue(repositories), parsed.GetRequiredValue(tags)),
            (rule, terminal) => terminal.Line($"{rule.Change} the rule of {rule.Tags} in {rule.Repositories}"));
    }
}
