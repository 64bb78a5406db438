using Registry.Access;

namespace Registry.Functions.Commands;

/// <summary>Gets passwords from people, and from scripts.</summary>
internal static class Passwords
{
    /// <summary>Asks twice, on a terminal, without showing what is typed.</summary>
    /// <exception cref="UsageException">There is no terminal, or what was typed is no password.</exception>
    public static async Task<string> Ask(string name, Terminal terminal, CancellationToken cancellation)
    {
        if (!terminal.Is.Input)
            throw new UsageException("there is no terminal to ask for the password on: send it with --password-stdin");
        using var typing = new HiddenTyping();
        var password = await Prompt(typing, terminal, $"Password for {name}: ", cancellation);
        if (password.Length is < AccountSecrets.MinPassword or > AccountSecrets.MaxPassword)
            throw new UsageException($"a password has {AccountSecrets.MinPassword} to {AccountSecrets.MaxPassword} characters");
        if (await Prompt(typing, terminal, "The same again: ", cancellation) != password)
            throw new UsageException("the two are not the same: nothing was changed");
        return password;
    }

    /// <summary>Reads one line.</summary>
    /// <exception cref="UsageException">There is none.</exception>
    public static async Task<string> ReadLine(Terminal terminal, CancellationToken cancellation)
    {
        if (terminal.Is.Input)
        {
            using var typing = new HiddenTyping();
            return await Prompt(typing, terminal, "Password: ", cancellation);
        }

        // Reading cannot be cancelled; whoever cancels does not wait for it.
        var line = await Task.Run(terminal.Input.ReadLine, CancellationToken.None).WaitAsync(cancellation);
        return line is { Length: > 0 } ? line : throw new UsageException("--password-stdin: the first line of standard input is the password, and it is empty");
    }

    private static async Task<string> Prompt(HiddenTyping typing, Terminal terminal, string prompt, CancellationToken cancellation)
    {
        await terminal.Errors.WriteAsync(prompt);
        try
        {
            return await typing.ReadLine(cancellation);
        }
        finally
        {
            await terminal.Errors.WriteLineAsync();
        }
    }
}
