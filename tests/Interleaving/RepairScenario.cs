using Registry.Digests;
using Registry.Layers;
using Registry.Repositories;
using Registry.Storage;
using Registry.Verification;

namespace Registry.Tests.Interleaving;

/// <summary>A layer that lies damaged in storage, a repair of it, and who acts beside. Whatever the order, a push afterwards makes everything read again.</summary>
internal sealed class RepairScenario
{
    private readonly World world;
    private readonly CollectionScenario scenario;
    private readonly byte[] layer = CollectionScenario.Layer;
    private readonly Digest digest = CollectionScenario.LayerDigest;
    private string damaged = "";

    public RepairScenario(Schedule schedule, World world)
    {
        this.world = world;
        scenario = new CollectionScenario(schedule, world);
    }

    public Race Race => scenario.Race;

    public RepairScenario Given(params Func<Client, Task<Answer>>[] requests)
    {
        scenario.Given(requests);
        return this;
    }

    public RepairScenario Passed(TimeSpan time)
    {
        scenario.Passed(time);
        return this;
    }

    public RepairScenario WithUpload()
    {
        scenario.WithUpload();
        return this;
    }

    public RepairScenario Damaged(Damage damage)
    {
        damaged = world.ContentRows(digest).Single(r => r.Row == Tables.ContentRow).GetString("blob");
        world.Spoil(damaged, damage switch
        {
            Damage.Flipped => [.. layer.Select((b, i) => i == 3 ? (byte)(b ^ 1) : b)],
            Damage.Truncated => layer[..^1],
            _ => null,
        });

        // What was acknowledged before is lost already.
        foreach (var repository in (RepositoryName[])[World.Here, World.There])
            world.Ledger.Doubt(repository, digest);
        return this;
    }

    public RepairScenario Repaired()
    {
        World.Require(world.Repair());
        return this;
    }

    /// <param name="name">Who repairs.</param>
    /// <param name="fault">What strikes it.</param>
    /// <param name="tables">What it sees of the tables.</param>
    public RepairScenario Repair(string name = "repair", Fault? fault = null, Func<ITableStore, ITableStore>? tables = null)
    {
        Race.Background(name, w => w.Repair(digest, tables), fault);
        return this;
    }

    /// <summary>A whole verification that repairs.</summary>
    public RepairScenario Pass(string name = "pass", Fault? fault = null)
    {
        Race.Background(name, w => w.Repair(), fault);
        return this;
    }

    /// <summary>As a repair leaves it that died after its mark.</summary>
    public RepairScenario Marked()
    {
        world.Alter(digest, Tables.ContentRow, row => row.Set(LayerLinks.FreedProperty, true));
        return this;
    }

    public RepairScenario Collector()
    {
        scenario.Collector();
        return this;
    }

    public RepairScenario Clock(params TimeSpan[] steps)
    {
        scenario.Clock(steps);
        return this;
    }

    public RepairScenario Actor(string name, Func<Client, Race, Task<Answer>> request)
    {
        scenario.Actor(name, request);
        return this;
    }

    public RepairScenario Actor(string name, Func<Client, Task<Answer>> request) => Actor(name, (c, _) => request(c));

    /// <summary>After each run: somebody got one of these answers, the damaged blob is out of use, and pushes bring back all of it.</summary>
    public Action Then(params (string Actor, int[] Statuses)[] answers) => () =>
    {
        foreach (var (actor, statuses) in answers)
        {
            if (!statuses.Contains(Race.Answers[actor].Status))
                throw new InvariantException($"{actor} was answered {Race.Answers[actor]} and not {string.Join(" or ", statuses)}");
        }

        CheckOutOfUse();
        CheckHealing();
    };

    /// <summary>As <see cref="Then"/>, after a repair that was struck: another goes on first.</summary>
    public Action ThenAfterAnother(params (string Actor, int[] Statuses)[] answers)
    {
        var then = Then(answers);
        return () =>
        {
            World.Require(world.Repair());
            then();
        };
    }

    private void CheckOutOfUse()
    {
        world.Check();
        world.CheckManifests();
        var rows = world.ContentRows(digest);
        if (rows.Any(r => r.GetString("blob") == damaged && !(r.Row == Tables.ContentRow && LayerLinks.IsFreed(r))))
            throw new InvariantException("the damaged blob is in use");

        // Who pushed the content that is there now, or joined it, has it.
        var live = rows.FirstOrDefault(r => r.Row == Tables.ContentRow && !LayerLinks.IsFreed(r));
        if (live is not null && !rows.Any(r => LinkRepair.IsHeldBy(live, r) && r.Row != Tables.ContentRow))
            throw new InvariantException("the content that a push has brought is held by nobody");

        // A push that joins drops its own blob: one that is left is what a push was told is stored.
        if (world.BlobsOf(digest).Except([damaged, live?.GetString("blob") ?? ""]).Any())
            throw new InvariantException("a push brought the content, and it is not in use");
    }

    // As docker does it: what HEAD does not know is uploaded; then the manifest.
    private void CheckHealing()
    {
        foreach (var repository in (RepositoryName[])[World.Here, World.There])
        {
            var client = world.NewClient();
            if (World.Require(client.Has(repository, digest)) != Answer.Ok && World.Require(client.Post(repository, layer)) is not { Status: 201 } and var post)
                throw new InvariantException($"the push that heals is answered {post}");
            if (World.Require(client.Put(repository, CollectionScenario.App, "healed")) is not { Status: 201 } and var put)
                throw new InvariantException($"the manifest's put after it is answered {put}");
        }

        world.Ledger.Doubtful.Clear();
        CheckAll();
        world.CheckLeftovers();
        CheckAll();
        if (world.ContentRows(digest).Any(r => r.GetString("blob") == damaged))
            throw new InvariantException("the damaged blob is named again");
    }

    private void CheckAll()
    {
        world.Check();
        world.CheckManifests();
        world.CheckNeeds();
    }
}

/// <summary>How a blob is damaged.</summary>
public enum Damage
{
    /// <summary>A bit is another.</summary>
    Flipped,

    /// <summary>It ends too soon.</summary>
    Truncated,

    /// <summary>It is not there.</summary>
    Gone,
}

/// <summary>Looks at nothing.</summary>
internal sealed class UnseenVerification : IVerificationObserver
{
    public void Found(Finding finding)
    {
    }

    public ValueTask Progress(VerificationPhase phase, VerificationTotals totals, double? fraction) => ValueTask.CompletedTask;
}
