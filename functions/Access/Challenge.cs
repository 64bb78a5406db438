using Registry.Functions.Hosting;
using Registry.Functions.Http;

namespace Registry.Functions.Access;

/// <summary>Writes WWW-Authenticate: where to get a token, and what for.</summary>
internal sealed class Challenge(string service, Uri? publicBaseUrl, ListenAddress listens)
{
    public void Write(HttpContext context, string? scope, string? error)
    {
        var challenge = $"Bearer realm=\"{Realm(context)}\",service=\"{service}\"";
        if (scope is not null)
            challenge += $",scope=\"{scope}\"";
        if (error is not null)
            challenge += $",error=\"{error}\"";
        context.Response.Headers.WWWAuthenticate = challenge;
    }

    /// <summary>The challenge of the token endpoint itself.</summary>
    public void WriteBasic(HttpContext context) => context.Response.Headers.WWWAuthenticate = $"Basic realm=\"{service}\"";

    /// <summary>The token endpoint's URL, which must be absolute.</summary>
    /// <remarks>
    /// Without <c>PublicBaseUrl</c> it is made of what the client itself said it called: its Host header, or behind Functions what the host
    /// saw of it. The challenge goes to that client alone and is not cached (RFC 9110, 15.1: no 401 is, unasked), so whoever forges the header misleads nobody but himself.
    /// A proxy that ends TLS is not seen here: behind one, <c>PublicBaseUrl</c> must be set, or clients would send passwords over http.
    /// </remarks>
    private string Realm(HttpContext context)
    {
        if (publicBaseUrl is not null)
            return new PublicUrls(publicBaseUrl).Of("/token");
        var (scheme, host) = (context.Request.Scheme, context.Request.Host);
        if (listens.BehindFunctions)
        {
            var headers = context.Request.Headers;
            scheme = headers["X-Forwarded-Proto"].LastOrDefault() is { } proto && proto.Split(',')[^1].Trim() is "https" ? Uri.UriSchemeHttps : scheme;
            host = headers["X-Forwarded-Host"].LastOrDefault() is { } forwarded ? new HostString(forwarded.Split(',')[^1].Trim()) : host;
        }

        // Nothing that could end the quoted string, or mean something else than a host.
        return Uri.TryCreate($"{scheme}://{host}/token", UriKind.Absolute, out var url) && url.UserInfo.Length == 0 && url.AbsolutePath == "/token"
            ? url.AbsoluteUri
            : "/token";
    }
}
