using System.Net.Sockets;
using System.Text;

namespace Registry.Tests.Faults;

/// <summary>A client that writes what it likes to a connection: the misbehaviour that HTTP libraries forbid.</summary>
internal sealed class RawClient : IAsyncDisposable
{
    private readonly Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly string host;

    private RawClient(string host) => this.host = host;

    public static async Task<RawClient> Connect(Uri registry, CancellationToken cancellation)
    {
        var client = new RawClient(registry.Authority);
        await client.socket.ConnectAsync(registry.Host, registry.Port, cancellation);
        return client;
    }

    /// <summary>Sends a request's head.</summary>
    public Task Head(string method, string target, CancellationToken cancellation, params string[] headers) =>
        Send(Encoding.ASCII.GetBytes($"{method} {target} HTTP/1.1\r\nHost: {host}\r\n{string.Concat(headers.Select(h => h + "\r\n"))}\r\n"), cancellation);

    public async Task Send(ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        while (!bytes.IsEmpty)
            bytes = bytes[await socket.SendAsync(bytes, cancellation)..];
    }

    /// <summary>One chunk of a chunked body; the last is empty.</summary>
    public async Task Chunk(ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        await Send(Encoding.ASCII.GetBytes($"{bytes.Length:x}\r\n"), cancellation);
        await Send(bytes, cancellation);
        await Send("\r\n"u8.ToArray(), cancellation);
    }

    /// <summary>Reads the head of an answer.</summary>
    public async Task<string> Answer(CancellationToken cancellation)
    {
        var head = new StringBuilder();
        var one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal) && await socket.ReceiveAsync(one, cancellation) == 1)
            head.Append((char)one[0]);
        return head.ToString();
    }

    /// <summary>Says that it sends no more.</summary>
    public void End() => socket.Shutdown(SocketShutdown.Send);

    /// <summary>Goes away without a word.</summary>
    public void Reset() => socket.LingerState = new LingerOption(true, 0);

    public ValueTask DisposeAsync()
    {
        socket.Dispose();
        return ValueTask.CompletedTask;
    }
}
