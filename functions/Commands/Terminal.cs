using System.Text.Encodings.Web;
using System.Text.Json;
using Spectre.Console;

namespace Registry.Functions.Commands;

/// <summary>Where a command reads what it is not told by its arguments, and writes: answers to stdout, everything else to stderr.</summary>
internal sealed record Terminal(TextReader Input, TextWriter Output, TextWriter Errors)
{
    /// <summary>What is written to no terminal is not for its width: lines are as long as they are.</summary>
    private const int Unlimited = 10_000;

    private static readonly JsonWriterOptions json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Whether each of them is a terminal.</summary>
    public (bool Input, bool Output, bool Errors) Is { get; init; }

    public bool MayUseColour { get; init; }

    /// <summary>How long whoever sits there waits for a data folder that another process has.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>This process's own. NO_COLOR is as https://no-color.org has it.</summary>
    public static Terminal OfProcess() => new(Console.In, Console.Out, Console.Error)
    {
        Is = (!Console.IsInputRedirected, !Console.IsOutputRedirected, !Console.IsErrorRedirected),
        MayUseColour = string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR")),
    };

    /// <summary>The answer, or a part of it.</summary>
    public void Line(string text) => Output.WriteLine(text);

    /// <summary>What people should know beside the answer.</summary>
    public void Note(string text) => Errors.WriteLine(text);

    /// <summary>The answer for a script.</summary>
    public void Json(JsonElement value)
    {
        using var bytes = new MemoryStream();
        using (var writer = new Utf8JsonWriter(bytes, json))
            value.WriteTo(writer);
        Output.WriteLine(System.Text.Encoding.UTF8.GetString(bytes.GetBuffer().AsSpan(0, (int)bytes.Length)));
    }

    /// <summary>The answer as a table.</summary>
    public void Table(string[] columns, IEnumerable<string[]> rows)
    {
        var table = new Table().Border(TableBorder.None);
        foreach (var column in columns)
            table.AddColumn(new TableColumn(new Text(column, new Style(decoration: Decoration.Bold))).Padding(0, 0, 2, 0));
        foreach (var row in rows)
            table.AddRow(row.Select(cell => new Text(Printable(cell))));

        using var drawn = new StringWriter();
        Draw(drawn, Is.Output, Is.Output && MayUseColour ? AnsiSupport.Detect : AnsiSupport.No).Write(table);
        foreach (var line in drawn.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries))
            Output.WriteLine(line.TrimEnd());
    }

    /// <summary>Where progress is drawn; null where it cannot be.</summary>
    public IAnsiConsole? Progress() => Is.Errors ? Draw(Errors, isTerminal: true, AnsiSupport.Detect) : null;

    private IAnsiConsole Draw(TextWriter to, bool isTerminal, AnsiSupport escapes)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(to),
            Ansi = escapes,
            ColorSystem = MayUseColour ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
        });
        console.Profile.Width = isTerminal && Console.WindowWidth > 0 ? Console.WindowWidth : Unlimited;
        return console;
    }

    // What somebody made part of an audience must not steer the terminal.
    private static string Printable(string text) => string.Create(text.Length, text, (to, from) =>
    {
        for (var i = 0; i < from.Length; i++)
            to[i] = char.IsControl(from[i]) ? '?' : from[i];
    });
}
