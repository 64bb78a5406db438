using Registry.Storage.Azure;

namespace Registry.Tests.Support;

/// <summary>Stands between a client and its server, sees every request, and may do something else with it.</summary>
/// <param name="fault">Given the request's number, from 1, the request, and how to send it.</param>
/// <param name="connections">The connections to the server.</param>
public sealed class FaultHandler(
    Func<int, HttpRequestMessage, Func<Task<HttpResponseMessage>>, Task<HttpResponseMessage>> fault,
    HttpMessageHandler connections) : DelegatingHandler(connections)
{
    private int requests;

    /// <summary>How many requests were made.</summary>
    public int Requests => requests;

    /// <summary>Lets the server do what the first request asks, and loses the answer.</summary>
    public static FaultHandler LosesFirstAnswer() => new(
        async (number, _, send) =>
        {
            HttpResponseMessage answer = await send();
            if (number > 1)
                return answer;
            answer.Dispose();
            throw new HttpRequestException(HttpRequestError.ResponseEnded, "the answer is lost");
        },
        AzureTransport.CreateHandler());

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        fault(Interlocked.Increment(ref requests), request, () => base.SendAsync(request, cancellationToken));
}
