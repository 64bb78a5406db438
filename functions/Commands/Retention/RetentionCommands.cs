using System.CommandLine;
using Registry.Access;
using Registry.Lifecycle;
using Registry.Repositories;
using static Registry.Functions.Commands.Wording;

namespace Registry.Functions.Commands.Retention;

/// <summary><c>registry retention …</c>: which tags stay, and what goes with the others.</summary>
internal static class RetentionCommands
{
    public static Command Create(CommandShell shell) => CommandShell.Group(
        "retention", "Which tags stay. What they lead to stays with them: the images of an index, signatures.", Set(shell), Show(shell), Remove(shell), Preview(shell));

    private static Command Set(CommandShell shell)
    {
        var (repositories, rules) = (CommandInputs.Repositories(), new RetentionInputs());
        return shell.Leaf(
            new ExampledCommand(
                "set",
                "Sets the policy of some repositories. A tag stays if any rule keeps it; of the policies that match a repository the most specific one applies, alone.",
                "registry retention set 'team/*' --keep-newest 10 --keep 'v*'",
                "registry retention set 'ci/*' --keep-within 14d --untagged 1d",
                "registry retention preview 'team/*' --keep-newest 10"),
            [repositories, .. rules.All],
            parsed => new SetRetention(rules.Read(parsed, parsed.GetRequiredValue(repositories))),
            (policy, terminal) => terminal.Line($"retention of {policy.Repositories}: {Describe(policy)}"));
    }

    private static Command Show(CommandShell shell)
    {
        var repository = new Argument<string?>("REPOSITORY") { Description = "Only the policy that applies to this one", Arity = ArgumentArity.ZeroOrOne };
        return shell.Leaf(
            new ExampledCommand("show", "Shows the policies, or the one that applies to a repository.", "registry retention show", "registry retention show team/app --json"),
            [repository],
            parsed => new ShowRetention(parsed.GetValue(repository)),
            (list, terminal) => terminal.Table(["REPOSITORIES", "POLICY"], list.Policies.Select(p => (string[])[p.Repositories, Describe(p)])));
    }

    private static Command Remove(CommandShell shell)
    {
        var repositories = CommandInputs.Repositories();
        return shell.Leaf(
            new ExampledCommand("remove", "Removes the policy of these repositories. Nothing more goes by it.", "registry retention remove 'team/*'"),
            [repositories],
            parsed => new RemoveRetention(parsed.GetRequiredValue(repositories)),
            (removed, terminal) => terminal.Line($"{removed.Change} the retention policy of {removed.Repositories}"));
    }

    private static Command Preview(CommandShell shell)
    {
        var repositories = new Argument<string?>("REPOSITORIES") { Description = "Only these: a repository's name in which * stands for any characters", Arity = ArgumentArity.ZeroOrOne };
        repositories.Validators.Add(result =>
        {
            if (result.Tokens.Count > 0 && !RepositoryGlob.TryParse(result.Tokens[0].Value, out _))
                result.AddError($"'{result.Tokens[0].Value}' is no pattern of repositories: a repository's name in which * stands for any characters, such as team/*");
        });
        var rules = new RetentionInputs();
        return shell.Leaf(
            new ExampledCommand(
                "preview",
                "Tells of each tag which rule keeps or takes it, and changes nothing: by the policies that are set, or as if another one was.",
                "registry retention preview",
                "registry retention preview team/app --json",
                "registry retention preview 'team/*' --keep-newest 10 --keep 'v*'"),
            [repositories, .. rules.All],
            parsed =>
            {
                var (only, policy) = (parsed.GetValue(repositories), rules.IsGiven(parsed));
                return policy && only is null
                    ? throw new UsageException("say which repositories the policy is for: registry retention preview 'team/*' --keep-newest 10")
                    : new PreviewRetention(only, policy ? rules.Read(parsed, only!) : null);
            },
            Print);
    }

    private static void Print(PreviewView preview, Terminal terminal)
    {
        if (preview.Repositories.Count == 0)
            terminal.Line("no policy applies");
        foreach (var judged in preview.Repositories)
        {
            var goes = judged.Taken == 0 ? "none goes" : Count(judged.Taken, "goes", "go");
            terminal.Line(Text($"{judged.Repository}, by the policy of {judged.Policy}: {Count(judged.Kept, "tag stays", "tags stay")}, {goes}{With(judged.Manifests)}"));
            if (judged.Tags.Count > 0)
                terminal.Table(["TAG", "PUSHED", "WHY"], judged.Tags.Select(t => (string[])[t.Tag, Text($"{t.Pushed:u}"), t.Reason]));
        }

        if (preview.LeftOut > 0)
            terminal.Line(Text($"… and {preview.LeftOut} more tags: name a repository"));
        if (preview.Repositories.Any(r => r.Taken > 0))
            terminal.Line("nothing was changed: the collector's next run takes the tags, and one after the grace period the manifests, with their attachments' tags; registry restore brings them back, for as long as Collection:RestorableFor says");
    }

    private static string With(int manifests) => manifests == 0 ? "" : $", and {Count(manifests, "manifest", "manifests")} after them";

    private static string Describe(RetentionView policy)
    {
        List<string> kept = [];
        if (policy.KeepNewest is { } newest)
            kept.Add(newest == 1 ? "the newest tag" : Text($"the {newest} newest tags"));
        if (policy.KeepWithin is { } within)
            kept.Add($"tags pushed within {SpanText.Words(SpanText.Parse(within))}");
        if (policy.Keep.Count > 0)
            kept.Add($"tags that match {string.Join(" or ", policy.Keep)}");
        var tags = kept.Count == 0 ? "keeps all tags" : $"keeps {string.Join(", ", kept)}";
        return policy.Untagged is { } untagged ? $"{tags}; untagged manifests go after {SpanText.Words(SpanText.Parse(untagged))}" : tags;
    }
}

/// <summary>The options that a policy is typed as.</summary>
internal sealed class RetentionInputs
{
    private readonly Option<int?> newest = new("--keep-newest") { Description = "Keep so many tags, the last pushed", HelpName = "N" };
    private readonly Option<string?> within = Span("--keep-within", "Keep tags that were pushed less than this ago: 30d, 12h");
    private readonly Option<string[]> keep = new("--keep") { Description = "Keep tags that match: a tag in which * stands for any characters. May be given more than once", HelpName = "PATTERN" };
    private readonly Option<string?> untagged = Span("--untagged", "Remove manifests that nothing leads to after this: 30d, 12h");

    public RetentionInputs() => keep.Validators.Add(result =>
    {
        foreach (var token in result.Tokens)
            Check(result.AddError, () => TagPattern.Parse(token.Value));
    });

    public IEnumerable<Option> All => [newest, within, keep, untagged];

    public bool IsGiven(ParseResult parsed) => All.Any(option => parsed.GetResult(option) is not null);

    /// <summary>The policy; what makes no sense together is said before anything is done.</summary>
    public RetentionView Read(ParseResult parsed, string repositories)
    {
        var policy = new RetentionView(repositories, parsed.GetValue(newest), parsed.GetValue(within), parsed.GetValue(keep) ?? [], parsed.GetValue(untagged));
        try
        {
            policy.Read();
            return policy;
        }
        catch (FormatException e)
        {
            throw new UsageException(e.Message);
        }
    }

    private static Option<string?> Span(string name, string description)
    {
        var option = new Option<string?>(name) { Description = description, HelpName = "30d|12h" };
        option.Validators.Add(result => Check(result.AddError, () => SpanText.Parse(result.Tokens.Count > 0 ? result.Tokens[0].Value : "")));
        return option;
    }

    private static void Check<T>(Action<string> fail, Func<T> read)
    {
        try
        {
            read();
        }
        catch (FormatException e)
        {
            fail(e.Message);
        }
    }
}
