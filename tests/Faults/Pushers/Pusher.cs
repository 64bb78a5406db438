namespace Registry.Tests.Faults.Pushers;

/// <summary>A client that pushes a blob until it is told that the blob is stored, each failure answered in its own way, on the next instance.</summary>
public abstract class Pusher(UploadClient client)
{
    // A push that needs more tries than this is stuck: faults are rarer.
    private const int MaxTries = 60;

    protected UploadClient Client { get; } = client;

    public static Pusher Create(string name, UploadClient client) => name switch
    {
        "docker" => new DockerPusher(client),
        "regctl" => new RegctlPusher(client),
        "monolithic" => new MonolithicPusher(client),
        _ => throw new ArgumentException($"no pusher is called {name}", nameof(name)),
    };

    public Task Push(TestBlob blob, CancellationToken cancellation)
    {
        var next = Prepare(blob);
        return Insist(Client, next, cancellation);
    }

    /// <summary>Tries until it succeeds.</summary>
    public static async Task Insist(UploadClient client, Func<CancellationToken, Task> attempt, CancellationToken cancellation)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                await attempt(cancellation);
                return;
            }
            catch (TryAgainException e)
            {
                LabReport.Count("tries that failed");
                if (tries == MaxTries)
                    throw new LossException($"stuck after {tries} tries: {e}");
                client.TurnAway();
            }
        }
    }

    /// <summary>One try of the push, which is called again after each failure and may know what went before.</summary>
    protected abstract Func<CancellationToken, Task> Prepare(TestBlob blob);
}
