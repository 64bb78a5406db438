using Registry.Collection;
using Registry.Functions.CollectGarbage;
using Registry.Functions.Http;
using Registry.Layers;
using Registry.Lifecycle;
using Registry.Manifests;
using Registry.Repositories;
using Registry.Verification;

namespace Registry.Functions.Hosting;

/// <summary>Puts the services and the functions together.</summary>
internal sealed partial class Composition
{
    /// <summary>What the upload lane has: everything else is the front's.</summary>
    private static readonly string[] ofLane = ["Health", "HealthReady", "Home", "UploadSession"];

    private readonly ILogger log;

    public Composition(Settings settings, OpenStorage storage, PublicUrls urls, UploadUrls uploads, TimeProvider time, IdSource ids, ILoggerFactory loggers)
    {
        var (driver, tables) = (storage.Driver, storage.Tables);
        var layers = new LayerService(driver, tables, settings.Uploads, settings.Collection, time, ids);
        var catalog = new RepositoryCatalog(tables);
        log = loggers.CreateLogger<Composition>();
        ImmutableTags = new ImmutableTags(tables, time, LogOldCopy);
        var manifests = new ManifestService(driver, tables, new ManifestCache(settings.Manifests.CacheSize), ImmutableTags, settings.Manifests, settings.Collection, time, ids);

        Collector = new GarbageCollector(driver, tables, settings.Uploads, settings.Collection, time, ids);
        var verifier = new Verifier(driver, tables, settings.Verification, settings.Manifests, time, ids);
        Maintenance = new Maintenance(Collector, verifier, settings.Collection, time, loggers.CreateLogger<Maintenance>());
        Functions = new(StringComparer.Ordinal)
        {
            ["ApiVersion"] = new ApiVersion.ApiVersionFunction(),
            ["Blob"] = new Blob.BlobFunction(layers, settings.Redirect),
            ["Catalog"] = new Catalog.CatalogFunction(catalog, urls),
            ["Health"] = new Health.HealthFunction(),
            ["HealthReady"] = new HealthReady.HealthReadyFunction(new Health.Readiness(storage, time, loggers.CreateLogger<Health.Readiness>())),
            ["Home"] = new Home.HomeFunction(),
            ["Manifest"] = new Manifest.ManifestFunction(manifests, settings.Manifests, urls),
            ["Referrers"] = new Referrers.ReferrersFunction(new ReferrerService(driver, tables), urls),
            ["TagsList"] = new TagsList.TagsListFunction(manifests, urls),
            ["UploadSession"] = new UploadSession.UploadSessionFunction(layers, urls, uploads),
            ["UploadStart"] = new UploadStart.UploadStartFunction(layers, urls, uploads),
            ["zFallback"] = new Fallback.FallbackFunction(),
        };
        if (settings.UploadLane.IsLane)
            Functions = new(Functions.Where(f => ofLane.Contains(f.Key)), StringComparer.Ordinal) { ["zFallback"] = new Fallback.LaneFallbackFunction() };
    }

    /// <summary>The functions that answer HTTP, by the name of their folder.</summary>
    public Dictionary<string, IFunction> Functions { get; }

    public ImmutableTags ImmutableTags { get; }

    public GarbageCollector Collector { get; }

    public Maintenance Maintenance { get; }

    [LoggerMessage(27, LogLevel.Error, "The rules of immutable tags could not be read; the last copy goes on being used for up to five minutes")]
    private partial void LogOldCopy(Exception exception);
}
