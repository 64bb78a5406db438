using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.AspNetCore.Http;

namespace Registry.Tests.Support;

/// <summary>The requests that a server of this process was sent, in the order of their arrival.</summary>
/// <remarks>
/// ASP.NET's own diagnostic events are the source, so nothing stands between client and server. A request is noted before it is handled:
/// when a client has its answer, its request is in the log.
/// </remarks>
public sealed class RequestLog : IDisposable, IObserver<DiagnosticListener>, IObserver<KeyValuePair<string, object?>>
{
    private readonly int port;
    private readonly ConcurrentQueue<LoggedRequest> requests = new();
    private readonly ConcurrentBag<IDisposable> subscriptions = [];

    /// <summary>Begins to listen to the server of a port.</summary>
    public RequestLog(Uri server)
    {
        port = server.Port;
        subscriptions.Add(DiagnosticListener.AllListeners.Subscribe(this));
    }

    /// <summary>The requests that an action makes.</summary>
    public async Task<LoggedRequest[]> During(Func<Task> action)
    {
        var before = requests.Count;
        await action();
        return [.. requests.Skip(before)];
    }

    public void OnNext(DiagnosticListener value)
    {
        if (value.Name == "Microsoft.AspNetCore")
            subscriptions.Add(value.Subscribe(this));
    }

    public void OnNext(KeyValuePair<string, object?> value)
    {
        if (value is { Key: "Microsoft.AspNetCore.Hosting.HttpRequestIn.Start", Value: HttpContext context } && context.Connection.LocalPort == port)
            requests.Enqueue(new LoggedRequest(context.Request.Method, context.Request.Path, context.Request.QueryString.Value ?? ""));
    }

    public void OnCompleted()
    {
    }

    public void OnError(Exception error) => throw new InvalidOperationException("the diagnostic events of ASP.NET broke off", error);

    public void Dispose()
    {
        foreach (var subscription in subscriptions)
            subscription.Dispose();
    }
}

/// <param name="Method">The HTTP method.</param>
/// <param name="Path">The path, decoded.</param>
/// <param name="Query">The query with its question mark; empty without one.</param>
public sealed record LoggedRequest(string Method, string Path, string Query)
{
    /// <summary>Sends content of a blob: PATCH or PUT on an upload. Its POST alone sends nothing.</summary>
    public bool UploadsContent => Method is "PATCH" or "PUT" && Path.Contains("/blobs/uploads/", StringComparison.Ordinal);

    public bool MountsFrom(string repository) =>
        Method == "POST" && Query.Contains("mount=", StringComparison.Ordinal) && Uri.UnescapeDataString(Query).Contains($"from={repository}", StringComparison.Ordinal);

    public override string ToString() => $"{Method} {Path}{Query}";
}
