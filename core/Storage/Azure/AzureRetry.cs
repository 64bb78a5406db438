using Azure.Core;

namespace Registry.Storage.Azure;

/// <summary>How often and how long a call to storage is tried.</summary>
/// <remarks>
/// The front that our own client waits at gives up after 230 s. Storage that never answers must be given up before that, while the
/// client can still be told: 4 tries of 50 s and 3.5 s of pauses are 204 s. Storage that answers at once but is too busy (503) gets
/// the same tries within some 4 s and is then reported: the client's own retries are the right ones for what lasts longer.
/// A try's 50 s are for the request's body and the response's head together, and again for each read of a response's body:
/// 8 MiB, the largest block, at 1.4 Mbit/s. Rows are small and their tries shorter, so that more of them fit.
/// </remarks>
internal static class AzureRetry
{
    public static void ForBlobs(RetryOptions retry) => Set(retry, retries: 3, timeout: 50);

    public static void ForTables(RetryOptions retry) => Set(retry, retries: 4, timeout: 30);

    private static void Set(RetryOptions retry, int retries, int timeout)
    {
        retry.Mode = RetryMode.Exponential;
        retry.MaxRetries = retries;
        retry.Delay = TimeSpan.FromSeconds(0.5);
        retry.MaxDelay = TimeSpan.FromSeconds(4);
        retry.NetworkTimeout = TimeSpan.FromSeconds(timeout);
    }
}
