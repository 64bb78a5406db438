using System.CommandLine;
using static Registry.Functions.Commands.Wording;

namespace Registry.Functions.Commands.Import;

/// <summary><c>registry import</c>: the content of another registry, where it is.</summary>
internal static class ImportCommand
{
    // What fits a screen or two; --json has more.
    private const int MostRows = 100;

    public static Command Create(CommandShell shell)
    {
        var dryRun = new Option<bool>("--dry-run") { Description = "Only tell what would be taken over, and what is wrong" };
        var prefix = new Option<string?>("--prefix")
        {
            Description = "What stands before docker/registry/v2 in the storage (its rootdirectory); by default nothing, or one slash",
            HelpName = "PREFIX",
        };
        return shell.Leaf(
            new ExampledCommand(
                "import",
                "Takes over what docker's distribution (registry:2, registry:3) keeps in the same container or data folder. Nothing is copied. It can be given again: what is here stays, what is new is taken.",
                "registry import --dry-run",
                "registry import",
                "registry import --prefix hub --json"),
            [dryRun, prefix],
            parsed => new ImportDistribution(parsed.GetValue(dryRun), parsed.GetValue(prefix)),
            Print);
    }

    private static void Print(ImportedView import, Terminal terminal)
    {
        if (import.Items.Count > 0)
            terminal.Table(["KIND", "REPOSITORY", "NAME", "WHY"], import.Items.Take(MostRows).Select(i => (string[])[i.Kind, i.Repository, i.Name, i.Reason]));
        if (import.Problems > MostRows)
            terminal.Line(Text($"… and {import.Problems - MostRows} more: --json has {ImportDistribution.Observer.MostItems} at most"));

        var what = $"{Count(import.Manifests, "manifest", "manifests")}, {Count(import.Tags, "tag", "tags")} and {Count(import.Layers, "layer", "layers")} of {Count(import.Repositories, "repository", "repositories")}, {Size(import.Bytes)}";
        terminal.Line((import.DryRun, import.Repositories) switch
        {
            (true, 0) => "nothing would be taken over",
            (true, _) => $"would take over {what}",
            (false, 0) => "nothing was taken over",
            (false, _) => $"took over {what}",
        });
        if (import.KnownManifests + import.KnownTags > 0)
            terminal.Line($"here already: {Count(import.KnownManifests, "manifest", "manifests")} and {Count(import.KnownTags, "tag", "tags")}");
        if (import.Problems > 0)
            terminal.Note($"{Count(import.Problems, "thing is", "things are")} wrong: see above");
    }
}
