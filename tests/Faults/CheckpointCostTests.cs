using System.Diagnostics;
using System.IO.Pipelines;
using Registry.Collection;
using Registry.Digests;
using Registry.Layers;
using Registry.Repositories;
using Registry.Storage.Azure;
using Registry.Tests.Support;

namespace Registry.Tests.Faults;

/// <summary>What it costs to record a long body on the way. A measurement: it runs when it is asked for.</summary>
[Collection("Fault lab")]
public sealed class CheckpointCostTests(AzuriteFixture azurite)
{
    private const int Size = 256 * 1024 * 1024;
    private const int Pairs = 3;

    [Fact(Explicit = true)]
    public async Task Checkpoints_of_a_256_MiB_body_cost_three_requests()
    {
        var connection = (await azurite.NewAccount()).ConnectionString;
        var (with, without) = (TimeSpan.Zero, TimeSpan.Zero);
        var requests = (With: 0, Without: 0);

        // In turn, so that what else the machine does falls on both.
        await Append(connection, new UploadOptions());
        for (var pair = 0; pair < Pairs; pair++)
        {
            (var time, requests.With) = await Append(connection, new UploadOptions());
            with += time;
            (time, requests.Without) = await Append(connection, new UploadOptions { CheckpointBytes = long.MaxValue, CheckpointInterval = TimeSpan.FromDays(1) });
            without += time;
        }

        LabReport.Note(
            $"PATCH of {Size >> 20} MiB: {requests.With} storage requests and {with.TotalSeconds / Pairs:F2} s with checkpoints, {requests.Without} and {without.TotalSeconds / Pairs:F2} s without: ratio {with / without:F2}");
        Assert.InRange(requests.With - requests.Without, 3, 4);
    }

    private static async Task<(TimeSpan Time, int Requests)> Append(string connection, UploadOptions options)
    {
        var cancellation = TestContext.Current.CancellationToken;
        await using var proxy = new StorageProxy(connection, () => Task.CompletedTask);
        var storage = AzureStorage.FromConnectionString(proxy.ConnectionString, AzuriteAccount.NewPlace());
        await storage.Initialize(cancellation);
        foreach (var table in Registry.Storage.Tables.All)
            await storage.Tables.CreateTable(table, cancellation);
        var layers = new LayerService(storage.Blobs, storage.Tables, options, new CollectionOptions(), TimeProvider.System, IdSource.Random);
        var upload = await layers.Start(RepositoryName.Parse("checkpoints"), DigestAlgorithm.Sha256, cancellation);

        proxy.Follow(FaultPlan.None);
        var time = Stopwatch.StartNew();
        var pipe = new Pipe();
        var sending = Send(pipe.Writer, cancellation);
        await upload.Append(pipe.Reader, null, cancellation);
        await sending;
        Assert.Equal(Size, upload.Offset);
        return (time.Elapsed, proxy.Requests.Count);
    }

    private static async Task Send(PipeWriter body, CancellationToken cancellation)
    {
        var part = Content.Bytes(1, 64 * 1024);
        for (var sent = 0; sent < Size; sent += part.Length)
            await body.WriteAsync(part, cancellation);
        await body.CompleteAsync();
    }
}
