using System.CommandLine;
using System.Text.Json;
using Registry.Functions.Commands.Operations;
using Registry.Functions.Hosting;

namespace Registry.Functions.Commands;

/// <summary>
/// What the commands have in common. A command is what it takes, an operation made of that, and how the operation's result looks to people;
/// where the operation is done, <c>--json</c>, progress, failures and exit codes are the same for all.
/// </summary>
internal sealed class CommandShell(string[] settings, Terminal terminal)
{
    private readonly Option<bool> json = new("--json") { Description = "Print the result as one line of JSON, for scripts" };

    public Terminal Terminal { get; } = terminal;

    /// <summary>A word that has commands below it.</summary>
    public static Command Group(string name, string description, params ReadOnlySpan<Command> commands)
    {
        var group = new Command(name, description);
        foreach (var command in commands)
            group.Subcommands.Add(command);
        return group;
    }

    /// <summary>A command.</summary>
    /// <param name="command">Its name, description and examples.</param>
    /// <param name="inputs">The arguments and options that it takes.</param>
    /// <param name="read">Makes the operation of what was typed, and may ask for more.</param>
    /// <param name="print">Shows the result to people.</param>
    /// <param name="exitCode">What the command ends with when it was done; null for <see cref="ExitCodes.Done"/>.</param>
    public Command Leaf<TResult>(
        ExampledCommand command,
        Symbol[] inputs,
        Func<ParseResult, CancellationToken, Task<Operation<TResult>>> read,
        Action<TResult, Terminal> print,
        Func<TResult, int>? exitCode = null)
    {
        foreach (var input in inputs)
        {
            if (input is Argument argument)
                command.Arguments.Add(argument);
            else
                command.Options.Add((Option)input);
        }

        command.Options.Add(json);
        command.SetAction(async (parsed, cancellation) =>
        {
            // Before anybody is asked for a password.
            var configured = Configure();
            var operation = await read(parsed, cancellation);
            var asJson = parsed.GetValue(json);
            var result = await Run(configured, operation, showProgress: !asJson, cancellation);
            if (asJson)
                Terminal.Json(result);
            else
                print(operation.Read(result), Terminal);
            return exitCode?.Invoke(operation.Read(result)) ?? ExitCodes.Done;
        });
        return command;
    }

    /// <summary>The same, for a command that has nothing to ask.</summary>
    public Command Leaf<TResult>(
        ExampledCommand command, Symbol[] inputs, Func<ParseResult, Operation<TResult>> read, Action<TResult, Terminal> print, Func<TResult, int>? exitCode = null) =>
        Leaf(command, inputs, (parsed, _) => Task.FromResult(read(parsed)), print, exitCode);

    private async Task<JsonElement> Run(Settings configured, Operation operation, bool showProgress, CancellationToken cancellation)
    {
        using var loggers = LoggerFactory.Create(log => log.AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace).SetMinimumLevel(LogLevel.Warning));
        var place = new OperationPlace(configured, TimeProvider.System, IdSource.Random, loggers) { Patience = Terminal.Patience };
        OperationEvent? end = null;
        await using (var progress = new ProgressView(Terminal, showProgress))
        {
            await place.Run(operation, e => Receive(e, progress), cancellation);
        }

        return end switch
        {
            { Error: { IsUsage: true } error } => throw new UsageException(error.Message),
            { Error: { } error } => throw new OperationFailedException(error.Message),
            { Result: { } result } => result,
            _ => throw new InvalidOperationException("an operation ended without a result"),
        };

        ValueTask Receive(OperationEvent e, ProgressView progress)
        {
            if (e.Progress is { } step)
                return progress.Show(step);
            end = e;
            return ValueTask.CompletedTask;
        }
    }

    // From where the server has them too: files beside the executable, the environment, the arguments.
    private Settings Configure() =>
        Settings.Read(WebApplication.CreateSlimBuilder(new WebApplicationOptions { Args = settings, ContentRootPath = AppContext.BaseDirectory }).Configuration);
}
