using System.CommandLine;

namespace Registry.Functions.Commands.Federations;

/// <summary><c>registry federation …</c>: issuers whose tokens are passwords.</summary>
internal static class FederationCommands
{
    public static Command Create(CommandShell shell) => CommandShell.Group(
        "federation", "Issuers of OpenID Connect tokens, which are taken as passwords: a login without a stored secret.", Add(shell), List(shell), Remove(shell));

    private static Command Add(CommandShell shell)
    {
        var name = CommandInputs.Name("What its callers log in as");
        var issuer = new Option<string>("--issuer") { Description = "The iss of its tokens: an https URL, exactly", Required = true, HelpName = "URL" };
        var audience = new Option<string>("--audience") { Description = "What the aud of its tokens must be or hold", Required = true, HelpName = "TEXT" };
        var subject = new Option<string>("--subject") { Description = "What the sub of its tokens must match; * stands for any characters", Required = true, HelpName = "PATTERN" };
        return shell.Leaf(
            new ExampledCommand(
                "add",
                "Adds a federation. It may do nothing until a rule says so.",
                "registry federation add github --issuer https://token.actions.githubusercontent.com \\",
                "  --audience registry.example.org --subject 'repo:YOURS/app:ref:refs/heads/main'"),
            [name, issuer, audience, subject],
            parsed => new AddFederation(
                parsed.GetRequiredValue(name), parsed.GetRequiredValue(issuer), parsed.GetRequiredValue(audience), parsed.GetRequiredValue(subject)),
            (added, terminal) =>
            {
                terminal.Line($"added federation {added.Name}");
                terminal.Note($"it may do nothing yet: registry rule add {added.Name} 'team/*' pull,push");
            });
    }

    private static Command List(CommandShell shell) => shell.Leaf(
        new ExampledCommand("list", "Lists the federations.", "registry federation list", "registry federation list --json"),
        [],
        _ => new ListFederations(),
        (list, terminal) => terminal.Table(
            ["NAME", "ISSUER", "AUDIENCE", "SUBJECT"], list.Federations.Select(f => (string[])[f.Name, f.Issuer, f.Audience, f.Subject])));

    private static Command Remove(CommandShell shell)
    {
        var name = CommandInputs.Name("Which federation");
        return shell.Leaf(
            new ExampledCommand("remove", "Removes a federation, its rules with it, and ends what is logged in by it.", "registry federation remove github"),
            [name],
            parsed => new RemoveFederation(parsed.GetRequiredValue(name)),
            (removed, terminal) => terminal.Line($"{removed.Change} {removed.Name}"));
    }
}
