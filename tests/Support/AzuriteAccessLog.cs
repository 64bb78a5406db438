namespace Registry.Tests.Support;

/// <summary>What Azurite wrote to its access log, by account.</summary>
public sealed class AzuriteAccessLog
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, List<AzuriteRequest>> requests = [];
    private readonly Dictionary<string, TaskCompletionSource> awaited = [];

    public void Add(AzuriteRequest request)
    {
        lock (gate)
        {
            if (!requests.TryGetValue(request.Account, out List<AzuriteRequest>? ofAccount))
                requests.Add(request.Account, ofAccount = []);
            ofAccount.Add(request);
            if (awaited.Remove(request.Account, out TaskCompletionSource? waiting))
                waiting.SetResult();
        }
    }

    public AzuriteRequest[] Of(string account)
    {
        lock (gate)
            return requests.TryGetValue(account, out List<AzuriteRequest>? ofAccount) ? [.. ofAccount] : [];
    }

    /// <summary>Ends when the first request to that account is in the log.</summary>
    public Task First(string account)
    {
        lock (gate)
        {
            if (requests.ContainsKey(account))
                return Task.CompletedTask;
            if (!awaited.TryGetValue(account, out TaskCompletionSource? waiting))
                awaited.Add(account, waiting = new(TaskCreationOptions.RunContinuationsAsynchronously));
            return waiting.Task;
        }
    }
}
