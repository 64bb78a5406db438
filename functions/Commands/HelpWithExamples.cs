using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Registry.Functions.Commands;

/// <summary>The library's help, and below it what people copy.</summary>
internal sealed class HelpWithExamples(HelpAction help) : SynchronousCommandLineAction
{
    private static readonly string[] settings =
    [
        "Settings:",
        "  A command works on the storage that the settings name, as the server does: Registry__Storage__… in the environment, or",
        "  --Registry:Storage:RootDirectory=DIR and the like as an argument. By default that is the folder ./data.",
    ];

    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        var result = help.Invoke(parseResult);
        var to = parseResult.InvocationConfiguration.Output;
        var examples = parseResult.CommandResult.Command is ExampledCommand command ? command.Examples : [];
        if (examples.Count > 0)
            Write(to, ["Examples:", .. examples.Select(e => "  " + e)]);
        Write(to, settings);
        return result;
    }

    private static void Write(TextWriter to, string[] lines)
    {
        foreach (var line in lines)
            to.WriteLine(line);
        to.WriteLine();
    }
}

/// <summary>A command that says how it is used.</summary>
internal sealed class ExampledCommand(string name, string description, params IReadOnlyList<string> examples) : Command(name, description)
{
    public IReadOnlyList<string> Examples { get; } = examples;
}
