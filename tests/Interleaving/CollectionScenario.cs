using Registry.Collection;
using Registry.Digests;

namespace Registry.Tests.Interleaving;

/// <summary>What the tests of the collector begin with, and who acts in them.</summary>
internal sealed class CollectionScenario
{
    public static readonly byte[] Layer = Race.After(" a layer of more than a block");
    public static readonly Digest LayerDigest = Client.Of(Layer);
    public static readonly Image App = Image.Of(LayerDigest);

    /// <summary>The grace period and a little: who is older than this can go.</summary>
    public static readonly TimeSpan Old = World.Collection.GracePeriod + TimeSpan.FromSeconds(1);

    /// <summary>So long that what was read before must be read again.</summary>
    public static readonly TimeSpan Late = World.Collection.Late + TimeSpan.FromSeconds(1);

    /// <summary>Pages of a row each, so that a slice ends after each row.</summary>
    public static readonly WorldSetup Sliced = new() { CollectorTables = (t, _) => new OneRowPages(t), Collector = World.Collection with { Interval = TimeSpan.Zero } };

    /// <summary>Deletes can be undone, for longer than a push may take.</summary>
    public static readonly WorldSetup Restorable = new()
    {
        Pushers = World.Collection with { RestorableFor = 3 * World.Collection.GracePeriod },
        Collector = World.Collection with { RestorableFor = 3 * World.Collection.GracePeriod },
    };

    /// <summary>Untagged manifests go.</summary>
    public static readonly WorldSetup ByPolicy = new() { Collector = World.Collection with { UntaggedAfter = TimeSpan.FromHours(1) } };

    /// <summary>
    /// The collector deletes a blob in the same step in which it last looked whether a row names it: who puts a manifest may stall for days between its blob and its row,
    /// but does not wake just between these two calls of the collector. It is what is assumed of every push, and the only order that is left out.
    /// </summary>
    public static readonly WorldSetup PromptDeletes = new() { PromptDeletes = true };

    private readonly World world;

    public CollectionScenario(Schedule schedule, World world)
    {
        this.world = world;
        Race = new Race(schedule, world);
    }

    public Race Race { get; }

    /// <summary>Makes requests one after the other, before the race; each must end well.</summary>
    public CollectionScenario Given(params Func<Client, Task<Answer>>[] requests)
    {
        foreach (var request in requests)
        {
            if (World.Require(request(world.NewClient())) is { Status: < 200 or > 202 } answer)
                throw new InvalidOperationException($"the scenario cannot begin: {answer}");
        }

        return this;
    }

    public CollectionScenario Passed(TimeSpan time)
    {
        world.Clock.Advance(time);
        return this;
    }

    public CollectionScenario Collected()
    {
        World.Require(world.Collect());
        return this;
    }

    /// <summary>What was acknowledged so far may go by policy.</summary>
    public CollectionScenario LeftToPolicy()
    {
        world.Ledger.LeaveToPolicy();
        return this;
    }

    /// <summary>The beginning of an upload, in the race's repository.</summary>
    public CollectionScenario WithUpload()
    {
        Race.WithUpload();
        return this;
    }

    public CollectionScenario Actor(string name, Func<Client, Race, Task<Answer>> request)
    {
        Race.Actor(name, request);
        return this;
    }

    public CollectionScenario Actor(string name, Func<Client, Task<Answer>> request) => Actor(name, (c, _) => request(c));

    public CollectionScenario Collector(string name = "collector", Fault? fault = null)
    {
        Race.Background(name, w => w.Collect(), fault);
        return this;
    }

    /// <summary>A run that takes what was deleted at once.</summary>
    public CollectionScenario Forgetter()
    {
        Race.Background("collector", w => w.Collect(forgetDeleted: true));
        return this;
    }

    /// <summary>One run after the other.</summary>
    public CollectionScenario Collectors(int runs)
    {
        Race.Background("collector", async w =>
        {
            for (var i = 0; i < runs; i++)
                await w.Collect();
        });
        return this;
    }

    public CollectionScenario Slices(string name = "collector")
    {
        Race.Background(name, w => w.CollectInSlices());
        return this;
    }

    public CollectionScenario Clock(params TimeSpan[] steps)
    {
        Race.Background("clock", async w =>
        {
            foreach (var step in steps)
                await w.Pass(step);
        });
        return this;
    }

    /// <summary>As <see cref="Then(int, ValueTuple{string, int[]}[])"/>, and what is left over is not asked.</summary>
    public Action ThenSafe(params (string Actor, int[] Statuses)[] answers) => Then(0, answers);

    /// <summary>After each run: somebody got one of these answers, all that was told is true, and what nothing needs goes.</summary>
    public Action Then(int runs, params (string Actor, int[] Statuses)[] answers) => () =>
    {
        foreach (var (actor, statuses) in answers)
        {
            if (!statuses.Contains(Race.Answers[actor].Status))
                throw new InvariantException($"{actor} was answered {Race.Answers[actor]} and not {string.Join(" or ", statuses)}");
        }

        world.Check();
        world.CheckManifests();
        world.CheckNeeds();
        if (runs > 0)
            world.CheckLeftovers(runs);
    };

    public Action Then(params (string Actor, int[] Statuses)[] answers) => Then(2, answers);
}
