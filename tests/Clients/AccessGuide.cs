using System.Text;
using Registry.Tests.Support;

namespace Registry.Tests.Clients;

/// <summary>What docs/access.md tells people to type, and what it says that they will see.</summary>
/// <param name="Command">A line of a console block that begins with <c>$</c>.</param>
/// <param name="Says">The lines below it: parts of what it writes.</param>
internal sealed record GuideStep(string Command, string[] Says)
{
    /// <summary>A command that the guide has refused.</summary>
    public bool IsRefused => Says.Any(s => s.StartsWith("denied", StringComparison.Ordinal) || s.StartsWith("unauthorized", StringComparison.Ordinal));

    /// <summary>The server goes on running while the next commands are typed.</summary>
    public bool IsServer => Command == "registry serve";

    /// <summary>All of them, in order.</summary>
    /// <param name="replace">What stands for something else on this machine.</param>
    public static IReadOnlyList<GuideStep> ReadAll(IReadOnlyDictionary<string, string> replace)
    {
        var steps = new List<(string Command, List<string> Says)>();
        var isConsole = false;
        foreach (var written in File.ReadLines(Path.Combine(SourceTree.Root, "docs", "access.md")))
        {
            var line = replace.Aggregate(written.Trim(), (text, r) => text.Replace(r.Key, r.Value, StringComparison.Ordinal));
            if (line.StartsWith("```", StringComparison.Ordinal))
                isConsole = line == "```console";
            else if (isConsole && line.StartsWith("$ ", StringComparison.Ordinal))
                steps.Add((line[2..], []));
            else if (isConsole)
                steps[^1].Says.Add(line);
        }

        return [.. steps.Select(s => new GuideStep(s.Command, [.. s.Says]))];
    }

    /// <summary>A script that types the commands, each between two marks, the second with its exit code.</summary>
    /// <param name="steps">The commands.</param>
    /// <param name="variables">The environment.</param>
    /// <param name="listens">Succeeds once the server listens.</param>
    public static string Script(IReadOnlyList<GuideStep> steps, IReadOnlyDictionary<string, string> variables, string listens)
    {
        var script = new StringBuilder("set -o pipefail\ntrap 'kill $(jobs -p) 2>/dev/null; wait' EXIT\n");
        foreach (var (name, value) in variables)
            script.Append("export ").Append(name).Append("='").Append(value).Append("'\n");
        for (var i = 0; i < steps.Count; i++)
        {
            var command = steps[i].IsServer ? $"{steps[i].Command} & until {listens}; do sleep 0.1; done" : steps[i].Command;
            script.Append("echo '").Append(Begin(i)).Append("'\n").Append(command).Append("\ncode=$?; echo; echo \"").Append(End(i)).Append("$code\"\n");
            script.Append("[ $code ").Append(steps[i].IsRefused ? "-ne" : "-eq").Append(" 0 ] || exit 99\n");
        }

        return script.ToString();
    }

    /// <summary>Demands that a terminal showed what the guide says, each of it where it says so.</summary>
    public static void AssertSaid(IReadOnlyList<GuideStep> steps, string[] shown)
    {
        for (var i = 0; i < steps.Count; i++)
        {
            var between = shown.SkipWhile(l => l != Begin(i)).Skip(1).TakeWhile(l => !l.StartsWith(End(i), StringComparison.Ordinal)).ToList();
            Assert.All(steps[i].Says, text => Assert.True(
                between.Any(l => l.Contains(text, StringComparison.OrdinalIgnoreCase)), $"'{steps[i].Command}' did not say '{text}':\n{string.Join('\n', between)}"));
        }
    }

    private static string Begin(int step) => $"<<{step}>>";

    private static string End(int step) => $"<<{step} ended with ";
}
