using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;

namespace Registry.Tests.Faults;

/// <summary>Stands between one registry and its storage account, counts the requests, and lets a plan decide what happens to each.</summary>
/// <remarks>
/// A request is passed on byte for byte, once all of it is here: its signature covers the path, not the host. So "before" means that storage saw
/// nothing of it, and "after" that storage's answer to it has come.
/// </remarks>
public sealed partial class StorageProxy : IAsyncDisposable
{
    private readonly TcpListener blobs = new(IPAddress.Loopback, 0);
    private readonly TcpListener tables = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stop = new();
    private readonly ConcurrentDictionary<Task, bool> connections = new();
    private readonly Lock gate = new();
    private readonly Func<Task> kill;
    private readonly List<StorageRequest> requests = [];
    private readonly List<Task> accepting;
    private FaultPlan plan = FaultPlan.None;

    /// <param name="connectionString">The account behind, with its two endpoints.</param>
    /// <param name="kill">Kills the registry in front. Ends when it is dead.</param>
    public StorageProxy(string connectionString, Func<Task> kill)
    {
        this.kill = kill;
        blobs.Start();
        tables.Start();
        accepting = [Accept(blobs, Endpoint(connectionString, "Blob")), Accept(tables, Endpoint(connectionString, "Table"))];
        ConnectionString = Endpoints().Replace(connectionString, m => $"{m.Groups[1].Value}127.0.0.1:{Port(m.Groups[2].Value)}");
    }

    /// <summary>The account through this proxy.</summary>
    public string ConnectionString { get; }

    /// <summary>The requests since the plan was set.</summary>
    public IReadOnlyList<StorageRequest> Requests
    {
        get
        {
            lock (gate)
                return [.. requests];
        }
    }

    /// <summary>Sets the plan and counts from 1 again.</summary>
    public void Follow(FaultPlan next)
    {
        lock (gate)
        {
            plan = next;
            requests.Clear();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        blobs.Stop();
        tables.Stop();
        await Task.WhenAll(accepting);
        await Task.WhenAll(connections.Keys);
        stop.Dispose();
    }

    private int Port(string service) => ((IPEndPoint)(service == "Blob" ? blobs : tables).LocalEndpoint).Port;

    private static IPEndPoint Endpoint(string connectionString, string service)
    {
        var match = Endpoints().Matches(connectionString).FirstOrDefault(m => m.Groups[2].Value == service)
            ?? throw new ArgumentException($"the fault lab needs a connection string with http endpoints, and it has no {service}Endpoint=http://…", nameof(connectionString));
        return IPEndPoint.Parse(match.Groups[3].Value);
    }

    private async Task Accept(TcpListener listener, IPEndPoint service)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                var serving = Serve(await listener.AcceptSocketAsync(stop.Token), service);
                connections.TryAdd(serving, true);
                _ = serving.ContinueWith(s => connections.TryRemove(s, out _), TaskScheduler.Default);
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                // Stopped, or a connection that was gone before it was accepted.
            }
        }
    }

    private async Task Serve(Socket accepted, IPEndPoint service)
    {
        using var upstream = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        using var client = accepted;
        client.NoDelay = true;
        try
        {
            await Serve(client, upstream, service);
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException)
        {
            // One of the two ends is gone, which is what this lab is about: the other is told by a reset.
        }

        client.LingerState = new LingerOption(true, 0);
    }

    private async Task Serve(Socket client, Socket upstream, IPEndPoint service)
    {
        await using var clientStream = new NetworkStream(client);
        var fromClient = PipeReader.Create(clientStream);
        NetworkStream? serverStream = null;
        PipeReader? fromServer = null;
        while (await RawHttpMessage.Read(fromClient, bodiless: false, () => Write(clientStream, "HTTP/1.1 100 Continue\r\n\r\n"), stop.Token) is { } request)
        {
            var fault = Next(request);
            if (await Refuse(fault, clientStream) is { } open)
            {
                if (open)
                    continue;
                await Hang(fault, fromClient);
                return;
            }

            if (serverStream is null)
            {
                await upstream.ConnectAsync(service, stop.Token);
                serverStream = new NetworkStream(upstream);
                fromServer = PipeReader.Create(serverStream);
            }

            await serverStream.WriteAsync(request.Raw, stop.Token);
            if (await Answer(fromServer!, request.StartLine[0] == "HEAD") is not { } response)
                return;
            if (fault == Fault.KillAfter)
                await kill();
            if (fault != Fault.None)
            {
                await Hang(fault, fromClient);
                return;
            }

            await clientStream.WriteAsync(response.Raw, stop.Token);
        }
    }

    private Fault Next(RawHttpMessage message)
    {
        lock (gate)
        {
            var request = new StorageRequest(requests.Count + 1, message.StartLine[0], message.StartLine[1]);
            requests.Add(request);
            var fault = plan.Next(request);
            LabReport.Count(fault);
            return fault;
        }
    }

    /// <summary>What befalls a request before storage sees it. Null: it is passed on; else whether the connection goes on.</summary>
    private async Task<bool?> Refuse(Fault fault, Stream client)
    {
        switch (fault)
        {
            case Fault.KillBefore:
                await kill();
                return false;
            case Fault.CutBefore or Fault.HangBefore:
                return false;
            case Fault.ServerError:
                await Write(client, "HTTP/1.1 500 Internal Server Error\r\nx-ms-error-code: InternalError\r\nContent-Length: 0\r\n\r\n");
                return true;
            case Fault.Busy:
                await Write(client, "HTTP/1.1 503 Service Unavailable\r\nx-ms-error-code: ServerBusy\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n");
                return true;
            default:
                return null;
        }
    }

    /// <summary>Keeps a client waiting until it has had enough; others are not kept.</summary>
    private async Task Hang(Fault fault, PipeReader client)
    {
        if (fault is not (Fault.HangBefore or Fault.HangAfter))
            return;
        while (await client.ReadAsync(stop.Token) is { IsCompleted: false } read)
            client.AdvanceTo(read.Buffer.End);
    }

    private async Task<RawHttpMessage?> Answer(PipeReader server, bool bodiless)
    {
        while (await RawHttpMessage.Read(server, bodiless, null, stop.Token) is { } response)
        {
            // The 100 that storage sends is ours: the client has had one already.
            if (response.Status >= 200)
                return response;
        }

        return null;
    }

    private async Task Write(Stream to, string text) => await to.WriteAsync(Encoding.ASCII.GetBytes(text), stop.Token);

    [GeneratedRegex("((Blob|Table)Endpoint=http://)([^/;]+)")]
    private static partial Regex Endpoints();
}
