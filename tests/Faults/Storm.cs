using System.Diagnostics;
using Registry.Tests.Faults.Pushers;

namespace Registry.Tests.Faults;

/// <summary>Many pushes at once while faults come at random, until a number of rounds or a time is over. Each round is held to all that it was promised.</summary>
public sealed class Storm(FaultLab lab, int seed, params Fault[] kinds)
{
    /// <summary>Names the number of rounds of a storm: the long form.</summary>
    public const string RoundsVariable = "REGISTRY_FAULT_ROUNDS";

    private static readonly string[] pushers = ["docker", "regctl", "monolithic"];
    private int started;
    private int ended;

    /// <summary>Pushes at once.</summary>
    public required int Clients { get; init; }

    /// <summary>That a request to storage meets a fault.</summary>
    public required double Probability { get; init; }

    /// <summary>How long the short form goes on.</summary>
    public required TimeSpan Duration { get; init; }

    /// <summary>Gives the number of rounds.</summary>
    public async Task<int> Blow(CancellationToken cancellation)
    {
        lab.One.Follow(new FaultsAtRandom(seed, Probability, kinds));
        lab.Other.Follow(new FaultsAtRandom(seed + 1, Probability, kinds));
        var time = Stopwatch.StartNew();
        int? rounds = Environment.GetEnvironmentVariable(RoundsVariable) is { } text ? int.Parse(text, System.Globalization.CultureInfo.InvariantCulture) : null;
        using var failed = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var clients = Enumerable.Range(0, Clients).Select(_ => Task.Run(() => Client(() => rounds is { } most ? started < most : time.Elapsed < Duration, failed), cancellation));
        await Task.WhenAll(clients);
        return ended;
    }

    private async Task Client(Func<bool> goesOn, CancellationTokenSource failed)
    {
        try
        {
            while (goesOn())
                await Round(Interlocked.Increment(ref started), failed.Token);
        }
        catch
        {
            // The first failure is the one to tell: the others would only bury it.
            await failed.CancelAsync();
            throw;
        }
    }

    private async Task Round(int round, CancellationToken cancellation)
    {
        var random = new Random(unchecked((seed * 1_000_003) + round));
        var name = pushers[random.Next(pushers.Length)];
        var promises = new Promises();
        var door = lab.Door();
        if (random.Next(2) == 0)
            door.TurnAway();
        var client = new UploadClient(door, promises, $"storm/{round}");
        try
        {
            var image = new ImagePush(random.Next(), "latest", random.Next(2, 200_000), random.Next(400_000, 4_000_000));
            await image.Run(Pusher.Create(name, client), client, cancellation);
            await Pusher.Insist(client, c => promises.Verify(client, c), cancellation);
        }
        catch (LossException e)
        {
            throw await lab.Explain($"seed {seed}, round {round}, {name}", e);
        }

        Interlocked.Increment(ref ended);
        LabReport.Count("rounds");
    }
}
