using System.CommandLine;
using System.Globalization;
using static Registry.Functions.Commands.Wording;

namespace Registry.Functions.Commands.Collection;

/// <summary><c>registry gc</c>: a run of the garbage collector, now.</summary>
internal static class CollectCommand
{
    // What fits a screen or two; --json has more.
    private const int MostRows = 100;

    public static Command Create(CommandShell shell)
    {
        var dryRun = new Option<bool>("--dry-run") { Description = "Only tell what would go, and why" };
        var forgetDeleted = new Option<bool>("--forget-deleted") { Description = "Free what was deleted now, though it could still be restored: after this it cannot" };
        return shell.Leaf(
            new ExampledCommand(
                "gc",
                "Removes what no manifest needs any more, beside pushes and pulls. It happens by itself too, from time to time.",
                "registry gc --dry-run",
                "registry gc",
                "registry gc --forget-deleted",
                "registry gc --json"),
            [dryRun, forgetDeleted],
            parsed => new Collect(parsed.GetValue(dryRun), parsed.GetValue(forgetDeleted)),
            Print);
    }

    private static void Print(CollectedView run, Terminal terminal)
    {
        if (run.Items.Count > 0)
        {
            terminal.Table(
                ["KIND", "REPOSITORY", "BYTES", "NAME", "WHY"],
                run.Items.Take(MostRows).Select(i => (string[])[i.Kind, i.Repository ?? "", i.Bytes == 0 ? "" : i.Bytes.ToString(CultureInfo.InvariantCulture), i.Name, i.Reason]));
        }

        if (run.Items.Count + run.LeftOut > MostRows)
            terminal.Line(Text($"… and {run.Items.Count + run.LeftOut - MostRows} more: --json has {Collect.Observer.MostItems} at most"));
        terminal.Line(Text($"looked at {run.Manifests} manifests, {run.Links} links to {run.Contents} layers, {run.Uploads} uploads and {run.Blobs} blobs"));
        terminal.Line((run.DryRun, run.Removed) switch
        {
            (true, 0) => "nothing would go",
            (true, _) => Text($"{run.Removed} would go, and free {Size(run.Freed)}"),
            (false, 0) => "nothing went",
            (false, _) => Text($"{run.Removed} went, and freed {Size(run.Freed)}"),
        });
        if (run.Restorable > 0)
            terminal.Line(Text($"{Size(run.Restorable)} are kept because what was deleted can be restored: registry gc --forget-deleted frees them"));
        if (run.NextAt is { } next)
            terminal.Line(Text($"{run.Waiting} more are needed by nothing, and wait for the grace period; the first can go at {next:u}"));
        if (run.Unreadable > 0)
            terminal.Note(Text($"{run.Unreadable} could not be read and were kept: see the rows of kind unreadable"));
    }
}
