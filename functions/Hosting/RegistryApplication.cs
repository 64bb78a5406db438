using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Registry.Functions.Access;
using Registry.Functions.CollectGarbage;
using Registry.Functions.Commands.Control;
using Registry.Functions.Commands.Operations;
using Registry.Functions.Http;
using Registry.Storage;

namespace Registry.Functions.Hosting;

/// <summary>The executable: the same in all three ways to run it.</summary>
public sealed class RegistryApplication : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly OpenStorage storage;
    private readonly Settings settings;
    private readonly ListenAddress address;
    private readonly AccessServices access;
    private readonly RegistryParts parts;

    private readonly Maintenance maintenance;
    private readonly CancellationTokenSource stopping = new();
    private Task maintaining = Task.CompletedTask;
    private Task<ControlServer?> control = Task.FromResult<ControlServer?>(null);

    private RegistryApplication(WebApplication app, OpenStorage storage, Settings settings, ListenAddress address, Maintenance maintenance, AccessServices access, RegistryParts parts)
    {
        this.parts = parts;
        this.access = access;
        this.maintenance = maintenance;
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
        ConfigureLogging(builder.Logging, builder.Configuration);
        builder.Services.AddSingleton(address);
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
        app.Use(next => new Envelope(next, urls, parts.Ids, logger).Invoke);
        app.UseRouting();
        app.Use(address.NeedsAuth(settings.Auth) ? next => context => access.Gate.Invoke(context, next) : AccessGate.Open);
        var composition = new Composition(settings, storage, urls, parts.Time, parts.Ids, loggers);
        if (address.NeedsAuth(settings.Auth))
            composition.Functions.Add("Token", access.Token);
        if (address.BehindFunctions)
            composition.Functions.Add("CollectGarbage", new CollectGarbageFunction(composition.Maintenance));
        FunctionRoutes.Map(app, AppContext.BaseDirectory, composition.Functions);
        return new RegistryApplication(app, storage, settings, address, composition.Maintenance, access, parts);
    }

    public async Task Start(CancellationToken cancellation)
    {
        if (address.NeedsAuth(settings.Auth))
            await access.AddFirstAdministrator(settings.Auth, cancellation);
        try
        {
            await app.StartAsync(cancellation);
        }
        catch (IOException e) when (e.InnerException is Microsoft.AspNetCore.Connections.AddressInUseException)
        {
            throw new SettingException($"{e.Message}: another program listens there; choose another address with --urls");
        }

        Banner.Print(Console.Out, Urls, settings, address);

        // A start does not wait for it: a command that comes earlier does.
        control = Task.Run(StartControl, CancellationToken.None);

        // The Functions host has a timer for it; elsewhere the process is there all the time.
        if (!address.BehindFunctions)
            maintaining = maintenance.RunForever(stopping.Token);
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
    }

    // Where other processes can open the storage too, commands do that.
    private async Task<ControlServer?> StartControl()
    {
        if (!storage.IsExclusive)
            return null;
        var loggers = app.Services.GetRequiredService<ILoggerFactory>();
        var context = new OperationContext(settings, storage.Driver, storage.Tables, parts.Time, parts.Ids, loggers) { AccessChanged = access.Directory.Expire };
        return await ControlServer.Start(settings.Storage.RootDirectory, context, OperationList.All, stopping.Token);
    }

    private static void ConfigureLogging(ILoggingBuilder logging, ConfigurationManager configuration)
    {
        logging.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ ";
            console.UseUtcTimestamp = true;
        });
        logging.SetMinimumLevel(LogLevel.Information);
        logging.AddFilter("Microsoft", LogLevel.Warning);

        // It warns that keys are not encrypted by itself: what protects them in storage is in docs/decisions/0005-tokens.md.
        logging.AddFilter("Microsoft.AspNetCore.DataProtection", LogLevel.Error);
        logging.AddConfiguration(configuration.GetSection("Logging"));
    }

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
    }
}
