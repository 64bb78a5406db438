using static Registry.Tests.Interleaving.CollectionScenario;

namespace Registry.Tests.Interleaving;

/// <summary>The collector is struck at each of its storage calls; then time passes, and another process goes on.</summary>
public sealed class CollectionCrashTests
{
    private static readonly byte[] other = Race.After(" another layer of more than a block");
    private static readonly Image gone = Image.Of(Client.Of(other));

    private static readonly WorldSetup setup = Sliced with { MayFail = true, Collector = Sliced.Collector with { UntaggedAfter = TimeSpan.FromHours(1) } };

    public static TheoryData<FaultKind, bool> All
    {
        get
        {
            var all = new TheoryData<FaultKind, bool>();
            foreach (var kind in Enum.GetValues<FaultKind>())
            {
                all.Add(kind, false);
                all.Add(kind, true);
            }

            return all;
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public void A_run_struck_at_any_call_is_gone_on_with_and_ends_as_if_nothing_had_happened(FaultKind kind, bool inSlices)
    {
        var sound = Strike(new Fault(kind, int.MaxValue), inSlices);
        var calls = Strikes.AtEachCall(kind, fault => Assert.Equal(sound, Strike(fault, inSlices)));

        Assert.True(calls > 10, "nothing was struck");
        TestContext.Current.TestOutputHelper?.WriteLine($"{calls} calls");
    }

    [Theory]
    [MemberData(nameof(Strikes.Kinds), MemberType = typeof(Strikes))]
    public void A_push_beside_a_collector_that_is_struck_at_any_call_is_stored(FaultKind kind)
    {
        var runs = 0;
        Strikes.AtEachCall(kind, fault =>
            runs += Explorer.ExploreOrders(
                (s, w) => new CollectionScenario(s, w)
                    .Given(c => c.Post(World.There, Layer)).Passed(Old)
                    .Actor("push", async c => await c.Post(World.Here, Layer) is { Status: 201 } ? await c.Put(World.Here, App, "latest") : new Answer(0))
                    .Collector(fault: fault)
                    .Then(3, ("push", [201])),
                () => new World(new WorldSetup { MayFail = true })));

        TestContext.Current.TestOutputHelper?.WriteLine($"{runs} interleavings in all");
    }

    /// <summary>A registry with something of everything that goes and of everything that stays; a run of it that is struck, and those that follow.</summary>
    /// <returns>What is there in the end.</returns>
    private static IReadOnlyList<string> Strike(Fault fault, bool inSlices)
    {
        var (world, schedule) = (new World(setup), new Schedule());
        try
        {
            var scenario = new CollectionScenario(schedule, world).WithUpload();
            scenario
                .Given(c => c.Put(World.Here, scenario.Race.Id, LayerDigest, Layer[10..]), c => c.Put(World.Here, App, "latest"), c => c.Put(World.Here, Image.Index(App), "index"))
                .Given(c => c.Post(World.There, other), c => c.Put(World.There, gone), c => c.Post(World.Here, other), c => c.Mount(World.There, LayerDigest, World.Here))
                .Passed(Old).Collected().Passed(Old)
                .LeftToPolicy();
            schedule.Add("struck", () => inSlices ? world.CollectInSlices() : world.Collect(), fault);
            schedule.Run([]);

            // Whoever pushes is not kept from it, whatever the dead one left.
            scenario.Given(c => c.Post(World.Here, Race.Bytes("pushed when the collector was dead")));
            world.Clock.Advance(World.Collection.LeaseDuration);
            World.Require(world.CollectInSlices(TimeSpan.MaxValue));
            scenario.Then(2)();
        }
        catch (Exception e) when (e is not Xunit.Sdk.XunitException)
        {
            throw new InvalidOperationException($"{fault}: {e.Message} in\n{schedule}", e);
        }

        return world.Names();
    }
}
