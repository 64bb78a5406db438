using System.Net.Sockets;
using Registry.Telemetry;

namespace Registry.Storage.Azure;

/// <summary>Around each request that is sent to storage: counts it, and lets every failed connection look alike. One handler for both, since each is a state machine of its own for every request.</summary>
/// <remarks>
/// Retries are counted by themselves, as storage bills them.
/// HttpClient looks at a new connection's remote address after it has connected; when the other side is gone again by then, its
/// SocketException comes out bare, and the retry policy, which knows HttpRequestException and IOException, would take it for a fault of the program.
/// </remarks>
internal sealed class StorageHandler(HttpMessageHandler inner) : DelegatingHandler(inner)
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var status = 0;
        try
        {
            var response = await base.SendAsync(request, cancellationToken);
            status = (int)response.StatusCode;
            return response;
        }
        catch (SocketException e)
        {
            throw new HttpRequestException(HttpRequestError.ConnectionError, e.Message, e);
        }
        finally
        {
            if (RegistryMetrics.StorageTransactions.Enabled)
                Count(request, status);
        }
    }

    // The table service is the one that speaks OData.
    private static void Count(HttpRequestMessage request, int status) => RegistryMetrics.StorageTransactions.Add(
        1,
        RegistryMetrics.Of("service", request.Headers.Contains("DataServiceVersion") ? "table" : "blob"),
        RegistryMetrics.Of("http.response.status_code", status));
}
