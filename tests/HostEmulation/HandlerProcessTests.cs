using System.Net;

namespace Registry.Tests.HostEmulation;

public sealed class HandlerProcessTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_handler_finds_its_port_the_package_and_the_app_settings_in_its_environment()
    {
        await using var app = await Start(new FunctionsHostOptions { AppSettings = Setting("Storage__Driver", "memory") });
        var environment = (await app.Echo(HttpMethod.Get, "/v2/")).Environment;
        Assert.Equal($"{app.Host.Handler.Address.Port}", environment["FUNCTIONS_CUSTOMHANDLER_PORT"]);
        Assert.NotEmpty(environment["FUNCTIONS_CUSTOMHANDLER_WORKER_ID"]);
        Assert.True(File.Exists(Path.Combine(environment["FUNCTIONS_APP_ROOT_PATH"], "host.json")));
        Assert.Equal("memory", environment["Storage__Driver"]);
    }

    [Fact]
    public async Task Any_answer_at_all_to_the_ping_means_that_the_handler_is_up()
    {
        await using var app = await Start(Mode("fail-at-home"));
        Assert.Equal("/v2/", (await app.Echo(HttpMethod.Get, "/v2/")).Target);
    }

    [Fact]
    public async Task A_crashed_handler_is_started_again_on_the_same_port_and_its_request_fails()
    {
        await using var app = await Start();
        var before = await app.Echo(HttpMethod.Get, "/v2/");
        using var failed = await app.Send(HttpMethod.Post, "/v2/", new StringContent("body"), (EchoHandler.DoHeader, "exit=3"));
        Assert.Equal(HttpStatusCode.InternalServerError, failed.StatusCode);

        await Started(app, starts: 2);
        var after = await app.Echo(HttpMethod.Post, "/v2/", new StringContent("body"));
        Assert.NotEqual(before.ProcessId, after.ProcessId);
        Assert.Equal(before.Headers["Host"], after.Headers["Host"]);
    }

    [Fact]
    public async Task A_killed_handler_is_started_again()
    {
        await using var app = await Start();
        var before = await app.Echo(HttpMethod.Get, "/v2/");
        app.Host.Handler.Kill();
        await Started(app, starts: 2);
        Assert.NotEqual(before.ProcessId, (await app.Echo(HttpMethod.Get, "/v2/")).ProcessId);
    }

    [Fact]
    public async Task After_the_third_crash_the_host_gives_up()
    {
        await using var app = await Start();
        for (var crash = 1; crash <= 3; crash++)
        {
            await Started(app, starts: crash);
            using var failed = await app.Send(HttpMethod.Post, "/v2/", new StringContent("body"), (EchoHandler.DoHeader, "exit=3"));
            Assert.Equal(HttpStatusCode.InternalServerError, failed.StatusCode);
        }

        await app.Host.Handler.Stopped.WaitAsync(Cancellation);
        using var stopped = await app.Send(HttpMethod.Get, "/v2/");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, stopped.StatusCode);
        Assert.Equal(3, app.Host.Handler.Starts);
    }

    [Fact]
    public async Task A_handler_that_ends_well_is_not_started_again()
    {
        await using var app = await Start();
        using var failed = await app.Send(HttpMethod.Post, "/v2/", new StringContent("body"), (EchoHandler.DoHeader, "exit=0"));
        Assert.Equal(HttpStatusCode.InternalServerError, failed.StatusCode);
        await app.Host.Handler.Stopped.WaitAsync(Cancellation);
        using var refused = await app.Send(HttpMethod.Get, "/v2/");
        Assert.Equal(HttpStatusCode.InternalServerError, refused.StatusCode);
        Assert.Equal(1, app.Host.Handler.Starts);
    }

    [Fact]
    public async Task Exit_code_200_asks_for_a_restart_and_is_no_crash()
    {
        await using var app = await Start();
        for (var restart = 1; restart <= 4; restart++)
        {
            using var failed = await app.Send(HttpMethod.Post, "/v2/", new StringContent("body"), (EchoHandler.DoHeader, "exit=200"));
            Assert.Equal(HttpStatusCode.InternalServerError, failed.StatusCode);
            await Started(app, starts: restart + 1);
        }
    }

    [Fact]
    public async Task A_handler_that_crashes_at_its_start_is_reported_with_what_it_wrote()
    {
        var stopped = await Assert.ThrowsAsync<HostStoppedException>(() => Start(Mode("crash-at-start")));
        Assert.Contains("the echo handler was told to crash", stopped.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_handler_that_never_answers_is_given_up()
    {
        var options = Mode("never-listen") with { StartupTimeout = TimeSpan.FromMilliseconds(100) };
        await Assert.ThrowsAsync<HostStoppedException>(() => Start(options));
    }

    [Fact]
    public async Task A_package_that_the_host_would_not_proxy_is_refused()
    {
        using var buffered = new EchoPackage(proxying: false).Http("All", "{*path}");
        using var unbound = new EchoPackage().Function("All", new { type = "httpTrigger", direction = "in", name = "req" });
        using var misnamed = new EchoPackage().Http("no dots.please", "{*path}");
        foreach (var package in new[] { buffered, unbound, misnamed })
            await Assert.ThrowsAsync<InvalidDataException>(() => FunctionsHost.Start(package.Folder, new FunctionsHostOptions(), Cancellation));
    }

    private static Task<EchoHost> Start(FunctionsHostOptions? options = null) => EchoHost.Start(new EchoPackage().Http("All", "{*path}"), options);

    /// <summary>Waits until the handler was started that often and answers. Until the host has noticed a crash, it forwards to nobody.</summary>
    private static async Task Started(EchoHost app, int starts)
    {
        while (app.Host.Handler.Starts < starts)
            await Task.Delay(10, Cancellation);
        await app.Host.Handler.WaitUntilReady(Cancellation);
    }

    private static FunctionsHostOptions Mode(string mode) => new() { AppSettings = Setting(EchoHandler.ModeSetting, mode) };

    private static Dictionary<string, string> Setting(string name, string value) => new() { [name] = value };
}
