using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Registry.Tests.HostEmulation;

/// <summary>A handler that answers what it was asked, or misbehaves as it is told by the header <c>Echo-Do</c> or the setting <c>ECHO_MODE</c>.</summary>
internal static class EchoHandler
{
    public const string Argument = "echo-handler";
    public const string DoHeader = "Echo-Do";
    public const string IdHeader = "Echo-Id";
    public const string ModeSetting = "ECHO_MODE";

    private static readonly ConcurrentDictionary<string, int> Attempts = new();
    private static readonly ConcurrentDictionary<string, long> Received = new();

    public static int Run()
    {
        var mode = Environment.GetEnvironmentVariable(ModeSetting);
        if (mode == "crash-at-start")
        {
            Console.Error.WriteLine("the echo handler was told to crash");
            return 7;
        }

        if (mode == "never-listen")
            Thread.Sleep(Timeout.Infinite);

        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.ListenLocalhost(int.Parse(Environment.GetEnvironmentVariable("FUNCTIONS_CUSTOMHANDLER_PORT")!, CultureInfo.InvariantCulture));
        });
        var app = builder.Build();
        app.Run(context => Answer(context, mode));
        app.Run();
        return 0;
    }

    private static async Task Answer(HttpContext context, string? mode)
    {
        var started = Stopwatch.GetTimestamp();
        var attempt = Attempts.AddOrUpdate(context.Request.Headers[IdHeader].ToString(), 1, (_, n) => n + 1);
        switch (context.Request.Headers[DoHeader].ToString().Split('='))
        {
            case ["abort", var times] when attempt <= int.Parse(times, CultureInfo.InvariantCulture):
                await context.Request.Body.CopyToAsync(Stream.Null, context.RequestAborted);
                context.Abort();
                return;
            case ["exit", var code]:
                Environment.Exit(int.Parse(code, CultureInfo.InvariantCulture));
                return;
            case ["tell-received", var id]:
                await context.Response.WriteAsync($"{Received.GetValueOrDefault(id)}", context.RequestAborted);
                return;
        }

        if (context.Request.Path == "/" && mode == "fail-at-home")
            context.Response.StatusCode = StatusCodes.Status500InternalServerError;
        else if (context.Request.Path == "/Tick")
            await AnswerTimer(context, mode);
        else
            await Echo(context, started, attempt);
    }

    private static async Task Echo(HttpContext context, long started, int attempt)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[16 * 1024];
        while (await context.Request.Body.ReadAsync(buffer, context.RequestAborted) is > 0 and var read)
        {
            hash.AppendData(buffer, 0, read);
            Received.AddOrUpdate(context.Request.Headers[IdHeader].ToString(), read, (_, total) => total + read);
        }

        var answer = new EchoAnswer(
            context.Request.Method,
            context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget,
            context.Request.Headers.ToDictionary(h => h.Key, h => h.Value.ToString(), StringComparer.OrdinalIgnoreCase),
            Convert.ToHexStringLower(hash.GetHashAndReset()),
            attempt,
            started,
            Environment.ProcessId,
            Environment.GetEnvironmentVariables().Keys.Cast<string>().Order().ToDictionary(n => n, n => Environment.GetEnvironmentVariable(n)!));
        await context.Response.WriteAsJsonAsync(answer, context.RequestAborted);
    }

    private static async Task AnswerTimer(HttpContext context, string? mode)
    {
        using var body = new StreamReader(context.Request.Body);
        var received = await body.ReadToEndAsync(context.RequestAborted);
        switch (mode)
        {
            case "timer-answers-nothing":
                return;
            case "timer-answers-null":
                await context.Response.WriteAsJsonAsync<object?>(null, context.RequestAborted);
                return;
            case "timer-answers-text":
                await context.Response.WriteAsync("done", context.RequestAborted);
                return;
            case "timer-fails":
                context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
                return;
            default:
                var headers = context.Request.Headers.ToDictionary(h => h.Key, h => h.Value.ToString());
                await context.Response.WriteAsJsonAsync(
                    new { Outputs = new { received, headers, context.Request.ContentType }, Logs = Array.Empty<string>(), ReturnValue = (object?)null },
                    context.RequestAborted);
                return;
        }
    }
}

/// <summary>What the handler saw of a request. <c>Started</c> is a <see cref="Stopwatch"/> timestamp, which all processes of a machine share.</summary>
internal sealed record EchoAnswer(
    string Method, string Target, Dictionary<string, string> Headers, string BodyHash, int Attempt, long Started, int ProcessId,
    Dictionary<string, string> Environment);
