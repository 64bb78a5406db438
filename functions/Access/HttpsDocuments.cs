using System.Net.Sockets;
using Registry.Access.Oidc;

namespace Registry.Functions.Access;

/// <summary>Fetches an issuer's documents: over https only, from where it was told and nowhere else, small and soon.</summary>
internal sealed class HttpsDocuments : IOidcDocuments, IDisposable
{
    public const int MaxBytes = 256 * 1024;
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    private readonly HttpClient client;

    public HttpsDocuments()
        : this(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, PooledConnectionLifetime = TimeSpan.FromMinutes(5) })
    {
    }

    internal HttpsDocuments(HttpMessageHandler handler) => client = new HttpClient(handler) { Timeout = Timeout, MaxResponseContentBufferSize = MaxBytes };

    public async Task<ReadOnlyMemory<byte>> Get(Uri address, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(address);
        if (address.Scheme != Uri.UriSchemeHttps)
            throw new OidcException($"{address} is no https address");
        try
        {
            using var response = await client.GetAsync(address, cancellation);
            return response.IsSuccessStatusCode
                ? await response.Content.ReadAsByteArrayAsync(cancellation)
                : throw new OidcException($"{address} answered {(int)response.StatusCode}");
        }
        catch (Exception e) when (e is HttpRequestException or SocketException || (e is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            throw new OidcException($"{address} could not be read: {e.Message}", e);
        }
    }

    public void Dispose() => client.Dispose();
}
