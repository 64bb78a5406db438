using Registry.Bench.Load;
using Registry.Bench.Measuring;
using Registry.Bench.Processes;

namespace Registry.Bench.Rows;

/// <summary>Resident memory while many push at once, above what the same process had when it was idle. Each figure is a fresh process's.</summary>
internal static class MemoryRows
{
    private const int Pushers = 16;

    public static async Task<List<Row>> Run(BenchOptions options)
    {
        var bodies = new ContentSource(options.Size << 20);
        List<double> disk = [], peers = [], azure = [];
        for (var round = 0; round < options.Runs; round++)
        {
            using (var registry = await RegistryServer.OnDisk(options.Package))
                disk.Add(Peak(registry, bodies));
            using (var peer = await PeerServer.Start())
                peers.Add(Peak(peer, bodies));
            using var azurite = await AzuriteServer.Start(options.Modules);
            using var onAzurite = await RegistryServer.OnAzurite(options.Package, azurite, redirect: false);
            azure.Add(Peak(onAzurite, bodies));
        }

        var what = $"resident above idle, {Pushers} × {options.Size} MiB pushed at once";
        return
        [
            new Row($"{what}, on Azurite", "MiB", new Series("registry", azure), null, Goal.AtMostValue(120)),
            new Row($"{what}, on disk", "MiB", new Series("registry", disk), new Series("docker-registry", peers), Goal.AtMostValue(120)),
        ];
    }

    private static double Peak(ServerProcess server, ContentSource bodies)
    {
        // Idle is what it has after its first small push, when its code is loaded.
        using (var client = new RegistryClient(server.Port))
            client.Push(new ContentSource(64 * 1024).Next());
        var idle = server.Usage.Resident;
        server.Usage.ForgetPeak();
        Swarm.Run(Pushers, _ =>
        {
            using var client = new RegistryClient(server.Port);
            client.Push(bodies.Next());
        });
        Console.Error.Write($"\r\e[K{server.GetType().Name}: {idle:F0} MiB idle, {server.Usage.PeakResident:F0} at most");
        return server.Usage.PeakResident - idle;
    }
}
