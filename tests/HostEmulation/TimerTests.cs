using System.Net;
using System.Text.Json;

namespace Registry.Tests.HostEmulation;

public sealed class TimerTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_timer_is_posted_to_the_functions_name_as_JSON_without_forwarded_headers()
    {
        await using var app = await Start(mode: "");
        var result = await app.Host.TriggerTimer("Tick", Cancellation);

        var seen = result.GetProperty("outputs");
        Assert.StartsWith("application/json", seen.GetProperty("contentType").GetString(), StringComparison.Ordinal);
        Assert.DoesNotContain(
            seen.GetProperty("headers").EnumerateObject(), h => h.Name.StartsWith("X-Forwarded-", StringComparison.OrdinalIgnoreCase));

        using var received = JsonDocument.Parse(seen.GetProperty("received").GetString()!);
        Assert.False(received.RootElement.GetProperty("Data").GetProperty("timer").GetProperty("IsPastDue").GetBoolean());
        Assert.Equal("Tick", received.RootElement.GetProperty("Metadata").GetProperty("sys").GetProperty("MethodName").GetString());
    }

    [Fact]
    public async Task A_client_that_posts_to_a_timers_name_is_not_the_timer()
    {
        await using var app = await Start(mode: "");
        using var answer = await app.Send(HttpMethod.Post, "/Tick", new StringContent("{}"));
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
    }

    [Theory]
    [InlineData("timer-answers-nothing")]
    [InlineData("timer-answers-null")]
    public async Task A_timer_whose_answer_holds_no_JSON_hangs(string mode)
    {
        await using var app = await Start(mode);
        await Assert.ThrowsAsync<TimeoutException>(() => app.Host.TriggerTimer("Tick", Cancellation));
    }

    [Theory]
    [InlineData("timer-answers-text")]
    [InlineData("timer-fails")]
    public async Task A_timer_whose_answer_is_an_error_or_no_JSON_has_failed(string mode)
    {
        await using var app = await Start(mode);
        await Assert.ThrowsAsync<InvocationFailedException>(() => app.Host.TriggerTimer("Tick", Cancellation));
    }

    private static Task<EchoHost> Start(string mode) => EchoHost.Start(
        new EchoPackage().Http("Api", "v2/{*path}").Timer("Tick"),
        new FunctionsHostOptions { AppSettings = new Dictionary<string, string> { [EchoHandler.ModeSetting] = mode } });
}
