using Registry.Telemetry;

namespace Registry.Storage.Azure;

/// <summary>Counts each request that is sent to storage, retries by themselves, as storage bills them.</summary>
internal sealed class TransactionCounter(HttpMessageHandler inner) : DelegatingHandler(inner)
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (!RegistryMetrics.StorageTransactions.Enabled)
            return await base.SendAsync(request, cancellationToken);
        var status = 0;
        try
        {
            var response = await base.SendAsync(request, cancellationToken);
            status = (int)response.StatusCode;
            return response;
        }
        finally
        {
            // The table service is the one that speaks OData.
            RegistryMetrics.StorageTransactions.Add(
                1,
                RegistryMetrics.Of("service", request.Headers.Contains("DataServiceVersion") ? "table" : "blob"),
                RegistryMetrics.Of("http.response.status_code", status));
        }
    }
}
