using System.Net.Http.Headers;
using Registry.Functions.Hosting;

namespace Registry.Functions.Telemetry;

/// <summary>Gives each request of an exporter a token of the process's identity, and says when what is sent is not taken: an exporter keeps that to itself.</summary>
/// <param name="tokens">The identity.</param>
/// <param name="log">Where it is said, once there is a log.</param>
internal sealed partial class OtlpTokenHandler(IdentityTokens tokens, Func<ILogger?> log) : DelegatingHandler(new SocketsHttpHandler { AllowAutoRedirect = false })
{
    // 1 from the first failure until something is taken again: it is said once, and what is said would be sent the same way.
    private int failing;

    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        try
        {
            Authorize(request, tokens.Get(cancellationToken));
            return Look(request, base.Send(request, cancellationToken));
        }
        catch (HttpRequestException e)
        {
            Fail(request, e.Message);
            throw;
        }
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        try
        {
            Authorize(request, await tokens.GetAsync(cancellationToken));
            return Look(request, await base.SendAsync(request, cancellationToken));
        }
        catch (HttpRequestException e)
        {
            Fail(request, e.Message);
            throw;
        }
    }

    private static void Authorize(HttpRequestMessage request, string token) => request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);

    private HttpResponseMessage Look(HttpRequestMessage request, HttpResponseMessage answer)
    {
        if (answer.IsSuccessStatusCode)
            Interlocked.Exchange(ref failing, 0);
        else
            Fail(request, $"{(int)answer.StatusCode} {answer.ReasonPhrase}");
        return answer;
    }

    private void Fail(HttpRequestMessage request, string reason)
    {
        if (log() is { } to && Interlocked.Exchange(ref failing, 1) == 0)
            LogNotTaken(to, request.RequestUri?.GetLeftPart(UriPartial.Path), reason);
    }

    [LoggerMessage(60, LogLevel.Warning, "Telemetry is not taken by {Endpoint}: {Reason}")]
    private static partial void LogNotTaken(ILogger log, string? endpoint, string reason);
}
