using Registry.Storage.Azure;
using Registry.Tests.Support;

namespace Registry.Tests.Faults;

/// <summary>Two instances of the real executable over one storage account, each with a proxy of its own before it.</summary>
public sealed class FaultLab : IAsyncDisposable
{
    private FaultLab(RegistryInstance one, RegistryInstance other)
    {
        One = one;
        Other = other;
    }

    /// <summary>The instance that clients ask first.</summary>
    public RegistryInstance One { get; }

    /// <summary>The instance that clients turn to.</summary>
    public RegistryInstance Other { get; }

    public static async Task<FaultLab> Open(AzuriteFixture azurite, CancellationToken cancellation) =>
        await Open((await azurite.NewAccount()).ConnectionString, cancellation);

    public static async Task<FaultLab> Open(string connectionString, CancellationToken cancellation)
    {
        AzureStorageOptions place = AzuriteAccount.NewPlace();
        var one = RegistryInstance.Start(connectionString, place, cancellation);

        // One after the other: this is not the place to race for who makes the container.
        await one.Process();
        var other = RegistryInstance.Start(connectionString, place, cancellation);
        await other.Process();
        return new FaultLab(one, other);
    }

    /// <summary>A client's way in: it begins at the first instance, and turns to the next one after each failure.</summary>
    public FrontDoor Door() => new(One, Other);

    /// <summary>A loss, with what is needed to understand it.</summary>
    public async Task<LossException> Explain(string when, LossException loss)
    {
        var one = (await One.Process()).Output;
        var other = (await Other.Process()).Output;
        return new LossException($"{when}: {loss.Message}\n--- one\n{One.LastWords}\n{one}\n--- other\n{Other.LastWords}\n{other}");
    }

    public async ValueTask DisposeAsync()
    {
        await One.DisposeAsync();
        await Other.DisposeAsync();
    }
}

/// <summary>Where one client reaches the registry: one name, several instances.</summary>
public sealed class FrontDoor(params RegistryInstance[] instances)
{
    private readonly TaskCompletionSource turnedAway = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int current;

    /// <summary>Ends when the client has turned away for the first time.</summary>
    public Task TurnedAway => turnedAway.Task;

    public async Task<HttpClient> Client() => (await instances[current].Process()).Client;

    /// <summary>The next request goes to the next instance.</summary>
    public void TurnAway()
    {
        current = (current + 1) % instances.Length;
        turnedAway.TrySetResult();
    }
}
