using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using System.Runtime.InteropServices;
using Registry.Functions.Commands.Accounts;
using Registry.Functions.Commands.Collection;
using Registry.Functions.Commands.Federations;
using Registry.Functions.Commands.Immutable;
using Registry.Functions.Commands.Import;
using Registry.Functions.Commands.Lifecycle;
using Registry.Functions.Commands.Operations;
using Registry.Functions.Commands.Retention;
using Registry.Functions.Commands.Rules;
using Registry.Functions.Commands.Verification;
using Registry.Functions.Hosting;

namespace Registry.Functions.Commands;

/// <summary>The command line: <c>registry account list</c>.</summary>
internal static class CommandLine
{
    /// <summary>Does a command; Ctrl-C ends it.</summary>
    /// <returns>One of <see cref="ExitCodes"/>.</returns>
    public static async Task<int> Run(string[] args)
    {
        using var ending = new CancellationTokenSource();
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, End);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, End);
        return await Run(args, Terminal.OfProcess(), ending.Token);

        void End(PosixSignalContext signal)
        {
            signal.Cancel = true;
            ending.Cancel();
        }
    }

    /// <summary>Does a command for whoever is at that terminal.</summary>
    /// <returns>One of <see cref="ExitCodes"/>.</returns>
    public static async Task<int> Run(string[] args, Terminal terminal, CancellationToken cancellation)
    {
        try
        {
            var (words, settings) = CommandArguments.Split(args);
            return await Invoke(words, new CommandShell(settings, terminal), terminal, cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
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
    }

    private static async Task<int> Invoke(string[] words, CommandShell shell, Terminal terminal, CancellationToken cancellation)
    {
        // No @files: a name may begin with anything.
        var parsed = Root(shell).Parse(words, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parsed.Errors is [var error, ..])
        {
            var problem = parsed.UnmatchedTokens is [var token, ..] ? $"'{token}' is not understood here" : error.Message.TrimEnd('.');
            throw new UsageException($"{problem}: see registry {string.Concat(Path(parsed.CommandResult).Select(c => c.Command.Name + ' '))}--help");
        }

        // Ctrl-C and exceptions are above.
        var invocation = new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null, Output = terminal.Output, Error = terminal.Errors };
        return await parsed.InvokeAsync(invocation, cancellation);
    }

    private static RootCommand Root(CommandShell shell)
    {
        var root = new RootCommand("A Docker/OCI container registry. Without a command it serves.")
        {
            CommandShell.Group("serve", "Starts the server, with the settings that follow, such as --urls http://localhost:5001. The same as no command at all."),
            AccountCommands.Create(shell),
            RuleCommands.Create(shell),
            FederationCommands.Create(shell),
            ImmutableCommands.Create(shell),
            RetentionCommands.Create(shell),
            CollectCommand.Create(shell),
            RestoreCommands.Deleted(shell),
            RestoreCommands.Restore(shell),
            ExplainCommand.Create(shell),
            VerifyCommand.Create(shell),
            ImportCommand.Create(shell),
        };
        var help = root.Options.OfType<HelpOption>().Single();
        help.Action = new HelpWithExamples((HelpAction)help.Action!);
        return root;
    }

    private static IEnumerable<CommandResult> Path(CommandResult command) => command.Parent is CommandResult parent ? Path(parent).Append(command) : [];
}
