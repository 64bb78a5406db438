using System.CommandLine;
using Registry.Manifests;
using static Registry.Functions.Commands.Wording;

namespace Registry.Functions.Commands.Lifecycle;

/// <summary><c>registry deleted …</c> and <c>registry restore</c>: what was deleted, and how it comes back.</summary>
internal static class RestoreCommands
{
    public static Command Deleted(CommandShell shell) => CommandShell.Group(
        "deleted", "What was deleted and can still be restored.", List(shell));

    public static Command Restore(CommandShell shell)
    {
        var name = new Argument<string>("NAME") { Description = "REPOSITORY:TAG or REPOSITORY@DIGEST, or REPOSITORY for all that was deleted there" }.Checked(text => _ = ImageName.Parse(text));
        return shell.Leaf(
            new ExampledCommand(
                "restore",
                "Brings back what was deleted: a tag with its manifest, or a manifest with its tags, and the children and referrers (signatures) that were deleted with it.",
                "registry restore team/app:v1",
                "registry restore team/app@sha256:4355a46b19d348dc2f57c046f8ef63d4538ebb936000f3c9ee954a27460dd865",
                "registry restore team/app"),
            [name],
            parsed => new RestoreDeleted(parsed.GetRequiredValue(name)),
            Print,
            restored => restored.Items.Any(i => i.Problem is not null) ? ExitCodes.Failed : ExitCodes.Done);
    }

    private static Command List(CommandShell shell)
    {
        var repository = new Argument<string?>("REPOSITORY") { Description = "Only this one", Arity = ArgumentArity.ZeroOrOne };
        return shell.Leaf(
            new ExampledCommand("list", "Lists what was deleted and can still be restored.", "registry deleted list", "registry deleted list team/app --json"),
            [repository],
            parsed => new ListDeleted(parsed.GetValue(repository)),
            Print);
    }

    private static void Print(DeletedList list, Terminal terminal)
    {
        terminal.Table(
            ["NAME", "DIGEST", "DELETED", "RESTORABLE UNTIL", "WHY"],
            list.Deleted.Select(d => (string[])[d.Tag is null ? d.Repository : $"{d.Repository}:{d.Tag}", d.Digest, Text($"{d.DeletedAt:u}"), Text($"{d.RestorableUntil:u}"), d.Reason]));
        if (list.LeftOut > 0)
            terminal.Line(Text($"… and {list.LeftOut} more: name a repository"));
        if (list.Restorable is { Bytes: > 0 } taken)
            terminal.Line(Text($"{Size(taken.Bytes)} were kept only for these at {taken.At:u}, by the collector's last run: registry gc --forget-deleted frees them"));
    }

    private static void Print(RestoredView restored, Terminal terminal)
    {
        if (restored.Items.Count == 0)
            terminal.Line("nothing was deleted there lately");
        foreach (var item in restored.Items)
        {
            var name = item.Tag is null ? $"{restored.Repository}@{item.Digest}" : $"{restored.Repository}:{item.Tag}";
            if (item.Problem is null)
                terminal.Line($"restored {name}");
            else
                terminal.Note($"not restored: {name}: {item.Problem}");
        }

        if (restored.LeftOut > 0)
            terminal.Line(Text($"… and {restored.LeftOut} more"));
    }
}
