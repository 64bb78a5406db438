using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Registry.Tests.HostEmulation;

/// <summary>Invokes a timer function: the host's own JSON, posted to the function's name.</summary>
internal sealed class TimerInvoker(HandlerPackage package, HandlerProcess handler, FunctionsHostOptions options) : IDisposable
{
    private readonly HttpClient client = new(new SocketsHttpHandler { UseCookies = false, UseProxy = false }) { Timeout = Timeout.InfiniteTimeSpan };

    /// <returns>The JSON object that the handler answered.</returns>
    /// <exception cref="InvocationFailedException">The host counts the invocation as failed.</exception>
    /// <exception cref="TimeoutException">The invocation hangs: on the host it would for ever.</exception>
    public async Task<JsonElement> Invoke(string functionName, CancellationToken cancellation)
    {
        var function = package.Functions.Single(f => f.Name == functionName && f.TimerBinding is not null);
        await handler.WaitUntilReady(cancellation);

        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(handler.Address, functionName));
        request.Content = JsonContent.Create(Payload(function));
        request.Headers.Add(HttpInvoker.HostVersionHeader, HttpInvoker.HostVersion);
        request.Headers.Add(HttpInvoker.InvocationIdHeader, Guid.NewGuid().ToString());
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("Azure-Functions-Host", HttpInvoker.HostVersion));

        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(options.TimerPatience);
        try
        {
            using var answer = await client.SendAsync(request, patience.Token);
            return await ReadResult(functionName, answer, patience.Token)
                ?? throw new TimeoutException($"{functionName} hangs: its answer has no JSON in it");
        }
        catch (HttpRequestException e)
        {
            throw new InvocationFailedException($"{functionName} failed: {e.Message}", e);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new TimeoutException($"{functionName} did not answer in {options.TimerPatience}");
        }
    }

    public void Dispose() => client.Dispose();

    /// <summary>What the host makes of the answer. Null: it waits for ever for a result that it has already read as nothing.</summary>
    private static async Task<JsonElement?> ReadResult(string name, HttpResponseMessage answer, CancellationToken cancellation)
    {
        answer.EnsureSuccessStatusCode();
        var body = await answer.Content.ReadAsByteArrayAsync(cancellation);
        if (body.AsSpan().Trim(" \t\r\n"u8).IsEmpty)
            return null;

        if (answer.Content.Headers.ContentType?.MediaType is not ("application/json" or "text/json"))
            throw new InvocationFailedException($"{name} failed: its answer is of type {answer.Content.Headers.ContentType}");

        try
        {
            var result = JsonSerializer.Deserialize<JsonElement>(body);
            return result.ValueKind switch
            {
                JsonValueKind.Object => result,
                JsonValueKind.Null => null,
                _ => throw new InvocationFailedException($"{name} failed: its answer is no JSON object"),
            };
        }
        catch (JsonException e)
        {
            throw new InvocationFailedException($"{name} failed: its answer is no JSON", e);
        }
    }

    private static JsonObject Payload(FunctionDefinition function) => new()
    {
        ["Data"] = new JsonObject
        {
            [function.TimerBinding!] = new JsonObject
            {
                ["Schedule"] = new JsonObject { ["AdjustForDST"] = true },
                ["ScheduleStatus"] = null,
                ["IsPastDue"] = false,
            },
        },
        ["Metadata"] = new JsonObject
        {
            ["sys"] = new JsonObject
            {
                ["MethodName"] = function.Name,
                ["UtcNow"] = DateTime.UtcNow,
                ["RandGuid"] = Guid.NewGuid().ToString(),
            },
        },
    };
}
