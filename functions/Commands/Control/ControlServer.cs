using System.Net.Sockets;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Options;
using Registry.Functions.Commands.Operations;

namespace Registry.Functions.Commands.Control;

/// <summary>Takes operations from commands, on a socket in the data folder that its owner alone can open.</summary>
/// <remarks>
/// It is a server of its own, with one listener and no routes: nothing that listens on TCP shares anything with it, so no request from there, however it
/// is made, can reach an operation. Who has the data folder open has its lock, so a socket that is there already is a dead process's.
/// </remarks>
internal sealed partial class ControlServer : IAsyncDisposable
{
    private readonly KestrelServer server;
    private readonly ControlApplication application;
    private readonly string path;
    private readonly CancellationTokenSource stopping;
    private bool listens;

    private ControlServer(KestrelServer server, ControlApplication application, string path, CancellationTokenSource stopping)
    {
        this.server = server;
        this.application = application;
        this.path = path;
        this.stopping = stopping;
    }

    /// <summary>Listens in that data folder, which this process has open. Null where there can be no socket: that is logged, and the registry does without.</summary>
    public static async Task<ControlServer?> Start(string folder, OperationContext context, OperationList operations, CancellationToken cancellation)
    {
        var log = context.Loggers.CreateLogger<ControlServer>();
        var stopping = new CancellationTokenSource();
        var options = new KestrelServerOptions { AddServerHeader = false };
        options.Limits.MaxRequestBodySize = ControlApplication.MaxRequest;

        // A command that waits for its operation may be silent for as long as that takes.
        options.Limits.MinResponseDataRate = null;
        using var socket = new ControlSocket(folder);
        options.Listen(socket.Address);
        var transport = new SocketTransportOptions { CreateBoundListenSocket = Bind };
        var control = new ControlServer(
            new KestrelServer(Options.Create(options), new SocketTransportFactory(Options.Create(transport), context.Loggers), context.Loggers),
            new ControlApplication(context, operations, stopping.Token),
            socket.Path,
            stopping);
        try
        {
            File.Delete(socket.Path);
            await control.server.StartAsync(control.application, cancellation);
            control.listens = true;
            return control;
        }
        catch (Exception e)
        {
            await control.DisposeAsync();
            if (!cancellation.IsCancellationRequested)
                LogNoSocket(log, e, socket.Path);
            return null;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await server.StopAsync(CancellationToken.None);
        server.Dispose();
        if (listens)
            File.Delete(path);
        stopping.Dispose();
    }

    // Nobody can connect before it listens, and then it is the owner's alone.
    private static Socket Bind(System.Net.EndPoint endPoint)
    {
        var socket = SocketTransportOptions.CreateDefaultBoundListenSocket(endPoint);
        try
        {
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(endPoint.ToString()!, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    [LoggerMessage(31, LogLevel.Error, "Commands cannot reach this server while it runs: there can be no socket at {Path}")]
    private static partial void LogNoSocket(ILogger log, Exception exception, string path);
}
