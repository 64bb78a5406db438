using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Registry.Tests.Support;

namespace Registry.Tests.Telemetry;

/// <summary>Takes OTLP over HTTP, as a collector does, and keeps it.</summary>
internal sealed class OtlpReceiver : IAsyncDisposable
{

    private readonly WebApplication app;
    private readonly Lock gate = new();
    private readonly List<OtlpItem> items = [];
    private readonly List<string> headers = [];
    private readonly List<string> tokens = [];
    private TaskCompletionSource more = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private OtlpReceiver(WebApplication app) => this.app = app;

    public Uri Address => new(app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Single());

    /// <summary>What the exporter was told to send along.</summary>
    public IReadOnlyList<string> Keys
    {
        get
        {
            lock (gate)
                return [.. headers];
        }
    }

    /// <summary>What each request had for its Authorization.</summary>
    public IReadOnlyList<string> Tokens
    {
        get
        {
            lock (gate)
                return [.. tokens];
        }
    }

    /// <summary>What is answered; other than 200, nothing is taken.</summary>
    public int Status { get; set; } = StatusCodes.Status200OK;

    public static async Task<OtlpReceiver> Start()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var receiver = new OtlpReceiver(builder.Build());
        receiver.app.Run(receiver.Take);
        await receiver.app.StartAsync();
        return receiver;
    }

    /// <summary>The environment of a process that is to send here, soon.</summary>
    public Dictionary<string, string> Environment() => new()
    {
        ["OTEL_EXPORTER_OTLP_ENDPOINT"] = Address.AbsoluteUri,
        ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
        ["OTEL_EXPORTER_OTLP_HEADERS"] = "x-key=secret",
        ["OTEL_BSP_SCHEDULE_DELAY"] = "100",
        ["OTEL_BLRP_SCHEDULE_DELAY"] = "100",
        ["OTEL_METRIC_EXPORT_INTERVAL"] = "300",
    };

    /// <summary>The first that is so, of what has come or comes yet.</summary>
    public async Task<T> Wait<T>(Func<T, bool> isWanted)
        where T : OtlpItem
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Patience.Limit);
        while (true)
        {
            Task next;
            lock (gate)
            {
                if (items.OfType<T>().FirstOrDefault(isWanted) is { } found)
                    return found;
                next = more.Task;
            }

            try
            {
                await next.WaitAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                throw new TimeoutException($"no such {typeof(T).Name} came; what came: {string.Join('\n', All<T>().Select(i => i.ToString()).Distinct().TakeLast(100))}");
            }
        }
    }

    public IReadOnlyList<T> All<T>()
        where T : OtlpItem
    {
        lock (gate)
            return [.. items.OfType<T>()];
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private async Task Take(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        context.Response.StatusCode = Status;
        lock (gate)
            tokens.Add(context.Request.Headers.Authorization.ToString());
        if (Status != StatusCodes.Status200OK)
            return;
        var message = new ProtobufMessage(body.ToArray());
        var path = context.Request.Path.Value!;
        var taken = path[path.LastIndexOf("/v1/", StringComparison.Ordinal)..] switch
        {
            "/v1/traces" => OtlpItem.Spans(message).ToList(),
            "/v1/metrics" => OtlpItem.Points(message).ToList(),
            "/v1/logs" => OtlpItem.Logs(message).ToList(),
            _ => throw new InvalidDataException($"not a path of OTLP: {path}"),
        };
        lock (gate)
        {
            items.AddRange(taken);
            headers.Add(context.Request.Headers["x-key"].ToString());
            var waiting = more;
            more = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            waiting.SetResult();
        }

        context.Response.ContentType = "application/x-protobuf";
    }
}
