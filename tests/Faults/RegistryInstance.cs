using Registry.Storage.Azure;

namespace Registry.Tests.Faults;

/// <summary>One instance of the registry with its own way to storage. When it is killed it comes back by itself, as a platform would have it.</summary>
public sealed class RegistryInstance : IAsyncDisposable
{
    private readonly StorageProxy proxy;
    private readonly Dictionary<string, string> settings;
    private readonly Dictionary<string, string> environment;
    private readonly CancellationToken cancellation;
    private readonly Lock gate = new();
    private readonly List<RegistryProcess> dead = [];
    private Task<RegistryProcess> running;
    private FaultPlan plan = FaultPlan.None;

    private RegistryInstance(
        string connectionString, AzureStorageOptions place, IEnumerable<KeyValuePair<string, string>> more, IEnumerable<KeyValuePair<string, string>> environment, CancellationToken cancellation)
    {
        this.cancellation = cancellation;
        this.environment = new(environment);
        proxy = new StorageProxy(connectionString, Kill);
        settings = new Dictionary<string, string>(more)
        {
            ["Storage:ConnectionString"] = proxy.ConnectionString,
            ["Storage:Container"] = place.Container,
            ["Storage:TablePrefix"] = place.TablePrefix,

            // Content comes through the registry: the way that clients must trust.
            ["Redirect:Enabled"] = "false",
        };
        running = RegistryProcess.Start(settings, environment, cancellation);
    }

    public StorageProxy Proxy => proxy;

    /// <summary>What the process wrote that was killed last.</summary>
    public string LastWords
    {
        get
        {
            lock (gate)
                return dead.Count > 0 ? dead[^1].Output : "";
        }
    }

    /// <summary>Starts one; it is up when <see cref="Process"/> gives it.</summary>
    public static RegistryInstance Start(
        string connectionString,
        AzureStorageOptions place,
        CancellationToken cancellation,
        IEnumerable<KeyValuePair<string, string>>? settings = null,
        IEnumerable<KeyValuePair<string, string>>? environment = null) =>
        new(connectionString, place, settings ?? [], environment ?? [], cancellation);

    /// <summary>The process that runs now; waits for it when it is just coming back.</summary>
    public Task<RegistryProcess> Process()
    {
        lock (gate)
            return running;
    }

    /// <summary>Sets the plan for storage's requests, from now on and after each restart. Starting itself goes undisturbed.</summary>
    public void Follow(FaultPlan next)
    {
        lock (gate)
        {
            plan = next;
            if (running.IsCompletedSuccessfully)
                proxy.Follow(next);
        }
    }

    /// <summary>Kills the process that runs, and has it started again.</summary>
    public async Task Kill()
    {
        RegistryProcess killed;
        TaskCompletionSource<RegistryProcess> next = new(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (gate)
        {
            // Two requests of one process can be chosen to kill it: it dies of the first.
            if (!running.IsCompletedSuccessfully)
                return;
            killed = running.Result;
            dead.Add(killed);
            running = next.Task;
            proxy.Follow(FaultPlan.None);
        }

        await killed.Kill();
        _ = Restart(next);
    }

    public async ValueTask DisposeAsync()
    {
        await (await Process()).DisposeAsync();
        foreach (var process in dead)
            await process.DisposeAsync();
        await proxy.DisposeAsync();
    }

    private async Task Restart(TaskCompletionSource<RegistryProcess> next)
    {
        try
        {
            var process = await RegistryProcess.Start(settings, environment, cancellation);
            lock (gate)
            {
                next.SetResult(process);
                proxy.Follow(plan);
            }
        }
        catch (Exception e)
        {
            next.SetException(e);
        }
    }
}
