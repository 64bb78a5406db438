using System.Net.Sockets;
using System.Text;

namespace Registry.Tests.Support;

/// <summary>HTTP by hand, for what a client library would tidy up or refuse to send: paths with dots, bodies that are cut short, lengths that lie.</summary>
public static class RawHttp
{
    /// <summary>Sends bytes on a connection of its own, and reads until the server closes it. Null when it answered nothing.</summary>
    /// <param name="server">Where to.</param>
    /// <param name="head">Request line and headers; they should ask the server to close.</param>
    /// <param name="body">What follows.</param>
    /// <param name="cut">Whether the client then goes away: the server may drop the connection, and still be busy with what it received.</param>
    public static async Task<Exchange?> Send(Uri server, string head, ReadOnlyMemory<byte> body = default, bool cut = false)
    {
        var cancellation = TestContext.Current.CancellationToken;
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(server.Host, server.Port, cancellation);
        var answer = new MemoryStream();
        try
        {
            await SendAll(socket, Encoding.Latin1.GetBytes(head), cancellation);
            await SendAll(socket, body, cancellation);
            if (cut)
                socket.Shutdown(SocketShutdown.Send);
            var buffer = new byte[16 * 1024];
            while (await socket.ReceiveAsync(buffer, cancellation) is > 0 and var read)
                answer.Write(buffer, 0, read);
        }
        catch (SocketException)
        {
            // The server reset the connection; what came before that counts.
        }

        return Parse(head, answer.ToArray());
    }

    /// <summary>A request without a body, and the server's whole answer to it.</summary>
    public static async Task<Exchange> Send(Uri server, string method, string target, params string[] headers)
    {
        ArgumentNullException.ThrowIfNull(server);
        var head = $"{method} {target} HTTP/1.1\r\nHost: {server.Authority}\r\nConnection: close\r\n{string.Concat(headers.Select(h => h + "\r\n"))}\r\n";
        return await Send(server, head) ?? throw new InvalidOperationException($"no answer to {method} {target}");
    }

    private static async Task SendAll(Socket socket, ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        while (!bytes.IsEmpty)
            bytes = bytes[await socket.SendAsync(bytes, cancellation)..];
    }

    private static Exchange? Parse(string request, byte[] answer)
    {
        // The answer proper comes behind the interim ones, such as 100 to a request that expects it (RFC 9110, section 15.2).
        while (answer.AsSpan().StartsWith("HTTP/1.1 1"u8))
            answer = answer[(answer.AsSpan().IndexOf("\r\n\r\n"u8) + 4)..];
        if (answer.Length == 0)
            return null;
        var end = answer.AsSpan().IndexOf("\r\n\r\n"u8);
        var lines = Encoding.Latin1.GetString(answer, 0, end).Split("\r\n");
        var headers = lines[1..].Select(l => l.Split(':', 2))
            .GroupBy(l => l[0], StringComparer.OrdinalIgnoreCase)
            .ToDictionary(g => g.Key, g => string.Join(", ", g.Select(l => l[1].Trim())), StringComparer.OrdinalIgnoreCase);
        return new Exchange(request, int.Parse(lines[0].Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture), headers, answer[(end + 4)..]);
    }
}
