using System.Text;
using System.Text.RegularExpressions;
using Registry.Functions.Commands;

namespace Registry.Tests.Commands;

/// <summary>
/// What somebody types and sees. A line that begins with <c>$</c> is a command, with what it finds on standard input after a <c>&lt;</c>; below it is what it
/// writes: to stdout as it is, to stderr after a <c>!</c>, and its exit code after an <c>=</c> where that is not 0. Secrets and times are never the same:
/// they are written <c>rgs_…</c> and <c>TIME</c>.
/// </summary>
internal static partial class Transcript
{
    /// <summary>Gives each command of a transcript, in order, and demands exactly that transcript.</summary>
    /// <param name="expected">The transcript.</param>
    /// <param name="settings">What is added to each command.</param>
    public static async Task Replay(string expected, string[] settings)
    {
        expected = expected.ReplaceLineEndings("\n").Trim() + "\n";
        var actual = new StringBuilder();
        foreach (var line in expected.Split('\n').Where(l => l.StartsWith("$ ", StringComparison.Ordinal)))
            await Give(line, settings, actual);
        if (actual.ToString() != expected)
            TestContext.Current.TestOutputHelper!.WriteLine(actual.ToString());
        Assert.Equal(expected, actual.ToString());
    }

    private static async Task Give(string line, string[] settings, StringBuilder transcript)
    {
        var (command, input) = line[2..].Split(" < ", 2) is [var first, var second] ? (first, second + "\n") : (line[2..], "");
        using var output = new StringWriter();
        using var errors = new StringWriter();
        using var typed = new StringReader(input);
        var words = Word().Matches(command).Select(w => w.Value.Trim('\'')).ToArray();
        var code = await CommandLine.Run([.. words, .. settings], new Terminal(typed, output, errors), TestContext.Current.CancellationToken);

        transcript.Append(line).Append('\n');
        foreach (var written in Lines(output))
            transcript.Append(written).Append('\n');
        foreach (var written in Lines(errors))
            transcript.Append("! ").Append(written).Append('\n');
        if (code != 0)
            transcript.Append("= ").Append(code).Append('\n');
    }

    private static IEnumerable<string> Lines(StringWriter written) =>
        Time().Replace(Secret().Replace(written.ToString(), "rgs_…"), "TIME").ReplaceLineEndings("\n").Split('\n').SkipLast(1);

    [GeneratedRegex("'[^']*'|[^ ]+")]
    private static partial Regex Word();

    [GeneratedRegex("rgs_[0-9a-f]{64}")]
    private static partial Regex Secret();

    [GeneratedRegex(@"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00|\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?Z|(?<=pushed |restored )\d{4}-\d\d-\d\d")]
    private static partial Regex Time();
}
