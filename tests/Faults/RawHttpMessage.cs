using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Text;

namespace Registry.Tests.Faults;

/// <summary>One HTTP/1.1 message, byte for byte as it came, so that what is passed on carries the signature it was made with.</summary>
internal sealed class RawHttpMessage
{
    private readonly ArrayBufferWriter<byte> raw = new();

    private RawHttpMessage()
    {
    }

    public ReadOnlyMemory<byte> Raw => raw.WrittenMemory;

    public string[] StartLine { get; private set; } = [];

    /// <summary>A response's status.</summary>
    public int Status => int.Parse(StartLine[1], CultureInfo.InvariantCulture);

    /// <summary>Reads a message to its end. Null when the sender is gone before that.</summary>
    /// <param name="from">The connection.</param>
    /// <param name="bodiless">Whether it is the answer to a HEAD.</param>
    /// <param name="sendContinue">Called when the sender waits for a 100 before it sends the body; null for a response.</param>
    /// <param name="cancellation">Ends the reading.</param>
    public static async Task<RawHttpMessage?> Read(PipeReader from, bool bodiless, Func<Task>? sendContinue, CancellationToken cancellation)
    {
        var message = new RawHttpMessage();
        if (await message.ReadTo(from, "\r\n\r\n"u8.ToArray(), cancellation) is not { } head)
            return null;
        var lines = head.Split("\r\n");
        message.StartLine = lines[0].Split(' ');
        var isResponse = sendContinue is null;
        if (bodiless || (isResponse && message.Status is < 200 or 204 or 304))
            return message;
        if (sendContinue is not null && Header(lines, "Expect") is not null)
            await sendContinue();
        var whole = Header(lines, "Transfer-Encoding") is not null
            ? await message.ReadChunks(from, cancellation)
            : await message.ReadExactly(from, long.Parse(Header(lines, "Content-Length") ?? "0", CultureInfo.InvariantCulture), cancellation);
        return whole ? message : null;
    }

    private static string? Header(string[] lines, string name) =>
        lines.Skip(1).FirstOrDefault(l => l.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase))?[(name.Length + 1)..].Trim();

    private async Task<bool> ReadChunks(PipeReader from, CancellationToken cancellation)
    {
        var lineEnd = "\r\n"u8.ToArray();
        while (await ReadTo(from, lineEnd, cancellation) is { } line)
        {
            var size = long.Parse(line.Split(';')[0].Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            if (size > 0 && !await ReadExactly(from, size + 2, cancellation))
                return false;
            if (size > 0)
                continue;
            while (await ReadTo(from, lineEnd, cancellation) is { } trailer)
            {
                if (trailer.Length == 0)
                    return true;
            }
        }

        return false;
    }

    private async Task<string?> ReadTo(PipeReader from, ReadOnlyMemory<byte> end, CancellationToken cancellation)
    {
        while (true)
        {
            var read = await from.ReadAsync(cancellation);
            if (TryTake(read.Buffer, end.Span, out var text, out var consumed))
            {
                from.AdvanceTo(consumed);
                return text;
            }

            from.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            if (read.IsCompleted)
                return null;
        }
    }

    private bool TryTake(ReadOnlySequence<byte> buffer, ReadOnlySpan<byte> end, out string text, out SequencePosition consumed)
    {
        var reader = new SequenceReader<byte>(buffer);
        var found = reader.TryReadTo(out ReadOnlySequence<byte> before, end);
        text = found ? Encoding.Latin1.GetString(before) : "";
        consumed = reader.Position;
        if (found)
            Keep(buffer.Slice(0, consumed));
        return found;
    }

    private async Task<bool> ReadExactly(PipeReader from, long length, CancellationToken cancellation)
    {
        while (length > 0)
        {
            var read = await from.ReadAsync(cancellation);
            var part = read.Buffer.Slice(0, Math.Min(length, read.Buffer.Length));
            Keep(part);
            length -= part.Length;
            from.AdvanceTo(part.End);
            if (read.IsCompleted && length > 0)
                return false;
        }

        return true;
    }

    private void Keep(ReadOnlySequence<byte> bytes)
    {
        foreach (var segment in bytes)
            raw.Write(segment.Span);
    }
}
