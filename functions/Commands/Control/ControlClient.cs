using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text.Json;
using Registry.Functions.Commands.Operations;

namespace Registry.Functions.Commands.Control;

/// <summary>Has an operation done by the server that has a data folder open.</summary>
internal static class ControlClient
{
    /// <summary>Has it done, if there is a server.</summary>
    /// <returns>False: no server listens.</returns>
    /// <exception cref="OperationFailedException">The server may not be asked, or did not answer to the end.</exception>
    public static async Task<bool> TryRun(
        string folder, Operation operation, OperationList operations, Func<OperationEvent, ValueTask> receive, CancellationToken cancellation)
    {
        if (await TryConnect(folder, cancellation) is not { } connection)
            return false;
        using var handler = new SocketsHttpHandler { UseProxy = false, ConnectCallback = (_, _) => ValueTask.FromResult<Stream>(new NetworkStream(connection, ownsSocket: true)) };
        using var client = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        try
        {
            await Run(client, operation, operations, receive, cancellation);
            return true;
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw new OperationFailedException("the server went away before it answered, so it may have been done or not: look, and give the command again", e);
        }
        catch (JsonException e)
        {
            throw new OperationFailedException("the running server is another version of the registry: start it again", e);
        }
    }

    private static async Task<Socket?> TryConnect(string folder, CancellationToken cancellation)
    {
        using var address = new ControlSocket(folder);
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(address.Address, cancellation);
            return socket;
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.AccessDenied)
        {
            socket.Dispose();
            throw new OperationFailedException($"'{address.Path}' belongs to another user: give the command as the user that the server runs as", e);
        }
        catch (SocketException)
        {
            // There is none, or its server was killed.
            socket.Dispose();
            return null;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static async Task Run(HttpClient client, Operation operation, OperationList operations, Func<OperationEvent, ValueTask> receive, CancellationToken cancellation)
    {
        var type = operations.Get(operation);
        using var content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(operation, type)) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
        using var request = new HttpRequestMessage(HttpMethod.Post, $"http://registry/{type.Type.Name}") { Content = content };
        using var answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        answer.EnsureSuccessStatusCode();
        using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync(cancellation));
        while (await lines.ReadLineAsync(cancellation) is { } line)
        {
            var next = JsonSerializer.Deserialize(line, EventJson.Default.OperationEvent) ?? throw new JsonException("null is no event");
            await receive(next);
            if (next.IsEnd)
                return;
        }

        throw new IOException("the answer has no end");
    }
}
