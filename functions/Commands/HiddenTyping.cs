using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Registry.Functions.Commands;

/// <summary>Reads lines from the terminal that standard input is, without showing them.</summary>
/// <remarks>
/// The terminal itself is told not to echo, before anybody is asked to type. <see cref="Console.ReadKey(bool)"/> would only hide what is typed while it
/// waits, and whatever is pasted or typed ahead would be shown. The terminal edits the line as it always does, and Ctrl-C is a signal.
/// </remarks>
internal sealed partial class HiddenTyping : IDisposable
{
    private const int StandardInput = 0;
    private const int Now = 0;

    // struct termios: c_lflag is the fourth of four words, which are long on macOS. ECHO is 8 on both.
    private const int StructSize = 256;
    private const uint Echo = 8;
    private static readonly int localFlags = OperatingSystem.IsMacOS() ? 3 * sizeof(ulong) : 3 * sizeof(uint);

    private readonly byte[]? before;
    private readonly FileStream? input;

    public HiddenTyping()
    {
        if (OperatingSystem.IsWindows())
            return;
        before = new byte[StructSize];
        Require(GetAttributes(StandardInput, before), "tcgetattr");
        var hidden = (byte[])before.Clone();
        var flags = hidden.AsSpan(localFlags, sizeof(uint));
        BinaryPrimitives.WriteUInt32LittleEndian(flags, BinaryPrimitives.ReadUInt32LittleEndian(flags) & ~Echo);
        Require(SetAttributes(StandardInput, Now, hidden), "tcsetattr");
        input = new FileStream(new SafeFileHandle(StandardInput, ownsHandle: false), FileAccess.Read, bufferSize: 0);
    }

    /// <summary>Reads a line, up to the end of input. A wait for it cannot be ended; whoever cancels does not wait.</summary>
    public Task<string> ReadLine(CancellationToken cancellation) =>
        Task.Run(() => input is null ? ReadKeys() : ReadBytes(), CancellationToken.None).WaitAsync(cancellation);

    public void Dispose()
    {
        input?.Dispose();
        if (before is not null)
            Require(SetAttributes(StandardInput, Now, before), "tcsetattr");
    }

    private string ReadBytes()
    {
        var line = new List<byte>();
        for (int read; (read = input!.ReadByte()) is not (-1 or '\n');)
            line.Add((byte)read);
        return Encoding.UTF8.GetString(CollectionsMarshal.AsSpan(line));
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

    private static void Require(int result, string call)
    {
        if (result != 0)
            throw new IOException($"the terminal cannot be told not to show what is typed: {call} gave {Marshal.GetLastPInvokeError()}");
    }

    [LibraryImport("libc", EntryPoint = "tcgetattr", SetLastError = true)]
    private static partial int GetAttributes(int file, Span<byte> attributes);

    [LibraryImport("libc", EntryPoint = "tcsetattr", SetLastError = true)]
    private static partial int SetAttributes(int file, int when, ReadOnlySpan<byte> attributes);
}
