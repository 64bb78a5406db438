using Azure.Core;
using Azure.Core.Pipeline;

namespace Registry.Storage.Azure;

/// <summary>The connections to storage: one pool for the whole process.</summary>
public static class AzureTransport
{
    /// <summary>The pool that every store of this process shares.</summary>
    public static HttpPipelineTransport Shared { get; } = Create(CreateHandler());

    /// <summary>Makes a transport over a handler. Time limits are the pipeline's, for each try, not the client's for all of them.</summary>
    public static HttpPipelineTransport Create(HttpMessageHandler handler) =>
        new HttpClientTransport(new HttpClient(new StorageHandler(handler)) { Timeout = Timeout.InfiniteTimeSpan });

    /// <summary>Takes the library's own spans and log events away: nobody listens to them, and they are made for each request all the same. The requests' spans are HttpClient's (docs/operate.md), their failures are in the exceptions.</summary>
    public static void LeaveDiagnosticsToHttp(DiagnosticsOptions diagnostics)
    {
        ArgumentNullException.ThrowIfNull(diagnostics);
        diagnostics.IsDistributedTracingEnabled = false;
        diagnostics.IsLoggingEnabled = false;
    }

    /// <summary>Makes a pool as it suits storage: HTTP/1.1 connections that are kept alive, and nothing between us and it.</summary>
    public static SocketsHttpHandler CreateHandler() => new()
    {
        // A proxy would be looked up for each request, and a registry that streams layers is not meant to stand behind one.
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,

        // A Functions instance of the Consumption plan has 600 outgoing connections for everything. Blobs and tables are a host each.
        MaxConnectionsPerServer = 200,
        ConnectTimeout = TimeSpan.FromSeconds(10),

        // Azure's load balancers forget an idle connection after four minutes, without telling either end.
        PooledConnectionIdleTimeout = TimeSpan.FromMinutes(2),

        // Connections are made anew now and then, so that a changed address (an account that failed over) is found.
        PooledConnectionLifetime = TimeSpan.FromMinutes(15),
    };
}
