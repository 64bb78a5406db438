using Registry.Bench.Load;
using Registry.Bench.Measuring;
using Registry.Bench.Processes;
using Registry.Storage;

namespace Registry.Bench.Rows;

/// <summary>On Azurite, beside what Azurite gives to whoever asks it directly.</summary>
internal static class AzureRows
{
    private const int Connections = 16;

    public static async Task<List<Row>> Run(BenchOptions options)
    {
        using var azurite = await AzuriteServer.Start(options.Modules);
        using var registry = await RegistryServer.OnAzurite(options.Package, azurite, redirect: false);
        using var redirecting = await RegistryServer.OnAzurite(options.Package, azurite, redirect: true);
        using var client = new RegistryClient(registry.Port);
        var storage = new StorageClient(azurite);
        using var relay = new BareRelay(storage);
        var bodies = new ContentSource(options.Size << 20);

        var rows = new List<Row>();
        var pushes = Contest.Run(
            options.Runs,
            Entrant.Writing("push to Azurite", registry, () => Push(client, bodies.Next()), azurite.Folder),
            Entrant.Writing("four parallel Put Block", azurite, () => PutBlocks(storage, bodies)),
            Entrant.Writing("bare relay", azurite, () => Relay(relay, bodies)));
        rows.Add(new Row(
            $"push {options.Size} MiB on Azurite", "MiB/s", Series.Rates("registry", pushes[0]), Series.Rates("4 × Put Block", pushes[1]), Goal.AtLeast(0.9)));
        rows.Add(new Row(
            "the same, beside a relay that only hashes and stages", "MiB/s", Series.Rates("registry", pushes[0]), Series.Rates("bare relay", pushes[2]), Goal: null));
        rows.Add(new Row(
            "what that relay reaches", "MiB/s", Series.Rates("bare relay", pushes[2]), Series.Rates("4 × Put Block", pushes[1]), Goal: null));

        var content = bodies.Next();
        client.Push(content);
        client.Pull(content.Digest, verify: true);
        var blob = storage.PutBlob(content);
        var pulls = Contest.Run(
            options.Runs,
            Entrant.Serving("pull through the registry", registry, () => MiB(client.Pull(content.Digest))),
            Entrant.Serving("direct GET", azurite, () => MiB(storage.Get(blob))));
        rows.Add(new Row(
            $"pull {options.Size} MiB on Azurite, proxied", "MiB/s", Series.Rates("registry", pulls[0]), Series.Rates("direct GET", pulls[1]), Goal.AtLeast(0.9)));
        rows.Add(Redirected(redirecting, content, options));
        rows.Add(Manifests(registry, azurite, client, storage, options));
        return rows;
    }

    private static double Push(RegistryClient client, Content content)
    {
        client.Push(content);
        return MiB(content.Length);
    }

    private static double PutBlocks(StorageClient storage, ContentSource bodies)
    {
        storage.PutBlocks(bodies.Common);
        return MiB(bodies.Common.Length);
    }

    private static double Relay(BareRelay relay, ContentSource bodies)
    {
        relay.Push(bodies.Common);
        return MiB(bodies.Common.Length);
    }

    // Follows the redirect as a client does: the bytes must be the right ones, and none of them may come from the registry.
    private static Row Redirected(RegistryServer registry, Content content, BenchOptions options)
    {
        using var client = new RegistryClient(registry.Port);
        var bytes = new List<double>();
        for (var round = 0; round < options.Runs; round++)
        {
            var (location, body) = client.Redirected(content.Digest);
            using var storage = new Http.RawConnection(location.Port);
            storage.Send($"GET {location.PathAndQuery} HTTP/1.1\r\nHost: {location.Authority}\r\n\r\n");
            if (storage.Expect(200) != content.Length)
                throw new InvalidDataException("storage gave another length");
            bytes.Add(body);
        }

        return new Row($"pull {options.Size} MiB on Azurite, redirected: through the registry", "bytes", new Series("registry", bytes), null, Goal.AtMostValue(0));
    }

    private static Row Manifests(RegistryServer registry, AzuriteServer azurite, RegistryClient client, StorageClient storage, BenchOptions options)
    {
        const string tag = "latest";
        client.PushImage(tag);
        var repository = Repositories.RepositoryName.Parse(RegistryClient.Repository);
        var answers = Contest.Run(
            options.Runs,
            Entrant.Serving("manifest GET", registry, () => Swarm.Ask(registry.Port, RegistryClient.ManifestRequest(registry.Port, tag), Connections, options.Time)),
            Entrant.Serving("table point read", azurite, () => Swarm.Ask(
                azurite.TablePort, storage.RowRequest(Tables.Manifests, Tables.Key(repository), Tables.TagRow(Registry.Manifests.Tag.Parse(tag))), Connections, options.Time)));
        return new Row(
            $"manifest GET by tag on Azurite, {Connections} connections", "1/s", Series.Rates("registry", answers[0]), Series.Rates("point read", answers[1]), Goal.AtLeast(0.7));
    }

    private static double MiB(long bytes) => bytes / 1048576.0;
}
