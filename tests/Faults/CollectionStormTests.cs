using System.Diagnostics;
using System.Globalization;
using Registry.Collection;
using Registry.Storage;
using Registry.Storage.Azure;
using Registry.Tests.Support;

namespace Registry.Tests.Faults;

/// <summary>The collector beside pushes and deletes of images that share layers, with a grace period of seconds, and killed at one storage request after the other.</summary>
[Collection("Fault lab")]
public sealed class CollectionStormTests(AzuriteFixture azurite)
{
    /// <summary>Names the minutes that the storm lasts: the long form is 30.</summary>
    private const string MinutesVariable = "REGISTRY_COLLECTION_MINUTES";

    private const int Clients = 5;

    /// <summary>Runs of the collector after which nothing is left that could go. A few are enough on a machine that has nothing else to do.</summary>
    private const int EnoughRuns = 20;

    private static readonly int seed = TestSeed.Of("collection storm");
    private static readonly TimeSpan grace = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan renewAfter = TimeSpan.FromSeconds(1);

    // A link that is told of is at most this old. Azurite tells the time of a read in whole seconds, so it may be a second older than it looks.
    private static readonly TimeSpan promised = grace - renewAfter - TimeSpan.FromSeconds(1);

    // A run on this little data takes a second or two, and one that was killed is followed when its lease is over.
    private static readonly TimeSpan killPatience = TimeSpan.FromSeconds(8);

    // A collector that does not run at all.
    private static readonly TimeSpan patience = TimeSpan.FromMinutes(10);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_was_acknowledged_stays_and_what_nothing_needs_goes()
    {
        var account = (await azurite.NewAccount()).ConnectionString;
        var place = AzuriteAccount.NewPlace();
        await using var one = await Start(account, place, TimeSpan.FromSeconds(3));
        await using var other = await Start(account, place, TimeSpan.FromDays(1));
        await using var collector = await Start(account, place, TimeSpan.FromSeconds(1));
        var storm = new CollectionStorm([one, other], seed, promised);
        var minutes = Environment.GetEnvironmentVariable(MinutesVariable) is { } text ? double.Parse(text, CultureInfo.InvariantCulture) : 3;
        using var over = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        over.CancelAfter(TimeSpan.FromMinutes(minutes));

        var kills = KillAtOneRequestAfterTheOther(collector, over.Token);
        await Task.WhenAll([.. Enumerable.Range(0, Clients).Select(n => Task.Run(() => storm.Push(n, over.Token), Cancellation)), Task.Run(() => storm.PushBySkopeo(over.Token), Cancellation)]);
        var killed = await kills;
        await storm.VerifyAll(Cancellation);
        await WaitUntilOnlyNeededIsLeft(account, place, storm);
        await storm.VerifyAll(Cancellation);

        foreach (var line in (await Task.WhenAll(one.Process(), other.Process())).SelectMany(p => p.Output.Split('\n')).Where(l => l.Contains("storage failed", StringComparison.Ordinal)))
            LabReport.Note(line.Trim());
        LabReport.Note($"collection storm, {minutes} minutes, seed {seed}: {storm.Summary}; the collector was killed {killed} times");
        Assert.True(storm.Acknowledged > 20, $"only {storm.Acknowledged} images came through");
        Assert.True(killed > 5, $"the collector was killed only {killed} times");
    }

    private static async Task<RegistryInstance> Start(string account, AzureStorageOptions place, TimeSpan interval)
    {
        var instance = RegistryInstance.Start(account, place, Cancellation, new Dictionary<string, string>
        {
            ["Collection:GracePeriod"] = grace.ToString("c"),
            ["Collection:RenewAfter"] = renewAfter.ToString("c"),
            ["Collection:RestorableFor"] = "00:00:04",
            ["Collection:Interval"] = interval.ToString("c"),
        });
        await instance.Process();
        return instance;
    }

    /// <summary>Kills the collector at its k-th storage request since it was started, k from 1 until it needs no more, before and after it took effect in turn.</summary>
    private static async Task<int> KillAtOneRequestAfterTheOther(RegistryInstance collector, CancellationToken over)
    {
        var killed = 0;
        for (var (k, kill) = (1, Fault.KillBefore); !over.IsCancellationRequested; k++)
        {
            await collector.Process();
            var plan = new FaultAt(k, kill);
            collector.Follow(plan);
            var waiting = Stopwatch.StartNew();
            while (plan.Hit is null && waiting.Elapsed < killPatience && !over.IsCancellationRequested)
                await Task.Delay(TimeSpan.FromMilliseconds(50), CancellationToken.None);
            if (plan.Hit is not null)
                killed++;
            else
                (k, kill) = (0, kill == Fault.KillBefore ? Fault.KillAfter : Fault.KillBefore);
        }

        collector.Follow(FaultPlan.None);
        return killed;
    }

    /// <summary>Within a number of the collector's runs, however fast this machine is.</summary>
    private static async Task WaitUntilOnlyNeededIsLeft(string account, AzureStorageOptions place, CollectionStorm storm)
    {
        var storage = AzureStorage.FromConnectionString(account, place);
        var runs = new CollectionRunStore(storage.Tables, IdSource.Random);
        var seen = new HashSet<string>();
        var needed = storm.Needed();
        var waiting = Stopwatch.StartNew();
        while (true)
        {
            var (links, contents) = await Rows(storage.Tables);
            var blobs = await storage.Blobs.List(PathMapper.ContentPrefix, Cancellation).CountAsync(Cancellation);
            Assert.True(needed.IsSubsetOf(links), $"links that are needed are gone: {string.Join(", ", needed.Except(links))}");
            if (links.SetEquals(needed) && contents.SetEquals(needed.Select(n => n.Digest)) && blobs == contents.Count + storm.Live)
                return;
            if (await runs.Find(CollectionKind.Collect, Cancellation) is { } run)
                seen.Add(run.Id);
            Assert.True(
                waiting.Elapsed < patience && (seen.Count < EnoughRuns || waiting.Elapsed < TimeSpan.FromMinutes(2)),
                $"{waiting.Elapsed} and {seen.Count} runs later there are {links.Count} links, {contents.Count} contents and {blobs} blobs, for {needed.Count} that are needed by {storm.Live} manifests");
            await Task.Delay(TimeSpan.FromSeconds(1), Cancellation);
        }
    }

    /// <summary>The links and the content rows. A slow machine leaves more of them than a page holds.</summary>
    private static async Task<(HashSet<(string Repository, string Digest)> Links, HashSet<string> Contents)> Rows(ITableStore tables)
    {
        var rows = await tables.ReadAll(Tables.Content, new TableQuery(), Cancellation).ToListAsync(Cancellation);
        return (
            [.. rows.Where(r => r.Row != Tables.ContentRow).Select(r => (Tables.Repository(r.Row).ToString(), r.Partition))],
            [.. rows.Where(r => r.Row == Tables.ContentRow).Select(r => r.Partition)]);
    }
}
