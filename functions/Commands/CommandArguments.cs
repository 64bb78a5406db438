namespace Registry.Functions.Commands;

/// <summary>Tells a command from a start of the server, without a look at what the command is: the server's start must not pay for the command line.</summary>
internal static class CommandArguments
{
    private const string Setting = "--Registry:";

    private static readonly string[] help = ["--help", "-h", "-?"];

    /// <summary>
    /// Whether the arguments are a command: they begin with a word that is not <c>serve</c>, or ask for help or the version. Everything else is
    /// .NET configuration (<c>--urls …</c>, <c>--Registry:…=…</c>, <c>/key value</c>, <c>key=value</c>) for the server.
    /// </summary>
    public static bool AreCommand(string[] args) => args switch
    {
        [] => false,
        ["serve", .. var rest] => rest.Any(help.Contains),
        [var first, ..] when help.Contains(first) || first == "--version" => true,
        [var first, ..] => first.Length > 0 && first[0] is not ('-' or '/') && !first.Contains('='),
    };

    /// <summary>What is for the server: all but the word.</summary>
    public static string[] OfServer(string[] args) => args is ["serve", .. var rest] ? rest : args;

    /// <summary>Takes the settings out of a command: <c>--Registry:Name=value</c>, or the value in an argument of its own.</summary>
    public static (string[] Words, string[] Settings) Split(string[] args)
    {
        var (words, settings) = (new List<string>(), new List<string>());
        for (var i = 0; i < args.Length; i++)
        {
            if (!args[i].StartsWith(Setting, StringComparison.OrdinalIgnoreCase))
            {
                words.Add(args[i]);
                continue;
            }

            settings.Add(args[i]);
            if (!args[i].Contains('=') && i + 1 < args.Length)
                settings.Add(args[++i]);
        }

        return ([.. words], [.. settings]);
    }
}
