using System.Diagnostics;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Registry.Functions.Access;
using Registry.Functions.CollectGarbage;
using Registry.Functions.Commands.Control;
using Registry.Functions.Commands.Operations;
using Registry.Functions.Http;
using Registry.Functions.Telemetry;
using Registry.Storage;
using Registry.Telemetry;

namespace Registry.Functions.Hosting;

/// <summary>The executable: the same in all three ways to run it.</summary>
public sealed partial class RegistryApplication : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly OpenStorage storage;
    private readonly Settings settings;
    private readonly ListenAddress address;
    private readonly AccessServices access;
    private readonly RegistryParts parts;
    private readonly IDisposable? telemetry;
    private readonly ILogger log;

    private readonly Composition composition;
    private readonly CancellationTokenSource stopping = new();
    private Task maintaining = Task.CompletedTask;
    private Task<ControlServer?> control = Task.FromResult<ControlServer?>(null);

    private RegistryApplication(WebApplication app, OpenStorage storage, Settings settings, ListenAddress address, Composition composition, AccessServices access, IDisposable? telemetry, RegistryParts parts)
    {
        this.parts = parts;
        this.telemetry = telemetry;
        log = app.Services.GetRequiredService<ILogger<RegistryApplication>>();
        this.access = access;
        this.composition = composition;
        this.app = app;
        this.storage = storage;
        this.settings = settings;
        this.address = address;
    }

    /// <summary>Where it listens, once it is started.</summary>
    public IReadOnlyCollection<string> Urls => [.. app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses];

    /// <summary>Reads the settings, opens the storage, and puts the registry together. It does not listen yet.</summary>
    /// <exception cref="SettingException">A setting is wrong, or the storage that the settings name cannot be opened.</exception>
    public static Task<RegistryApplication> Create(string[] args) => Create(args, new RegistryParts());

    /// <summary>The same, with some of it replaced.</summary>
    /// <exception cref="SettingException">A setting is wrong, or the storage that the settings name cannot be opened.</exception>
    public static async Task<RegistryApplication> Create(string[] args, RegistryParts parts)
    {
        ArgumentNullException.ThrowIfNull(parts);
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
        var settings = Settings.Read(builder.Configuration);
        var address = ListenAddress.Read(builder.Configuration);
        ConsoleLog.Configure(builder.Logging, builder.Configuration, address, parts.Time);
        var telemetry = TelemetryPipeline.IsWanted(builder.Configuration) ? StartTelemetry(builder, settings.Telemetry) : null;
        builder.Services.AddSingleton(address);
        builder.Services.AddSingleton<IMemoryPoolFactory<byte>, BlockPool.Factory>();
        builder.WebHost.UseUrls(address.Urls).ConfigureKestrel(ConfigureKestrel);

        // The slim builder leaves the regex constraint out, which the routes of the function.json files have.
        builder.Services.Configure<RouteOptions>(options => options.SetParameterPolicy<RouteRegex>("regex"));

        var storage = parts.Storage is { } open
            ? await OpenStorage.Of(open.Driver, open.Tables, CancellationToken.None)
            : await OpenStorage.Open(settings.Storage, parts.Time, parts.Ids, CancellationToken.None);
        var app = builder.Build();
        var urls = new PublicUrls(settings.PublicBaseUrl);
        var logger = app.Services.GetRequiredService<ILogger<Envelope>>();
        var loggers = app.Services.GetRequiredService<ILoggerFactory>();
        var access = new AccessServices(settings.Auth, settings.PublicBaseUrl, address, storage.Driver, storage.Tables, parts, loggers);
        var lane = settings.UploadLane;
        var signatures = lane.IsLane || lane.PublicBaseUrl is not null ? new UploadSignatures(access.Keys, lane.UrlLifetime, parts.Time) : null;

        // The lane's answers lead back to the host that the client called: it may not know its own name.
        var uploads = new UploadUrls(lane.IsLane ? new PublicUrls(null) : urls, lane.PublicBaseUrl is { } url ? new PublicUrls(url) : null, signatures);
        telemetry?.ReportTo(loggers);
        if (telemetry is not null)
            app.Use(RequestTelemetry.Around);
        app.Use(next => new Envelope(next, uploads, parts.Ids, logger).Invoke);
        app.UseRouting();
        app.Use(Gate(settings, address, access, signatures, parts.Time));
        var composition = new Composition(settings, storage, urls, uploads, parts.Time, parts.Ids, loggers);
        if (address.NeedsAuth(settings.Auth) && !lane.IsLane)
            composition.Functions.Add("Token", access.Token);
        if (address.BehindFunctions)
            composition.Functions.Add("CollectGarbage", new CollectGarbageFunction(composition.Maintenance));
        FunctionRoutes.Map(app, AppContext.BaseDirectory, composition.Functions);
        return new RegistryApplication(app, storage, settings, address, composition, access, telemetry, parts);
    }

    private static Func<RequestDelegate, RequestDelegate> Gate(Settings settings, ListenAddress address, AccessServices access, UploadSignatures? signatures, TimeProvider time)
    {
        var needsAuth = address.NeedsAuth(settings.Auth);
        if (!settings.UploadLane.IsLane)
            return needsAuth ? next => context => access.Gate.Invoke(context, next) : AccessGate.Open;
        var gate = new UploadLaneGate(signatures!, needsAuth ? access.Directory : null, time);
        return next => context => gate.Invoke(context, next);
    }

    public async Task Start(CancellationToken cancellation)
    {
        if (address.NeedsAuth(settings.Auth) && !settings.UploadLane.IsLane)
            await access.AddFirstAdministrator(settings.Auth, cancellation);
        try
        {
            await app.StartAsync(cancellation);
        }
        catch (IOException e) when (e.InnerException is Microsoft.AspNetCore.Connections.AddressInUseException)
        {
            throw new SettingException($"{e.Message.TrimEnd('.')}: another program listens there; choose another address with --urls");
        }
        catch (SocketException e)
        {
            throw new SettingException($"{string.Join(';', address.Urls)} cannot be listened on: {e.Message}; choose another address with --urls");
        }

        Banner.Print(Console.Out, Urls, settings, address);
        RecordStart();

        // A start does not wait for it: a command that comes earlier does.
        control = Task.Run(StartControl, CancellationToken.None);

        // The Functions host has a timer for it, and behind it the lane has nothing to do; elsewhere the process is there all the time.
        if (!address.BehindFunctions && !settings.UploadLane.IsLane)
            maintaining = composition.Maintenance.RunForever(stopping.Token);
    }

    /// <summary>Starts, and ends when the process is told to.</summary>
    public async Task Run()
    {
        await Start(CancellationToken.None);
        await app.WaitForShutdownAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (await control is { } listening)
            await listening.DisposeAsync();
        await app.StopAsync();
        await stopping.CancelAsync();
        await maintaining.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stopping.Dispose();
        await app.DisposeAsync();
        await access.DisposeAsync();
        await storage.DisposeAsync();
        telemetry?.Dispose();
    }

    // Where other processes can open the storage too, commands do that.
    private async Task<ControlServer?> StartControl()
    {
        if (!storage.IsExclusive)
            return null;
        var loggers = app.Services.GetRequiredService<ILoggerFactory>();
        var context = new OperationContext(settings, storage.Driver, storage.Tables, parts.Time, parts.Ids, loggers) { RulesChanged = ExpireCopies };
        return await ControlServer.Start(settings.Storage.RootDirectory, context, OperationList.All, stopping.Token);
    }

    private void ExpireCopies()
    {
        access.Directory.Expire();
        composition.ImmutableTags.Expire();
    }

    private void RecordStart()
    {
        using var self = Process.GetCurrentProcess();
        var took = parts.Time.GetUtcNow() - self.StartTime.ToUniversalTime();
        RegistryMetrics.StartDuration.Record(took.TotalSeconds);
        LogStarted(log, (long)took.TotalMilliseconds);
    }

    [LoggerMessage(40, LogLevel.Information, "The registry started in {Milliseconds} ms")]
    private static partial void LogStarted(ILogger log, long milliseconds);

    // A method of its own, so that the runtime loads OpenTelemetry only when it is called.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static TelemetryPipeline StartTelemetry(WebApplicationBuilder builder, TelemetrySettings settings) => TelemetryPipeline.Start(builder.Configuration, builder.Logging, settings);

    private static void ConfigureKestrel(Microsoft.AspNetCore.Server.Kestrel.Core.KestrelServerOptions kestrel)
    {
        kestrel.AddServerHeader = false;
        kestrel.ConfigureEndpointDefaults(BareErrors.Use);

        // Layers have any size; the registry's own limit answers with an envelope.
        kestrel.Limits.MaxRequestBodySize = null;

        // A client may stall for a minute and go on: what it sent is safe, and a slow line is no reason to send it again.
        kestrel.Limits.MinRequestBodyDataRate = new(bytesPerSecond: 1, gracePeriod: TimeSpan.FromMinutes(1));

        // Beyond Envelope's limits, so that what is too long is still answered as the API answers.
        kestrel.Limits.MaxRequestLineSize = Envelope.MaxTarget * 4;
        kestrel.Limits.MaxRequestHeadersTotalSize = Envelope.MaxHeaders * 4;
        kestrel.Limits.MaxRequestBufferSize = kestrel.Limits.MaxRequestLineSize * 16;

        // A few blocks ahead of the socket, so that content is read while the last of it is sent.
        kestrel.Limits.MaxResponseBufferSize = 4 * BlockPool.BlockSize;
    }
}
