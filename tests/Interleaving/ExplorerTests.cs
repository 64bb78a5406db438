namespace Registry.Tests.Interleaving;

/// <summary>What <see cref="Explorer.ExploreOrders"/> leaves out leads to nothing that it does not see.</summary>
public sealed class ExplorerTests
{
    private static readonly Dictionary<string, Func<Schedule, World, CollectionScenario>> scenarios = new(StringComparer.Ordinal)
    {
        ["put of a manifest beside a run"] = (s, w) => new CollectionScenario(s, w)
            .Given(c => c.Post(World.Here, CollectionScenario.Layer)).Passed(CollectionScenario.Old)
            .Actor("put", c => c.Put(World.Here, CollectionScenario.App)).Collector(),
        ["mount beside a run"] = (s, w) => new CollectionScenario(s, w)
            .Given(c => c.Post(World.There, CollectionScenario.Layer)).Passed(CollectionScenario.Old)
            .Actor("mount", c => c.Mount(World.Here, CollectionScenario.LayerDigest, World.There)).Collector(),
        ["mount, delete and time"] = (s, w) => new CollectionScenario(s, w)
            .Given(c => c.Post(World.There, CollectionScenario.Layer))
            .Actor("mount", c => c.Mount(World.Here, CollectionScenario.LayerDigest, World.There))
            .Actor("delete", c => c.Delete(World.There, CollectionScenario.LayerDigest))
            .Clock(CollectionScenario.Late),
        ["two finishes of one content"] = (s, w) => new CollectionScenario(s, w)
            .WithUpload()
            .Actor("finish", (c, r) => c.Put(World.Here, r.Id, CollectionScenario.LayerDigest, CollectionScenario.Layer[10..]))
            .Actor("post", c => c.Post(World.There, CollectionScenario.Layer)),
    };

    public static TheoryData<string> All => [.. scenarios.Keys];

    [Theory]
    [MemberData(nameof(All))]
    public void What_every_interleaving_leads_to_is_reached_without_those_that_differ_in_nothing(string scenario)
    {
        var (every, few) = (new HashSet<string>(), new HashSet<string>());
        var runs = Explorer.ExploreRace(Explorer.Unbounded, Collect(every));
        var fewer = Explorer.ExploreOrders(Collect(few));

        Assert.InRange(fewer, 2, runs - 1);
        Assert.Equal(every.Order(), few.Order());
        TestContext.Current.TestOutputHelper?.WriteLine($"{every.Count} ends");

        Func<Schedule, World, Action> Collect(HashSet<string> ends) => (schedule, world) =>
        {
            var race = scenarios[scenario](schedule, world).Race;
            return () => ends.Add($"{string.Join(' ', race.Answers.OrderBy(a => a.Key))}\n{world.Describe()}");
        };
    }
}
