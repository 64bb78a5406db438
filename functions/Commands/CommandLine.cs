using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using System.Runtime.InteropServices;
using Registry.Functions.Commands.Accounts;
using Registry.Functions.Commands.Collection;
using Registry.Functions.Commands.Federations;
using Registry.Functions.Commands.Operations;
using Registry.Functions.Commands.Rules;
using Registry.Functions.Hosting;

namespace Registry.Functions.Commands;

/// <summary>The command line: <c>registry account list</c>.</summary>
internal static class CommandLine
{
    /// <summary>Does a command.</summary>
    /// <returns>One of <see cref="ExitCodes"/>.</returns>
    public static async Task<int> Run(string[] args)
    {
        var (words, settings) = CommandArguments.Split(args);
        var terminal = Terminal.OfProcess();
        using var ending = new CancellationTokenSource();
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, End);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, End);
        try
        {
            return await Run(words, new CommandShell(settings, terminal), ending.Token);
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            return ExitCodes.Cancelled;
        }
        catch (UsageException e)
        {
            terminal.Note(e.Message);
            return ExitCodes.Usage;
        }
        catch (Exception e) when (e is OperationFailedException or SettingException)
        {
            terminal.Note(e.Message);
            return ExitCodes.Failed;
        }
        catch (Exception e)
        {
            // A mistake of ours: whoever reports it has what we need.
            terminal.Note($"unexpected: {e}");
            return ExitCodes.Failed;
        }

        void End(PosixSignalContext signal)
        {
            signal.Cancel = true;
            ending.Cancel();
        }
    }

    private static async Task<int> Run(string[] words, CommandShell shell, CancellationToken cancellation)
    {
        // No @files: a name may begin with anything.
        var parsed = Root(shell).Parse(words, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parsed.Errors is [var error, ..])
        {
            var command = string.Join(' ', Path(parsed.CommandResult).Select(c => c.Command.Name));
            var problem = parsed.UnmatchedTokens is [var token, ..] ? $"'{token}' is not understood here" : error.Message.TrimEnd('.');
            throw new UsageException($"{problem}: see {command} --help");
        }

        return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null }, cancellation);
    }

    private static RootCommand Root(CommandShell shell)
    {
        var root = new RootCommand("A Docker/OCI container registry. Without a command it serves.")
        {
            CommandShell.Group("serve", "Starts the server, with the settings that follow, such as --urls http://localhost:5001. The same as no command at all."),
            AccountCommands.Create(shell),
            RuleCommands.Create(shell),
            FederationCommands.Create(shell),
            CollectCommand.Create(shell),
        };
        var help = root.Options.OfType<HelpOption>().Single();
        help.Action = new HelpWithExamples((HelpAction)help.Action!);
        return root;
    }

    private static IEnumerable<CommandResult> Path(CommandResult command) => command.Parent is CommandResult parent ? Path(parent).Append(command) : [command];
}
