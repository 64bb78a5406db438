using System.Buffers.Text;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Registry.Bench.Http;

/// <summary>One HTTP/1.1 connection, spoken by hand on a blocking socket: what measures must cost less than what is measured.</summary>
/// <remarks>One request after the other. Nothing is allocated for an exchange but what <see cref="Header"/> gives.</remarks>
internal sealed class RawConnection : IDisposable
{
    private readonly Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] buffer = new byte[256 * 1024];
    private readonly byte[] head = new byte[16 * 1024];
    private int headLength;
    private int start;
    private int end;

    public RawConnection(int port) => socket.Connect(IPAddress.Loopback, port);

    /// <summary>The status of the last answer.</summary>
    public int Status { get; private set; }

    public void Send(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
            bytes = bytes[socket.Send(bytes)..];
    }

    public void Send(string head) => Send(Encoding.ASCII.GetBytes(head));

    /// <summary>Reads an answer to its end, and gives the length of its body.</summary>
    /// <param name="sink">Gets the body, piece by piece; null where nobody wants it.</param>
    public long Receive(Action<ReadOnlySpan<byte>>? sink = null)
    {
        ReceiveHead();
        if (Find("content-length"u8) is { IsEmpty: false } length)
            return ReceiveBody(Utf8Parser.TryParse(length, out long value, out _) ? value : throw new InvalidDataException("a Content-Length that is no number"), sink);
        return Find("transfer-encoding"u8).IsEmpty ? 0 : ReceiveChunks(sink);
    }

    /// <summary>Reads an answer that must have this status.</summary>
    public long Expect(int status, Action<ReadOnlySpan<byte>>? sink = null)
    {
        var text = new StringBuilder();
        var length = Receive(sink ?? (bytes => Note(text, bytes)));
        return Status == status ? length : throw new InvalidDataException($"{Status} instead of {status}: {Encoding.ASCII.GetString(head, 0, headLength)}{text}");
    }

    /// <summary>A header of the last answer, or null.</summary>
    public string? Header(string name)
    {
        var value = Find(Encoding.ASCII.GetBytes(name));
        return value.IsEmpty ? null : Encoding.ASCII.GetString(value);
    }

    public void Dispose() => socket.Dispose();

    private void Note(StringBuilder text, ReadOnlySpan<byte> bytes)
    {
        // Only what an error says; content is not text, and long.
        if (Status >= 400 && text.Length < 1000)
            text.Append(Encoding.UTF8.GetString(bytes));
    }

    private void ReceiveHead()
    {
        int length;
        while ((length = buffer.AsSpan(start, end - start).IndexOf("\r\n\r\n"u8)) < 0)
            Fill();
        headLength = length + 4;
        buffer.AsSpan(start, headLength).CopyTo(head);
        start += headLength;
        if (!Utf8Parser.TryParse(head.AsSpan("HTTP/1.1 ".Length), out int status, out _))
            throw new InvalidDataException("an answer without a status");
        Status = status;
    }

    private ReadOnlySpan<byte> Find(ReadOnlySpan<byte> name)
    {
        foreach (var range in head.AsSpan(0, headLength).Split("\r\n"u8))
        {
            ReadOnlySpan<byte> line = head.AsSpan(range);
            if (line.Length > name.Length && line[name.Length] == ':' && Ascii.EqualsIgnoreCase(line[..name.Length], name))
                return line[(name.Length + 1)..].Trim((byte)' ');
        }

        return [];
    }

    private long ReceiveBody(long length, Action<ReadOnlySpan<byte>>? sink)
    {
        for (var left = length; left > 0;)
        {
            if (start == end)
                Fill();
            var count = (int)Math.Min(left, end - start);
            sink?.Invoke(buffer.AsSpan(start, count));
            start += count;
            left -= count;
        }

        return length;
    }

    private long ReceiveChunks(Action<ReadOnlySpan<byte>>? sink)
    {
        for (long total = 0; ;)
        {
            var size = ReceiveChunkSize();
            total += ReceiveBody(size, sink);
            ReceiveBody(2, null);
            if (size == 0)
                return total;
        }
    }

    private long ReceiveChunkSize()
    {
        int length;
        while ((length = buffer.AsSpan(start, end - start).IndexOf("\r\n"u8)) < 0)
            Fill();
        if (!Utf8Parser.TryParse(buffer.AsSpan(start, length), out long size, out _, 'x'))
            throw new InvalidDataException("a chunk without a size");
        start += length + 2;
        return size;
    }

    private void Fill()
    {
        if (start == end)
            start = end = 0;
        if (end == buffer.Length)
        {
            buffer.AsSpan(start, end - start).CopyTo(buffer);
            (start, end) = (0, end - start);
        }

        var count = socket.Receive(buffer.AsSpan(end));
        end += count > 0 ? count : throw new IOException("the connection ended before the answer did");
    }
}
