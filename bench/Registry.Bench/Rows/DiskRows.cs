using System.Diagnostics;
using System.Security.Cryptography;
using Registry.Bench.Load;
using Registry.Bench.Measuring;
using Registry.Bench.Processes;

namespace Registry.Bench.Rows;

/// <summary>On disk, beside Debian's docker-registry.</summary>
internal static class DiskRows
{
    private const int Connections = 16;
    private const string Tag = "latest";

    // So that 10 ms, the grain of processor time, are little.
    private const int PushesPerSample = 4;
    private const int PullsPerSample = 4;

    public static async Task<List<Row>> Run(BenchOptions options)
    {
        using var registry = await RegistryServer.OnDisk(options.Package);
        using var peer = await PeerServer.Start();
        using var client = new RegistryClient(registry.Port);
        using var peerClient = new RegistryClient(peer.Port);
        var bodies = new ContentSource(options.Size << 20);

        var rows = new List<Row>();
        var pushes = Contest.Run(
            options.Runs,
            Entrant.Writing("push to disk", registry, () => Push(client, bodies)),
            Entrant.Writing("push to docker-registry", peer, () => Push(peerClient, bodies)),
            new Entrant("SHA-256 alone", () => Hash(bodies)));
        var (push, peerPush) = (Series.Rates("registry", pushes[0]), Series.Rates("docker-registry", pushes[1]));
        rows.Add(new Row($"push {options.Size} MiB on disk", "MiB/s", push, peerPush, Goal.AtLeast(1.5)));

        var content = bodies.Next();
        foreach (var one in (RegistryClient[])[client, peerClient])
        {
            one.Push(content);
            one.Pull(content.Digest, verify: true);
            one.PushImage(Tag);
        }

        var pulls = Contest.Run(
            options.Runs,
            Entrant.Serving("pull from disk", registry, () => Pull(client, content.Digest)),
            Entrant.Serving("pull from docker-registry", peer, () => Pull(peerClient, content.Digest)));
        rows.Add(new Row($"pull {options.Size} MiB on disk", "MiB/s", Series.Rates("registry", pulls[0]), Series.Rates("docker-registry", pulls[1]), Goal.AtLeast(1)));

        var answers = Contest.Run(
            options.Runs,
            Entrant.Serving("manifest GET", registry, () => Manifests(registry.Port, options)),
            Entrant.Serving("manifest GET from docker-registry", peer, () => Manifests(peer.Port, options)));
        rows.Add(new Row(
            $"manifest GET by tag on disk, {Connections} connections", "1/s", Series.Rates("registry", answers[0]), Series.Rates("docker-registry", answers[1]), Goal.AtLeast(3)));

        var processor = Series.Processors("registry", pushes[0]);
        rows.Add(new Row("processor for a GiB pushed on disk", "s", processor, Series.Processors("docker-registry", pushes[1]), Goal.AtMost(1)));
        rows.Add(new Row("processor for a GiB pushed on disk", "s", processor, Series.Processors("SHA-256 alone", pushes[2]), Goal.AtMost(2.5)));
        return rows;
    }

    private static double Push(RegistryClient client, ContentSource bodies)
    {
        for (var i = 0; i < PushesPerSample; i++)
            client.Push(bodies.Next());
        return PushesPerSample * bodies.Common.Length / 1048576.0;
    }

    private static double Pull(RegistryClient client, string digest)
    {
        long bytes = 0;
        for (var i = 0; i < PullsPerSample; i++)
            bytes += client.Pull(digest);
        return bytes / 1048576.0;
    }

    private static double Manifests(int port, BenchOptions options) => Swarm.Ask(port, RegistryClient.ManifestRequest(port, Tag), Connections, options.Time);

    /// <summary>OpenSSL's SHA-256 by .NET's own binding, in pieces as large as a slab.</summary>
    private static Sample Hash(ContentSource bodies)
    {
        const int piece = 256 * 1024;
        var usage = new ProcessUsage(Environment.ProcessId);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var before = usage.Processor;
        var began = Stopwatch.GetTimestamp();
        for (var i = 0; i < PushesPerSample; i++)
        {
            for (var rest = bodies.Common.Span; !rest.IsEmpty; rest = rest[Math.Min(piece, rest.Length)..])
                hash.AppendData(rest[..Math.Min(piece, rest.Length)]);
        }

        return new Sample(PushesPerSample * bodies.Common.Length / 1048576.0, Stopwatch.GetElapsedTime(began).TotalSeconds, usage.Processor - before);
    }
}
