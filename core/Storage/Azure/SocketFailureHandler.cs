using System.Net.Sockets;

namespace Registry.Storage.Azure;

/// <summary>
/// Lets every failed connection look alike. HttpClient looks at a new connection's remote address after it has connected; when the other
/// side is gone again by then, its SocketException comes out bare, and the retry policy, which knows HttpRequestException and
/// IOException, would take it for a fault of the program.
/// </summary>
internal sealed class SocketFailureHandler(HttpMessageHandler inner) : DelegatingHandler(inner)
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            return await base.SendAsync(request, cancellationToken);
        }
        catch (SocketException e)
        {
            throw new HttpRequestException(HttpRequestError.ConnectionError, e.Message, e);
        }
    }
}
