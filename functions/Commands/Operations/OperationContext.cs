using Registry.Access;
using Registry.Collection;
using Registry.Functions.Access;
using Registry.Functions.Hosting;
using Registry.Import;
using Registry.Lifecycle;
using Registry.Manifests;
using Registry.Storage;
using Registry.Verification;

namespace Registry.Functions.Commands.Operations;

/// <summary>What operations work with: in the running server, or in a command's own process.</summary>
internal sealed record OperationContext(Settings Settings, IStorageDriver Driver, ITableStore Tables, TimeProvider Time, IdSource Ids, ILoggerFactory Loggers)
{
    public RuleStore Rules => new(Tables);

    public AccountStore Accounts => new(Tables, Rules, Secrets, Time);

    public FederationStore Federations => new(Tables, Rules, Secrets, Time);

    public ImmutableTagStore ImmutableTags => new(Tables);

    public RetentionStore Retention => new(Tables);

    public RetentionPreview RetentionPreview => new(Tables, Settings.Collection) { Report = ReportRows };

    public ExplainService Explaining => new(Tables, Settings.Collection) { Report = ReportRows };

    public GarbageCollector Collector => new(Driver, Tables, Settings.Uploads, Settings.Collection, Time, Ids);

    public RestoreService Restoring => new(Driver, Tables, Manifests, Settings.Collection) { Report = (done, total) => Report(new OperationProgress("manifests", done, total)) };

    public Verifier Verifier => new(Driver, Tables, Settings.Verification, Settings.Manifests, Time, Ids);

    public DistributionImport Import => new(Driver, Tables, Settings.Manifests, Settings.Collection, Time);

    /// <summary>Tells this process's copies of accounts and rules that they are old.</summary>
    public Action RulesChanged { get; init; } = () => { };

    /// <summary>Tells whoever asked for the operation how far it is. As often as it likes: few of many are passed on.</summary>
    public Func<OperationProgress, ValueTask> Report { get; init; } = _ => ValueTask.CompletedTask;

    // A command has no old copy of the rules to go on with: what fails, fails it.
    private ManifestService Manifests => new(Driver, Tables, new ManifestCache(0), new ImmutableTags(Tables, Time, onFailure: _ => { }), Settings.Manifests, Settings.Collection, Time, Ids);

    private Func<long, ValueTask> ReportRows => rows => Report(new OperationProgress("rows", rows));

    private AccountSecrets Secrets => new(new FrameworkPasswordHasher(), Ids);
}
