using Registry.Access;
using Registry.Errors;
using Registry.Functions.Hosting;
using Registry.Functions.Http;
using Registry.Repositories;

namespace Registry.Functions.Access;

/// <summary>Stands before the functions: lets a request through when its caller may do what it asks. Decided when the request starts, and not again at its end: big layers outlive short tokens.</summary>
/// <remarks>
/// Who may not pull from a repository cannot find out whether it exists: the answer follows from the rules alone, and no storage is asked for it.
/// <list type="table">
/// <item><term>no credentials</term><description>401 and the scope to log in for</description></item>
/// <item><term>wrong credentials, a token that is over or no token of ours</term><description>401, <c>error="invalid_token"</c> for a token</description></item>
/// <item><term>a token that does not hold the scope, but another one could</term><description>401, <c>error="insufficient_scope"</c></description></item>
/// <item><term>somebody whom no rule lets</term><description>403 <c>DENIED</c>: another token would not help, so no client is sent for one</description></item>
/// </list>
/// </remarks>
internal sealed class AccessGate(AccessDirectory directory, LoginService logins, AccessTokens tokens, Challenge challenge, TimeProvider time)
{
    /// <summary>In place of the gate where there is no access control.</summary>
    public static RequestDelegate Open(RequestDelegate next) => context =>
    {
        context.Features.Set(RequestAccess.Unlimited);
        return next(context);
    };

    public async Task Invoke(HttpContext context, RequestDelegate next)
    {
        var required = RequiredAccess.Of(context.GetEndpoint()?.Metadata.GetMetadata<FunctionName>()?.Name, context);
        if (!required.IsOpen)
            await Require(required, context);
        await next(context);
    }

    private async Task Require(RequiredAccess required, HttpContext context)
    {
        var caller = await Authenticate(required, context);

        // Read again after the login, which may have taken a while.
        var policy = await directory.Get(context.RequestAborted);
        var access = new RequestAccess(caller.Principal, repository => policy.Rights(caller.Principal, repository) & caller.Limit(repository));
        if (!Allows(required, policy, caller, access))
            throw Refuse(required, policy, caller, context);
        context.Features.Set(access);
    }

    private static bool Allows(RequiredAccess required, AccessPolicy policy, Caller caller, RequestAccess access) => required switch
    {
        { IsLogin: true } => caller.HasCredentials || policy.NeedsNoLogin,
        { IsCatalog: true } => caller.MayAskForCatalog && policy.MayList(caller.Principal),
        _ => (access.Rights(required.Repository!.Value) & required.Actions) == required.Actions,
    };

    private RegistryException Refuse(RequiredAccess required, AccessPolicy policy, Caller caller, HttpContext context)
    {
        var possible = required.IsCatalog
            ? policy.MayList(caller.Principal)
            : required.Repository is { } repository && policy.Allows(caller.Principal, repository, required.Actions);
        if (!caller.Principal.IsAnonymous && !possible)
        {
            // With a detail docker takes it for an answer. Without one it tries again four times, for fifty seconds, before it tells.
            return new RegistryException(RegistryError.Denied, detail: new ScopeDetail(required.Scope));
        }

        challenge.Write(context, required.Scope, caller.HasCredentials ? "insufficient_scope" : null);
        return new RegistryException(RegistryError.Unauthorized);
    }

    private async Task<Caller> Authenticate(RequiredAccess required, HttpContext context)
    {
        var header = context.Request.Headers.Authorization;
        if (header.Count == 0)
            return Caller.Nobody;
        if (!Credentials.TryRead(header, out var scheme, out var parameter))
            throw Unauthorized(required, context, null);
        if (scheme == "BASIC")
        {
            return Credentials.FindBasic(parameter) is { } credentials && await logins.Login(credentials, context) is { } principal
                ? new Caller(principal, null)
                : throw Unauthorized(required, context, null);
        }

        var policy = await directory.Get(context.RequestAborted);
        return scheme == "BEARER" && tokens.FindAccess(parameter) is { } token && policy.IsCurrent(token.Principal, time.GetUtcNow())
            ? new Caller(token.Principal, token)
            : throw Unauthorized(required, context, "invalid_token");
    }

    private RegistryException Unauthorized(RequiredAccess required, HttpContext context, string? error)
    {
        challenge.Write(context, required.Scope, error);
        return new RegistryException(RegistryError.Unauthorized);
    }

    /// <param name="Principal">Who asks.</param>
    /// <param name="Token">The token that it was shown by; null where it was a password, or nothing.</param>
    private sealed record Caller(Principal Principal, AccessToken? Token)
    {
        public static readonly Caller Nobody = new(Principal.Anonymous, null);

        public bool HasCredentials => Token is not null || !Principal.IsAnonymous;

        public bool MayAskForCatalog => Token is null || Token.Scopes.Contains(TokenScopes.Catalog, StringComparer.Ordinal);

        /// <summary>What the token can be used for there; a password can be used for everything. Which repositories the catalog shows is no matter of scopes.</summary>
        public AccessActions Limit(RepositoryName repository) => Token switch
        {
            null => AccessActions.All,
            _ when MayAskForCatalog => TokenScopes.For(Token.Scopes, repository) | AccessActions.Catalog,
            _ => TokenScopes.For(Token.Scopes, repository),
        };
    }
}
