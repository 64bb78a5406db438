using System.Text;
using Registry.Access;
using Registry.Functions.Commands.Operations;

namespace Registry.Functions.Commands;

/// <summary>Gets passwords from people, and from scripts.</summary>
internal static class Passwords
{
    /// <summary>Asks twice, on a terminal, without showing what is typed.</summary>
    /// <exception cref="UsageException">There is no terminal, or what was typed is no password.</exception>
    public static async Task<string> Ask(string name, CancellationToken cancellation)
    {
        if (Console.IsInputRedirected)
            throw new UsageException("there is no terminal to ask for the password on: send it with --password-stdin");
        var password = await ReadHidden($"Password for {name}: ", cancellation);
        if (password.Length is < AccountSecrets.MinPassword or > AccountSecrets.MaxPassword)
            throw new UsageException($"a password has {AccountSecrets.MinPassword} to {AccountSecrets.MaxPassword} characters");
        if (await ReadHidden("The same again: ", cancellation) != password)
            throw new UsageException("the two are not the same: nothing was changed");
        return password;
    }

    /// <summary>Reads one line.</summary>
    /// <exception cref="UsageException">There is none.</exception>
    public static async Task<string> ReadLine(CancellationToken cancellation)
    {
        if (!Console.IsInputRedirected)
            return await ReadHidden("Password: ", cancellation);

        // Reading cannot be cancelled; whoever cancels does not wait for it.
        var line = await Task.Run(Console.In.ReadLine, CancellationToken.None).WaitAsync(cancellation);
        return line is { Length: > 0 } ? line : throw new UsageException("--password-stdin: the first line of standard input is the password, and it is empty");
    }

    private static async Task<string> ReadHidden(string prompt, CancellationToken cancellation)
    {
        await Console.Error.WriteAsync(prompt);
        try
        {
            return await Task.Run(ReadKeys, CancellationToken.None).WaitAsync(cancellation);
        }
        finally
        {
            await Console.Error.WriteLineAsync();
        }
    }

    private static string ReadKeys()
    {
        var typed = new StringBuilder();
        while (Console.ReadKey(intercept: true) is { Key: not ConsoleKey.Enter } key)
        {
            if (key.Key == ConsoleKey.Backspace)
                typed.Length -= Math.Min(1, typed.Length);
            else if (!char.IsControl(key.KeyChar))
                typed.Append(key.KeyChar);
        }

        return typed.ToString();
    }
}
