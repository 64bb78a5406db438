using System.CommandLine;
using Registry.Access;

namespace Registry.Functions.Commands.Rules;

/// <summary><c>registry rule …</c>: who may do what.</summary>
internal static class RuleCommands
{
    private const string Who = "An account, a federation, or anonymous for everybody";

    public static Command Create(CommandShell shell) => CommandShell.Group(
        "rule", "What accounts and federations may do. What no rule allows is refused.", Add(shell), List(shell), Remove(shell));

    private static Command Add(CommandShell shell)
    {
        var name = CommandInputs.Name(Who);
        var repositories = CommandInputs.Repositories();
        var actions = new Argument<string>("ACTIONS") { Description = "pull, push, delete, catalog, with commas between them" }
            .Checked(text =>
            {
                if (!AccessActionsText.TryParse(text, out _, out var problem))
                    throw new FormatException(problem);
            });
        return shell.Leaf(
            new ExampledCommand(
                "add",
                "Lets somebody do something in some repositories. A rule of the same name and repositories is replaced.",
                "registry rule add ci 'team/*' pull,push",
                "registry rule add anonymous 'public/*' pull",
                "registry rule add alice '*' pull,push,delete,catalog"),
            [name, repositories, actions],
            parsed => new AddRule(parsed.GetRequiredValue(name), parsed.GetRequiredValue(repositories), parsed.GetRequiredValue(actions)),
            (rule, terminal) => terminal.Line($"{rule.Name} may {string.Join(", ", rule.Actions)} in {rule.Repositories}"));
    }

    private static Command List(CommandShell shell) => shell.Leaf(
        new ExampledCommand("list", "Lists the rules.", "registry rule list", "registry rule list --json"),
        [],
        _ => new ListRules(),
        (list, terminal) => terminal.Table(
            ["NAME", "REPOSITORIES", "ACTIONS"], list.Rules.Select(r => (string[])[r.Name, r.Repositories, string.Join(',', r.Actions)])));

    private static Command Remove(CommandShell shell)
    {
        var name = CommandInputs.Name(Who);
        var repositories = CommandInputs.Repositories();
        return shell.Leaf(
            new ExampledCommand("remove", "Removes the rule of that name and pattern.", "registry rule remove ci 'team/*'"),
            [name, repositories],
            parsed => new RemoveRule(parsed.GetRequiredValue(name), parsed.GetRequiredValue(repositories)),
            (rule, terminal) => terminal.Line($"{rule.Change} the rule of {rule.Name} for {rule.Repositories}"));
    }
}
