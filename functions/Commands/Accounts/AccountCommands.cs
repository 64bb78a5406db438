using System.CommandLine;
using System.Globalization;
using Registry.Functions.Commands.Operations;

namespace Registry.Functions.Commands.Accounts;

/// <summary><c>registry account …</c>: people and robots.</summary>
internal static class AccountCommands
{
    public static Command Create(CommandShell shell) => CommandShell.Group(
        "account", "People and robots that log in.", Add(shell), List(shell), Disable(shell), Enable(shell), Rotate(shell), Remove(shell));

    private static Command Add(CommandShell shell)
    {
        var name = CommandInputs.Name("What it logs in as: 1 to 64 lower-case letters, digits and . _ @ -");
        var robot = new Option<bool>("--robot") { Description = "A robot: its secret is made, and shown once" };
        var expires = CommandInputs.Expires(TimeProvider.System);
        var fromInput = CommandInputs.PasswordFromInput();
        return shell.Leaf(
            new ExampledCommand(
                "add",
                "Adds a person, whose password is asked for, or a robot. It may do nothing until a rule says so.",
                "registry account add alice",
                "registry account add ci --robot --expires 90d > secret",
                "pass show registry/alice | registry account add alice --password-stdin"),
            [name, robot, expires, fromInput],
            async Task<Operation<AddedAccount>> (parsed, cancellation) =>
            {
                var who = parsed.GetRequiredValue(name);
                if (parsed.GetValue(robot))
                {
                    return parsed.GetValue(fromInput)
                        ? throw new UsageException("a robot's secret is made for it: leave --password-stdin out, or --robot")
                        : new AddRobot(who, parsed.GetValue(expires));
                }

                if (parsed.GetValue(expires) is not null)
                    throw new UsageException("only robots end by themselves: add --robot, or leave --expires out");
                return new AddPerson(who, parsed.GetValue(fromInput) ? await Passwords.ReadLine(shell.Terminal, cancellation) : await Passwords.Ask(who, shell.Terminal, cancellation));
            },
            (added, terminal) =>
            {
                if (added.Secret is { } secret)
                    ShowSecret(terminal, added.Name, secret);
                else
                    terminal.Line($"added {added.Kind} {added.Name}");
                terminal.Note($"it may do nothing yet: registry rule add {added.Name} 'team/*' pull,push");
            });
    }

    private static Command List(CommandShell shell) => shell.Leaf(
        new ExampledCommand("list", "Lists the accounts.", "registry account list", "registry account list --json"),
        [],
        _ => new ListAccounts(),
        (list, terminal) => terminal.Table(
            ["NAME", "KIND", "STATE", "CREATED", "EXPIRES"],
            list.Accounts.Select(a => (string[])[a.Name, a.Kind, a.State, Time(a.Created), a.Expires is { } expires ? Time(expires) : "never"])));

    private static Command Disable(CommandShell shell) => Change(
        shell, new ExampledCommand("disable", "Shuts an account, with all that is logged in as it.", "registry account disable alice"), name => new DisableAccount(name));

    private static Command Enable(CommandShell shell) => Change(
        shell, new ExampledCommand("enable", "Opens an account that was shut.", "registry account enable alice"), name => new EnableAccount(name));

    private static Command Remove(CommandShell shell) => Change(
        shell, new ExampledCommand("remove", "Removes an account, and its rules with it.", "registry account remove alice"), name => new RemoveAccount(name));

    private static Command Rotate(CommandShell shell)
    {
        var name = CommandInputs.Name("Whose secret");
        var ask = new Option<bool>("--password") { Description = "Ask for a new password instead of making a secret" };
        var fromInput = CommandInputs.PasswordFromInput();
        return shell.Leaf(
            new ExampledCommand(
                "rotate",
                "Gives an account another secret, which is made and shown once. The old one ends, and all that is logged in with it.",
                "registry account rotate ci",
                "registry account rotate alice --password"),
            [name, ask, fromInput],
            async Task<Operation<RotatedAccount>> (parsed, cancellation) =>
            {
                var who = parsed.GetRequiredValue(name);
                return new RotateAccount(who, (parsed.GetValue(ask), parsed.GetValue(fromInput)) switch
                {
                    (true, true) => throw new UsageException("--password asks, and --password-stdin reads: one of the two"),
                    (true, _) => await Passwords.Ask(who, shell.Terminal, cancellation),
                    (_, true) => await Passwords.ReadLine(shell.Terminal, cancellation),
                    _ => null,
                });
            },
            (rotated, terminal) =>
            {
                if (rotated.Secret is { } secret)
                    ShowSecret(terminal, rotated.Name, secret);
                else
                    terminal.Line($"changed the password of {rotated.Name}");
            });
    }

    private static Command Change(CommandShell shell, ExampledCommand command, Func<string, Operation<ChangedAccount>> change)
    {
        var name = CommandInputs.Name("Which account");
        return shell.Leaf(command, [name], parsed => change(parsed.GetRequiredValue(name)), (changed, terminal) => terminal.Line($"{changed.Change} {changed.Name}"));
    }

    // The secret alone on stdout, so that it can be sent on.
    private static void ShowSecret(Terminal terminal, string name, string secret)
    {
        terminal.Note($"the secret of {name}, which is shown this once and stored nowhere:");
        terminal.Line(secret);
    }

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm'Z'", CultureInfo.InvariantCulture);
}
