using System.Buffers.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Registry.Access;

namespace Registry.Functions.Access;

/// <summary>Tokens: sealed statements of who somebody is, for how long and for what. Nothing is stored, and any instance opens them.</summary>
/// <remarks>
/// Data Protection's own time-limited protector asks the machine's clock, which no test can move; so the end is in the payload, and the
/// injected clock decides. What a token states is checked against the rules with each request: it can only narrow them.
/// </remarks>
internal sealed partial class AccessTokens(KeyRing ring, TimeProvider time)
{
    /// <summary>Longer than any that is issued.</summary>
    private const int MaxLength = 24 * 1024;

    private const string Access = "Registry.AccessToken.v1";
    private const string Refresh = "Registry.RefreshToken.v1";

    public string IssueAccess(Principal principal, IReadOnlyList<string> scopes, TimeSpan lifetime) => Issue(Access, principal, scopes, lifetime);

    /// <summary>A refresh token is for nothing but getting access tokens.</summary>
    public string IssueRefresh(Principal principal, TimeSpan lifetime) => Issue(Refresh, principal, [], lifetime);

    /// <summary>Opens an access token; null when it is none of ours, altered or over.</summary>
    public AccessToken? FindAccess(string text) => Find(Access, text);

    public Principal? FindRefresh(string text) => Find(Refresh, text)?.Principal;

    private string Issue(string purpose, Principal principal, IReadOnlyList<string> scopes, TimeSpan lifetime)
    {
        var payload = new Payload(principal.Name.ToString(), principal.Version, (time.GetUtcNow() + lifetime).ToUnixTimeSeconds(), scopes);
        return Base64Url.EncodeToString(ring.Protect(purpose, JsonSerializer.SerializeToUtf8Bytes(payload, PayloadJson.Default.Payload)));
    }

    private AccessToken? Find(string purpose, string text)
    {
        if (text.Length is 0 or > MaxLength || !Base64Url.IsValid(text) || ring.Unprotect(purpose, Base64Url.DecodeFromChars(text)) is not { } opened)
            return null;

        // What opens was sealed here, so it is as it was written.
        var payload = JsonSerializer.Deserialize(opened, PayloadJson.Default.Payload)!;
        if (time.GetUtcNow().ToUnixTimeSeconds() >= payload.End || !AccountName.TryParse(payload.Name, out var name))
            return null;
        return new AccessToken(name.IsAnonymous ? Principal.Anonymous : new Principal(name, payload.Version), payload.Scopes);
    }

    /// <summary>Short names: a token goes with every request.</summary>
    internal sealed record Payload(
        [property: JsonPropertyName("n")] string Name,
        [property: JsonPropertyName("v")] string Version,
        [property: JsonPropertyName("e")] long End,
        [property: JsonPropertyName("s")] IReadOnlyList<string> Scopes);

    [JsonSerializable(typeof(Payload))]
    internal sealed partial class PayloadJson : JsonSerializerContext;
}

/// <param name="Principal">Whose it is.</param>
/// <param name="Scopes">What it may be used for.</param>
internal sealed record AccessToken(Principal Principal, IReadOnlyList<string> Scopes);
