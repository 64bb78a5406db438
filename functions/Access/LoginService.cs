using Registry.Access;
using Registry.Access.Oidc;
using Registry.Errors;
using Registry.Telemetry;

namespace Registry.Functions.Access;

/// <summary>Decides who somebody is who gives a name and a secret: an account's own, or a federation's and a token of its issuer.</summary>
internal sealed partial class LoginService(
    AccessDirectory directory, AccountSecrets secrets, OidcVerifier oidc, LoginLimiter limiter, VerifiedCredentials verified, TimeProvider time, ILogger<LoginService> log)
{
    /// <summary>Null when the credentials are wrong, for whatever reason: an unknown name, a wrong secret and a shut account look alike and take as long.</summary>
    /// <exception cref="RegistryException"><c>TOOMANYREQUESTS</c>: too many failed before.</exception>
    public async Task<Principal?> Login(Credentials credentials, HttpContext context)
    {
        var policy = await directory.Get(context.RequestAborted);
        if (verified.Find(credentials) is { } known && policy.IsCurrent(known, time.GetUtcNow()))
            return known;

        AccountName? name = AccountName.TryParse(credentials.Name, out var parsed) ? parsed : null;
        var federation = name is { } federated ? policy.FindFederation(federated) : null;
        var address = CallerAddress.Of(context);

        // A federation's tokens cannot be guessed, so only the address is counted: strangers must not be able to lock out a CI system by its name.
        var attempt = limiter.Begin(federation is null ? credentials.Name : null, address);
        if (attempt.RetryAfter is { } wait)
        {
            Count("limited");
            context.Response.Headers.RetryAfter = Math.Max(1, (int)Math.Ceiling(wait.TotalSeconds)).ToString(System.Globalization.CultureInfo.InvariantCulture);
            throw new RegistryException(RegistryError.TooManyRequests, "too many failed logins; try again later");
        }

        var principal = federation is not null && OidcVerifier.LooksLikeToken(credentials.Secret)
            ? await LoginByToken(federation, credentials.Secret, context.RequestAborted)
            : LoginBySecret(name is { } account ? policy.FindAccount(account) : null, credentials.Secret);
        if (principal is null)
        {
            Count("failed");
            LogFailed(name?.ToString() ?? "(no name of an account)", address);
            return null;
        }

        Count("succeeded");
        attempt.Succeeded();

        // An OIDC token is over in minutes, and is never taken for longer than it says.
        if (federation is null)
            verified.Add(credentials, principal);
        return principal;
    }

    private static void Count(string outcome) => RegistryMetrics.Logins.Add(1, RegistryMetrics.Of(RegistryMetrics.Outcome, outcome));

    private Principal? LoginBySecret(Account? account, string secret) =>
        secrets.Verify(account, secret) && account!.IsUsable(time.GetUtcNow()) ? new Principal(account.Name, account.Version) : null;

    private async Task<Principal?> LoginByToken(Federation federation, string token, CancellationToken cancellation)
    {
        try
        {
            await oidc.Verify(federation, token, cancellation);
            return new Principal(federation.Name, federation.Version);
        }
        catch (OidcException e)
        {
            LogFederation(federation.Name.ToString(), e.Message);
            return null;
        }
    }

    [LoggerMessage(20, LogLevel.Warning, "A login as {Name} from {Address} failed")]
    private partial void LogFailed(string name, string address);

    [LoggerMessage(21, LogLevel.Warning, "A token for the federation {Name} was refused: {Reason}")]
    private partial void LogFederation(string name, string reason);
}
