using System.CommandLine;
using System.Globalization;
using static Registry.Functions.Commands.Wording;

namespace Registry.Functions.Commands.Verification;

/// <summary><c>registry verify</c>: reads what is stored and compares it with its digests.</summary>
internal static class VerifyCommand
{
    // What fits a screen or two; --json has more.
    private const int MostRows = 100;

    public static Command Create(CommandShell shell)
    {
        var repair = new Option<bool>("--repair") { Description = "Take out of use what is corrupt or missing, so that the next push of it brings it anew" };
        var force = new Option<bool>("--force") { Description = "With --repair: also if none of the content is there" };
        var verify = shell.Leaf(
            new ExampledCommand(
                "verify",
                "Reads all content and compares it with its digests, now and as fast as it goes. The exit code is 1 when something is wrong. It happens by itself too, at the pace of Verification:BytesPerDay.",
                "registry verify",
                "registry verify --repair",
                "registry verify report --json"),
            [repair, force],
            parsed => new Verify(parsed.GetValue(repair), parsed.GetValue(force)),
            Print,
            view => view.Corrupt + view.Missing + view.Dangling + view.Unreadable > 0 ? ExitCodes.Found : ExitCodes.Done);
        verify.Subcommands.Add(shell.Leaf(
            new ExampledCommand("report", "Tells what was found and how far the passes are, without reading content. The exit code is 1 when something is wrong.", "registry verify report"),
            [],
            _ => new ReportVerification(),
            PrintReport,
            view => view.Findings.Count > 0 ? ExitCodes.Found : ExitCodes.Done));
        return verify;
    }

    private static void Print(VerifiedView pass, Terminal terminal)
    {
        PrintFindings(pass.Findings, pass.LeftOut, terminal);
        terminal.Line(Looked(pass.Contents, pass.Links, pass.Manifests, pass.Tags, pass.Bytes));
        terminal.Line(Found(pass.Corrupt, pass.Missing, pass.Dangling, pass.Unreadable));
        if (pass.Repaired > 0)
            terminal.Line(Text($"repaired {pass.Repaired}; what is corrupt or missing comes back with a push of the images that need it"));
        else if (!pass.Repair && pass.Corrupt + pass.Missing > 0)
            terminal.Note("--repair takes what is corrupt or missing out of use, so that a new push brings it anew");
    }

    private static void PrintReport(VerificationReportView report, Terminal terminal)
    {
        PrintFindings(report.Findings, 0, terminal);
        if (report.Passes.Count == 0)
            terminal.Line("nothing was verified yet");
        foreach (var pass in report.Passes)
        {
            var what = pass.Kind == "now" ? "the last pass by command" : "the pass by itself";
            terminal.Line(pass.IsFinished ? Text($"{what} began at {pass.StartedAt:u} and ended at {pass.RecordedAt:u}") : Text($"{what} began at {pass.StartedAt:u}; at {pass.RecordedAt:u} it read {pass.Phase}"));
            terminal.Line($"  {Looked(pass.Contents, pass.Links, pass.Manifests, pass.Tags, pass.Bytes)}");
            terminal.Line($"  {Found(pass.Corrupt, pass.Missing, pass.Dangling, pass.Unreadable)}");
        }
    }

    private static void PrintFindings(IReadOnlyList<FindingView> findings, long leftOut, Terminal terminal)
    {
        if (findings.Count > 0)
        {
            terminal.Table(
                ["KIND", "WHAT", "REPOSITORY", "NAME", "FOUND", "EXPECTED", "PATH"],
                findings.Take(MostRows).Select(f => (string[])[f.Repaired ? $"{f.Kind}, repaired" : f.Kind, f.Thing, f.Repository ?? "", f.Name, f.Found, f.Expected, f.Path ?? ""]));
        }

        if (findings.Count + leftOut > MostRows)
            terminal.Line(Text($"… and {findings.Count + leftOut - MostRows} more: --json has {Verify.Observer.MostFindings} at most"));
    }

    private static string Looked(long contents, long links, long manifests, long tags, long bytes) =>
        $"looked at {Count(contents, "content", "contents")}, {Count(links, "link", "links")}, {Count(manifests, "manifest", "manifests")} and {Count(tags, "tag", "tags")}, and read {Size(bytes)}";

    private static string Found(long corrupt, long missing, long dangling, long unreadable) => corrupt + missing + dangling + unreadable == 0
        ? "all of it is whole"
        : Text($"{corrupt} corrupt, {missing} missing, {dangling} dangling, {unreadable} unreadable");
}
