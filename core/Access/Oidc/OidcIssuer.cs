using Registry.Jose;

namespace Registry.Access.Oidc;

/// <summary>The keys that one issuer publishes, cached.</summary>
/// <remarks>
/// Keys are fetched again when they are an hour old, or when a token names one that is not among them: that is how a rotation shows. Anybody can
/// make up key ids, so no more than one fetch a minute comes of it, whoever asks. When the issuer cannot be reached, keys it published within a day go on counting.
/// </remarks>
internal sealed class OidcIssuer(Uri issuer, IOidcDocuments documents, TimeProvider time) : IDisposable
{
    public static readonly TimeSpan RefreshAfter = TimeSpan.FromHours(1);
    public static readonly TimeSpan MaxAge = TimeSpan.FromDays(1);
    public static readonly TimeSpan FetchInterval = TimeSpan.FromMinutes(1);

    private readonly SemaphoreSlim fetching = new(1);
    private Published? published;
    private long? triedAt;

    /// <summary>The key of that id; null when the issuer has none.</summary>
    /// <exception cref="OidcException">The issuer's keys cannot be had.</exception>
    public async Task<OidcKey?> FindKey(string id, CancellationToken cancellation)
    {
        if (published is { } recent && IsYounger(recent.FetchedAt, RefreshAfter) && recent.Keys.TryGetValue(id, out var known))
            return known;

        await fetching.WaitAsync(cancellation);
        try
        {
            if (!IsYounger(triedAt, FetchInterval))
            {
                var began = time.GetTimestamp();
                triedAt = began;
                published = new Published(await Fetch(cancellation), began);
            }
        }
        catch (OidcException) when (published is { } old && IsYounger(old.FetchedAt, MaxAge) && old.Keys.ContainsKey(id))
        {
            // The issuer is away; what it said today still holds.
        }
        finally
        {
            fetching.Release();
        }

        return published is { } latest && IsYounger(latest.FetchedAt, MaxAge)
            ? latest.Keys.GetValueOrDefault(id)
            : throw new OidcException($"the keys of {issuer} could not be fetched, and will be tried again in a minute");
    }

    public void Dispose() => fetching.Dispose();

    // OpenID Connect Discovery 1.0, section 4.
    private async Task<IReadOnlyDictionary<string, OidcKey>> Fetch(CancellationToken cancellation)
    {
        var address = new Uri(issuer.OriginalString.TrimEnd('/') + "/.well-known/openid-configuration");
        var (named, keys) = ReadConfiguration(await documents.Get(address, cancellation));
        if (named != issuer.OriginalString)
            throw new OidcException($"{address} is not the configuration of {issuer.OriginalString}");
        return Uri.TryCreate(keys, UriKind.Absolute, out var set) && set.Scheme == Uri.UriSchemeHttps
            ? OidcKey.ReadSet(await documents.Get(set, cancellation))
            : throw new OidcException($"{address} names no keys at an https address");
    }

    private static (string? Issuer, string? Keys) ReadConfiguration(ReadOnlyMemory<byte> json)
    {
        try
        {
            using var configuration = JoseJson.Parse(json, "the issuer's configuration");
            return (configuration.RootElement.FindString("issuer"), configuration.RootElement.FindString("jwks_uri"));
        }
        catch (JoseException e)
        {
            throw new OidcException(e.Message, e);
        }
    }

    private bool IsYounger(long? moment, TimeSpan age) => moment is { } at && time.GetElapsedTime(at) < age;

    private sealed record Published(IReadOnlyDictionary<string, OidcKey> Keys, long FetchedAt);
}
