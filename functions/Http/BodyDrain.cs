namespace Registry.Functions.Http;

/// <summary>Reads away what a client still sends when it is refused. Clients write their body before they read the answer, and the Functions host drains nothing.</summary>
internal static class BodyDrain
{
    private const long MaxBytes = 1L * 1024 * 1024 * 1024;
    private static readonly TimeSpan MaxTime = TimeSpan.FromSeconds(30);

    public static async Task Drain(HttpContext context)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        limit.CancelAfter(MaxTime);
        try
        {
            var body = context.Request.BodyReader;
            for (var drained = 0L; drained < MaxBytes;)
            {
                var read = await body.ReadAsync(limit.Token);
                drained += read.Buffer.Length;
                body.AdvanceTo(read.Buffer.End);
                if (read.IsCompleted)
                    return;
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or InvalidOperationException)
        {
            // The client is gone, too slow, or its body cannot be read: it gets the answer as it is.
        }
    }
}
