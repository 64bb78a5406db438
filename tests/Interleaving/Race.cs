using System.Text;
using Registry.Digests;
using Registry.Repositories;

namespace Registry.Tests.Interleaving;

/// <summary>A scenario of the explorer: one upload with its beginning stored, actors that race, and what must hold whoever wins.</summary>
internal sealed class Race(Schedule schedule, World world)
{
    /// <summary>A block and a tail: 10 bytes that are acknowledged before the race.</summary>
    public static readonly byte[] Beginning = Bytes("beginning!");

    private readonly Dictionary<string, Answer> answers = [];

    public World World => world;

    public Ledger Ledger => world.Ledger;

    /// <summary>The upload in <see cref="World.Here"/> that the actors fight for.</summary>
    public Guid Id { get; private set; }

    /// <summary>Who got an answer, and which.</summary>
    public IReadOnlyDictionary<string, Answer> Answers => answers;

    public static byte[] Bytes(string text) => Encoding.ASCII.GetBytes(text);

    public static byte[] After(string text) => [.. Beginning, .. Bytes(text)];

    public Race WithUpload() => WithUpload(Beginning);

    /// <summary>An upload that holds these bytes.</summary>
    public Race WithUpload(byte[] content)
    {
        Id = NewUpload(content);
        return this;
    }

    /// <summary>Another upload in <see cref="World.Here"/>.</summary>
    public Guid NewUpload(byte[] content)
    {
        var client = world.NewClient();
        var id = World.Require(client.Start(World.Here));
        Assert.Equal(new Answer(202, content.Length), World.Require(client.Patch(World.Here, id, content)));
        return id;
    }

    /// <summary>An actor on an instance of its own, that makes one request.</summary>
    public Race Actor(string name, Func<Client, Race, Task<Answer>> request, Fault? fault = null)
    {
        schedule.Add(name, async () => answers[name] = await request(world.NewClient(), this), fault);
        return this;
    }

    /// <summary>An actor that is no client.</summary>
    public Race Background(string name, Func<World, Task> work, Fault? fault = null)
    {
        schedule.Add(name, () => work(world), fault);
        return this;
    }

    public Answer? AnswerOf(string name) => answers.TryGetValue(name, out var answer) ? answer : null;

    /// <summary>Nobody was told anything but what the protocol lets clients see; a 500, an exception, ends the run before this.</summary>
    public void OnlyKnownAnswers()
    {
        foreach (var (name, answer) in answers)
        {
            if (answer.Status is not (200 or 201 or 202 or 204 or 400 or 404 or 416 or 503))
                throw new InvariantException($"{name} was answered {answer}");
        }
    }

    /// <summary>The upload goes on from what it tells, which is no less than was acknowledged, and ends well. Or it is over, which one of the actors must have been told.</summary>
    public void ContinuesOrIsOver(bool mayBeOver)
    {
        var client = world.NewClient();
        var acknowledged = Ledger.Acknowledged(Id);
        var status = World.Require(client.Status(World.Here, Id));
        if (status.Status == 404)
        {
            if (!mayBeOver)
                throw new InvariantException("the upload is gone, and nobody ended it");
            return;
        }

        if (status.Status != 204 || status.Offset < acknowledged.Length)
            throw new InvariantException($"the upload answers {status}, and {acknowledged.Length} bytes were acknowledged");
        if (status.Offset > acknowledged.Length)
            throw new InvariantException($"the upload has {status.Offset} bytes, of which {acknowledged.Length} were sent and acknowledged");
        byte[] whole = [.. acknowledged, .. Bytes("the end")];
        var digest = Client.Of(whole);
        var put = World.Require(client.Put(World.Here, Id, digest, Bytes("the end"), status.Offset));
        if (put.Status != 201)
            throw new InvariantException($"the upload that stood at {status.Offset} cannot be finished: {put}");
        MustRead(World.Here, digest);
        var again = World.Require(client.Put(World.Here, Id, digest));
        if (again.Status != 201)
            throw new InvariantException($"the finish that is repeated is answered {again}");
    }

    /// <summary>A request that is repeated when all is quiet gets one of these answers.</summary>
    public void Repeated(Func<Client, Race, Task<Answer>> request, params int[] statuses)
    {
        var answer = World.Require(request(world.NewClient(), this));
        if (!statuses.Contains(answer.Status))
            throw new InvariantException($"repeated, it is answered {answer} and not {string.Join(" or ", statuses)}");
    }

    public void MustRead(RepositoryName repository, Digest digest)
    {
        if (World.Require(world.NewClient().Head(repository, digest)) is var answer && answer != Answer.Ok)
            throw new InvariantException($"{digest} reads as {answer} in {repository}");
    }

    /// <summary>Whatever happened, a client that begins anew, as docker does, succeeds.</summary>
    public void AnewSucceeds(RepositoryName repository, byte[] content)
    {
        var client = world.NewClient();
        var id = World.Require(client.Start(repository));
        World.Require(client.Patch(repository, id, content));
        if (World.Require(client.Put(repository, id, Client.Of(content))) is { Status: not 201 } answer)
            throw new InvariantException($"pushed anew, the blob is answered {answer}");
        MustRead(repository, Client.Of(content));
    }
}
