using System.Globalization;
using Registry.Access;
using Registry.Errors;
using Registry.Functions.Access;
using Registry.Functions.Hosting;
using Registry.Functions.Http;

namespace Registry.Functions.Token;

/// <summary>GET and POST /token: gives a token for credentials, or to anybody for what anybody may do.</summary>
internal sealed class TokenFunction(
    AccessDirectory directory, LoginService logins, AccessTokens tokens, Challenge challenge, AuthSettings settings, TimeProvider time) : IFunction
{
    /// <summary>A person logs in again each quarter. Removing, shutting or rotating the account ends it at once.</summary>
    private static readonly TimeSpan RefreshLifetime = TimeSpan.FromDays(90);

    /// <summary>A CI system's own token is over within minutes and cannot be shown twice, so what it is exchanged for has to last for the push.</summary>
    private static readonly TimeSpan LeastForFederation = TimeSpan.FromHours(1);

    public async Task Run(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);

        // RFC 6749, 5.1: never in a cache.
        context.Response.Headers.CacheControl = "no-store";
        var request = await TokenRequest.Read(context) ?? throw Unauthorized(context);
        var principal = await Authenticate(request, context) ?? throw Unauthorized(context);
        var policy = await directory.Get(context.RequestAborted);
        var scopes = TokenScopes.Grant(policy, principal, request.Scopes);
        var lifetime = Lifetime(policy, principal);
        var token = tokens.IssueAccess(principal, scopes, lifetime);
        var answer = new TokenAnswer
        {
            Token = token,
            AccessToken = token,
            ExpiresIn = (int)lifetime.TotalSeconds,
            IssuedAt = time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
            Scope = string.Join(' ', scopes),
            RefreshToken = request.WantsRefreshToken ? Refresh(request, policy, principal) : null,
        };
        await context.Response.Json(StatusCodes.Status200OK, answer, WireJson.Default.TokenAnswer);
    }

    private async Task<Principal?> Authenticate(TokenRequest request, HttpContext context)
    {
        if (request.Credentials is { } credentials)
            return await logins.Login(credentials, context);
        if (request.RefreshToken is not { } token)
            return Principal.Anonymous;
        var policy = await directory.Get(context.RequestAborted);
        return tokens.FindRefresh(token) is { IsAnonymous: false } principal && policy.IsCurrent(principal, time.GetUtcNow()) ? principal : null;
    }

    private TimeSpan Lifetime(AccessPolicy policy, Principal principal) =>
        IsFederation(policy, principal) && settings.TokenLifetime < LeastForFederation ? LeastForFederation : settings.TokenLifetime;

    // Who was let in by another's token must show another one next time; and nobody needs a refresh token to be nobody.
    private string? Refresh(TokenRequest request, AccessPolicy policy, Principal principal) =>
        principal.IsAnonymous || IsFederation(policy, principal) ? null : request.RefreshToken ?? tokens.IssueRefresh(principal, RefreshLifetime);

    private static bool IsFederation(AccessPolicy policy, Principal principal) => policy.FindFederation(principal.Name) is not null;

    private RegistryException Unauthorized(HttpContext context)
    {
        challenge.WriteBasic(context);
        return new RegistryException(RegistryError.Unauthorized, "wrong name or secret");
    }
}
