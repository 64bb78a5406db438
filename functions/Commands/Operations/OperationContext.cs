using Registry.Access;
using Registry.Collection;
using Registry.Functions.Access;
using Registry.Functions.Hosting;
using Registry.Import;
using Registry.Storage;
using Registry.Verification;

namespace Registry.Functions.Commands.Operations;

/// <summary>What operations work with: in the running server, or in a command's own process.</summary>
internal sealed record OperationContext(Settings Settings, IStorageDriver Driver, ITableStore Tables, TimeProvider Time, IdSource Ids, ILoggerFactory Loggers)
{
    public RuleStore Rules => new(Tables);

    public AccountStore Accounts => new(Tables, Rules, Secrets, Time);

    public FederationStore Federations => new(Tables, Rules, Secrets, Time);

    public GarbageCollector Collector => new(Driver, Tables, Settings.Uploads, Settings.Collection, Time, Ids);

    public Verifier Verifier => new(Driver, Tables, Settings.Verification, Settings.Manifests, Time, Ids);

    public DistributionImport Import => new(Driver, Tables, Settings.Manifests, Settings.Collection, Time);

    /// <summary>Tells this process's copy of accounts and rules that it is old.</summary>
    public Action AccessChanged { get; init; } = () => { };

    /// <summary>Tells whoever asked for the operation how far it is. As often as it likes: few of many are passed on.</summary>
    public Func<OperationProgress, ValueTask> Report { get; init; } = _ => ValueTask.CompletedTask;

    private AccountSecrets Secrets => new(new FrameworkPasswordHasher(), Ids);
}
