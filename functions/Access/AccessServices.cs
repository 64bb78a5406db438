using Registry.Access;
using Registry.Access.Oidc;
using Registry.Functions.Hosting;
using Registry.Functions.Token;
using Registry.Storage;

namespace Registry.Functions.Access;

/// <summary>The services of access control, put together.</summary>
internal sealed partial class AccessServices : IAsyncDisposable
{
    private readonly LoginLimiter limiter;
    private readonly HttpsDocuments? documents;
    private readonly ILogger log;

    public AccessServices(
        AuthSettings settings, Uri? publicBaseUrl, ListenAddress listens, IStorageDriver driver, ITableStore tables, RegistryParts parts, ILoggerFactory loggers)
    {
        log = loggers.CreateLogger<AccessServices>();
        var time = parts.Time;
        var secrets = new AccountSecrets(new FrameworkPasswordHasher(), parts.Ids);
        Rules = new RuleStore(tables);
        Accounts = new AccountStore(tables, Rules, secrets, time);
        Federations = new FederationStore(tables, Rules, secrets, time);
        Directory = new AccessDirectory(tables, time, LogOldCopy);
        limiter = new LoginLimiter(time);
        documents = parts.OidcDocuments is null ? new HttpsDocuments() : null;
        var oidc = new OidcVerifier(parts.OidcDocuments ?? documents!, time);
        var logins = new LoginService(Directory, secrets, oidc, limiter, new VerifiedCredentials(time), time, loggers.CreateLogger<LoginService>());
        Keys = new KeyRing(driver, parts.Ids, loggers, time);
        var tokens = new AccessTokens(Keys, time);
        var challenge = new Challenge(settings.Service, publicBaseUrl, listens);
        Gate = new AccessGate(Directory, logins, tokens, challenge, time);
        Token = new TokenFunction(Directory, logins, tokens, challenge, settings, time);
    }

    public RuleStore Rules { get; }

    public AccountStore Accounts { get; }

    public FederationStore Federations { get; }

    public AccessDirectory Directory { get; }

    /// <summary>What seals tokens and upload URLs.</summary>
    public KeyRing Keys { get; }

    public AccessGate Gate { get; }

    public TokenFunction Token { get; }

    /// <summary>Makes the first administrator of the settings, if there is no account yet, and the federation of the settings, if there is none of its name that has rules. Every instance may try at once: one row, one winner.</summary>
    public async Task AddFirstAdministrator(AuthSettings settings, CancellationToken cancellation)
    {
        if (settings.AdminPassword is { } password && await Accounts.AddFirstAdministrator(settings.AdminName, password, cancellation))
            LogFirst(settings.AdminName.ToString());
        if (settings.Federation is { } federation && !(await Directory.Get(cancellation)).HasRules(federation.Name))
            await AddFederation(federation, cancellation);
        if (!(await Directory.Get(cancellation)).HasAccounts)
            LogNobody();
    }

    // Adding takes away what rules an older owner of the name left. So of two instances that start at once the one that adds nothing puts
    // the rules too: it may have taken away those of the other. Nothing is done to an account of that name.
    private async Task AddFederation(FederationSettings federation, CancellationToken cancellation)
    {
        if (await Federations.Add(federation.Name, federation.Issuer, federation.Audience, federation.Subject, cancellation) != AccessChange.Done
            && !(await Federations.List(cancellation)).Any(f => f.Name == federation.Name))
        {
            LogTaken(federation.Name.ToString());
            return;
        }

        foreach (var rule in federation.Rules)
            await Rules.Add(rule, cancellation);
        LogFederation(federation.Name.ToString(), federation.Issuer);
    }

    public async ValueTask DisposeAsync()
    {
        documents?.Dispose();
        await limiter.DisposeAsync();
    }

    [LoggerMessage(22, LogLevel.Information, "The first administrator is {Name}")]
    private partial void LogFirst(string name);

    [LoggerMessage(25, LogLevel.Information, "The federation {Name} trusts tokens of {Issuer}")]
    private partial void LogFederation(string name, Uri issuer);

    [LoggerMessage(26, LogLevel.Warning, "The federation {Name} of Registry:Auth:Federation was not made: the name is taken")]
    private partial void LogTaken(string name);

    [LoggerMessage(23, LogLevel.Warning, "There is no account, so nobody can log in: add one with 'registry account add', or set Registry:Auth:Admin:Password and start again")]
    private partial void LogNobody();

    [LoggerMessage(24, LogLevel.Error, "Accounts and rules could not be read; the last copy goes on being used for up to five minutes")]
    private partial void LogOldCopy(Exception exception);
}
