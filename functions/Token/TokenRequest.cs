using System.Buffers;
using System.Text;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Primitives;
using Registry.Errors;
using Registry.Functions.Access;

namespace Registry.Functions.Token;

/// <summary>What is asked of the token endpoint: a query with Basic credentials, or an OAuth2 form.</summary>
/// <param name="Credentials">Name and secret; null for anonymous, and with a refresh token.</param>
/// <param name="RefreshToken">The refresh token, if it is that.</param>
/// <param name="Scopes">As they came: each may itself hold several.</param>
/// <param name="WantsRefreshToken">Whether a refresh token is to be in the answer.</param>
internal sealed record TokenRequest(Credentials? Credentials, string? RefreshToken, StringValues Scopes, bool WantsRefreshToken)
{
    /// <summary>An OIDC token, a dozen scopes, and room.</summary>
    private const int MaxForm = 64 * 1024;

    /// <summary>Reads it. Null when credentials are there that cannot be read: as good as wrong ones.</summary>
    /// <exception cref="RegistryException">It is no request of that kind.</exception>
    public static async Task<TokenRequest?> Read(HttpContext context)
    {
        if (HttpMethods.IsPost(context.Request.Method))
            return ReadForm(await ReadBody(context));

        var query = context.Request.Query;
        var header = context.Request.Headers.Authorization;
        var credentials = Credentials.TryRead(header, out var scheme, out var parameter) && scheme == "BASIC" ? Credentials.FindBasic(parameter) : null;
        return header.Count > 0 && credentials is null
            ? null
            : new TokenRequest(credentials, null, query["scope"], query["offline_token"] == "true");
    }

    private static TokenRequest ReadForm(Dictionary<string, StringValues> form)
    {
        var scopes = form.GetValueOrDefault("scope");
        return form.GetValueOrDefault("grant_type").ToString() switch
        {
            "password" => new TokenRequest(new Credentials(form.GetValueOrDefault("username").ToString(), form.GetValueOrDefault("password").ToString()), null, scopes, true),
            "refresh_token" => new TokenRequest(null, form.GetValueOrDefault("refresh_token").ToString(), scopes, true),
            _ => throw new RegistryException(RegistryError.TokenRequestInvalid, "grant_type must be password or refresh_token"),
        };
    }

    private static async Task<Dictionary<string, StringValues>> ReadBody(HttpContext context)
    {
        if (context.Request.ContentType?.StartsWith("application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase) != true)
            throw new RegistryException(RegistryError.TokenRequestInvalid, "the body must be application/x-www-form-urlencoded");
        var body = context.Request.BodyReader;
        while (true)
        {
            var read = await body.ReadAsync(context.RequestAborted);
            if (read.Buffer.Length > MaxForm)
            {
                body.AdvanceTo(read.Buffer.End);
                throw new RegistryException(RegistryError.TokenRequestInvalid, $"the body has more than {MaxForm} bytes");
            }

            if (read.IsCompleted)
            {
                var form = QueryHelpers.ParseQuery(Encoding.UTF8.GetString(read.Buffer));
                body.AdvanceTo(read.Buffer.End);
                return form;
            }

            body.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }
}
