using System.Text.Encodings.Web;
using System.Text.Json;
using Spectre.Console;

namespace Registry.Functions.Commands;

/// <summary>What a command writes: answers to stdout, everything else to stderr.</summary>
internal sealed class Terminal(TextWriter output, TextWriter errors, bool outputIsTerminal, bool errorsAreTerminal, bool mayUseColour)
{
    /// <summary>What is written to no terminal is not for its width: lines are as long as they are.</summary>
    private const int Unlimited = 10_000;

    private static readonly JsonWriterOptions json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>This process's own. NO_COLOR is as https://no-color.org has it.</summary>
    public static Terminal OfProcess() => new(
        Console.Out, Console.Error, !Console.IsOutputRedirected, !Console.IsErrorRedirected, string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR")));

    /// <summary>Whether progress can be drawn.</summary>
    public bool ShowsProgress => errorsAreTerminal;

    /// <summary>The answer, or a part of it.</summary>
    public void Line(string text) => output.WriteLine(text);

    /// <summary>What people should know beside the answer.</summary>
    public void Note(string text) => errors.WriteLine(text);

    /// <summary>The answer for a script.</summary>
    public void Json(JsonElement value)
    {
        using var bytes = new MemoryStream();
        using (var writer = new Utf8JsonWriter(bytes, json))
            value.WriteTo(writer);
        output.WriteLine(System.Text.Encoding.UTF8.GetString(bytes.GetBuffer().AsSpan(0, (int)bytes.Length)));
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
        Draw(drawn, output, outputIsTerminal).Write(table);
        foreach (var line in drawn.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries))
            output.WriteLine(line.TrimEnd());
    }

    /// <summary>Where progress is drawn.</summary>
    public IAnsiConsole Progress() => Draw(errors, errors, errorsAreTerminal);

    // Ansi: whether the terminal takes escapes is for Spectre to find out; what is no terminal gets none.
    private IAnsiConsole Draw(TextWriter to, TextWriter shownOn, bool isTerminal)
    {
        var colours = isTerminal && mayUseColour;
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(to),
            Ansi = !isTerminal || (!colours && to != shownOn) ? AnsiSupport.No : AnsiSupport.Detect,
            ColorSystem = colours ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
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
