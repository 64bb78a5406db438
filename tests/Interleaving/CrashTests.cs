using Registry.Digests;

namespace Registry.Tests.Interleaving;

/// <summary>A request is struck at each of its storage calls; then its client goes on at another instance, in each way that clients have.</summary>
public sealed class CrashTests
{
    private static readonly byte[] two = Race.After(" two, and longer than a block");
    private static readonly Digest twoDigest = Client.Of(two);

    /// <summary>Requests on an upload that holds <see cref="Race.Beginning"/>, by name.</summary>
    private static readonly Dictionary<string, Shape> shapes = new(StringComparer.Ordinal)
    {
        ["append a tail"] = new((c, r) => c.Patch(World.Here, r.Id, two[10..14], 10), 202, twoDigest),
        ["append blocks"] = new((c, r) => c.Patch(World.Here, r.Id, two[10..], 10), 202, twoDigest),
        ["append without a range"] = new((c, r) => c.Patch(World.Here, r.Id, two[10..]), 202, twoDigest),
        ["finish with the rest"] = new((c, r) => c.Put(World.Here, r.Id, twoDigest, two[10..], 10), 201, twoDigest),
        ["finish of content that exists"] = new((c, r) => c.Put(World.Here, r.Id, twoDigest, two[10..], 10), 201, twoDigest) { Exists = true },
        ["finish in sha512"] = new((c, r) => c.Put(World.Here, r.Id, Client.Of512(two), two[10..], 10), 201, Client.Of512(two)),
        ["finish in sha512 of content that exists"] = new((c, r) => c.Put(World.Here, r.Id, Client.Of512(two), two[10..], 10), 201, Client.Of512(two)) { Exists = true },
        ["single post"] = new((c, _) => c.Post(World.Here, two), 201, twoDigest),
        ["mount"] = new((c, _) => c.Mount(World.Here, twoDigest, World.There), 201, twoDigest) { Exists = true },
        ["finish by tarsum"] = TarSumShape((c, r) => c.Put(World.Here, r.Id, TarSumRaces.Name)),
        ["finish by tarsum of content that exists"] = TarSumShape((c, r) => c.Put(World.Here, r.Id, TarSumRaces.Name)) with { Exists = true },
        ["single post by tarsum"] = TarSumShape((c, _) => c.Post(World.Here, TarSumRaces.Archive, TarSumRaces.Name)),
        ["mount by tarsum"] = TarSumShape((c, _) => c.Mount(World.Here, TarSumRaces.Name, World.There)) with { Exists = true },
    };

    public static TheoryData<string, FaultKind> All
    {
        get
        {
            var all = new TheoryData<string, FaultKind>();
            foreach (var shape in shapes.Keys)
            {
                foreach (var kind in Enum.GetValues<FaultKind>())
                    all.Add(shape, kind);
            }

            return all;
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public void A_request_struck_at_any_call_is_continued_from_the_offset(string shape, FaultKind kind) => Strike(shapes[shape], kind, (race, digest) =>
    {
        var client = race.World.NewClient();
        var status = World.Require(client.Status(World.Here, race.Id));
        if (status.Status == 404)
        {
            race.MustRead(World.Here, digest);
            return;
        }

        var acknowledged = race.Ledger.Acknowledged(race.Id).Length;
        Assert.True(status.Offset >= acknowledged, $"{status}, and {acknowledged} bytes were acknowledged");
        var offset = (int)status.Offset!.Value;
        var content = shapes[shape].Content;
        if (offset < content.Length)
            Assert.Equal(new Answer(202, content.Length), World.Require(client.Patch(World.Here, race.Id, content[offset..], offset)));
        Assert.Equal(new Answer(201), World.Require(client.Put(World.Here, race.Id, digest)));
        race.MustRead(World.Here, digest);
        Assert.Equal(new Answer(201), World.Require(client.Put(World.Here, race.Id, digest)));
    });

    [Theory]
    [MemberData(nameof(All))]
    public void A_request_struck_at_any_call_is_repeated_as_it_was_or_told_where_to_go_on(string shape, FaultKind kind) => Strike(shapes[shape], kind, (race, digest) =>
    {
        var client = race.World.NewClient();
        var again = World.Require(shapes[shape].Request(client, race));
        if (again.Status == shapes[shape].Good)
            return;
        Assert.Equal(416, again.Status);
        Assert.True(again.Offset >= race.Ledger.Acknowledged(race.Id).Length);
        var rest = shapes[shape].Content[(int)again.Offset!.Value..];
        Assert.Equal(201, World.Require(client.Put(World.Here, race.Id, digest, rest, again.Offset)).Status);
        race.MustRead(World.Here, digest);
    });

    [Theory]
    [MemberData(nameof(All))]
    public void A_request_struck_at_any_call_keeps_nobody_from_pushing_anew(string shape, FaultKind kind) => Strike(shapes[shape], kind, (race, _) =>
    {
        race.AnewSucceeds(World.Here, shapes[shape].Content);
        race.AnewSucceeds(World.There, shapes[shape].Content);
    });

    [Theory]
    [MemberData(nameof(Strikes.Kinds), MemberType = typeof(Strikes))]
    public void A_cancel_struck_at_any_call_is_repeated(FaultKind kind) =>
        Strike(new Shape((c, r) => c.Cancel(World.Here, r.Id), 204, twoDigest) { LostAnswer = 404 }, kind, (race, _) =>
        {
            var client = race.World.NewClient();
            Assert.Contains(World.Require(client.Cancel(World.Here, race.Id)).Status, new[] { 204, 404 });
            Assert.Equal(404, World.Require(client.Status(World.Here, race.Id)).Status);
            race.AnewSucceeds(World.Here, two);
        });

    [Theory]
    [InlineData("finish with the rest", FaultKind.StopBefore)]
    [InlineData("finish with the rest", FaultKind.StopAfter)]
    [InlineData("finish of content that exists", FaultKind.StopBefore)]
    [InlineData("finish of content that exists", FaultKind.StopAfter)]
    [InlineData("finish in sha512", FaultKind.StopBefore)]
    [InlineData("finish in sha512", FaultKind.StopAfter)]
    [InlineData("finish with the rest", FaultKind.Repeat)]
    [InlineData("finish in sha512", FaultKind.Repeat)]
    [InlineData("finish by tarsum", FaultKind.StopBefore)]
    [InlineData("finish by tarsum", FaultKind.StopAfter)]
    [InlineData("finish by tarsum", FaultKind.Repeat)]
    [InlineData("finish by tarsum of content that exists", FaultKind.StopAfter)]
    public void A_finish_that_dies_beside_another_never_stops_the_other(string shape, FaultKind kind)
    {
        var (request, digest) = (shapes[shape].Request, shapes[shape].Digest);
        Strikes.AtEachCall(kind, fault =>
            Explorer.ExploreRace(1, (schedule, world) =>
            {
                var race = Prepare(schedule, world, shapes[shape]);
                race.Actor("dies", request, fault).Actor("lives", request);
                return () =>
                {
                    // What the dead one recorded of its body may stand in the way of the other's body, which is told so, and goes on from there.
                    if (race.Answers["lives"].Status != 201)
                    {
                        Assert.Equal(416, race.Answers["lives"].Status);
                        race.Repeated((c, r) => c.Put(World.Here, r.Id, digest, shapes[shape].Content[(int)r.Answers["lives"].Offset!.Value..]), 201);
                    }

                    race.MustRead(World.Here, digest);
                };
            }));
    }

    private static void Strike(Shape shape, FaultKind kind, Action<Race, Digest> goOn)
    {
        var strikes = Strikes.AtEachCall(kind, fault =>
        {
            var world = new World();
            var schedule = new Schedule();
            var race = Prepare(schedule, world, shape);
            race.Actor("struck", shape.Request, fault);
            schedule.Run([]);
            if (race.AnswerOf("struck") is { } answer)
            {
                // A call that is repeated by the driver is no failure that a client could see.
                int[] expected = kind is FaultKind.FailBefore or FaultKind.FailAfter && fault.Struck ? [shape.Good, 503] : kind == FaultKind.Repeat ? [shape.Good, shape.LostAnswer] : [shape.Good];
                Assert.True(expected.Contains(answer.Status), $"{fault}: answered {answer} in\n{schedule}");
            }

            try
            {
                goOn(race, shape.Digest);
                world.Check();
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"{fault}: {e.Message} in\n{schedule}", e);
            }
        });

        Assert.True(strikes > 1, "nothing was struck");
        TestContext.Current.TestOutputHelper?.WriteLine($"{strikes} calls");
    }

    private static Race Prepare(Schedule schedule, World world, Shape shape)
    {
        var race = new Race(schedule, world).WithUpload(shape.IsWhole ? shape.Content : Race.Beginning);
        if (!shape.Exists)
            return race;
        var client = world.NewClient();
        var other = World.Require(client.Start(World.There));
        Assert.Equal(201, World.Require(client.Put(World.There, other, shape.Digest, shape.Content)).Status);
        return race;
    }

    // A tar archive has 512 bytes at least, which would be many blocks of this world: they are stored before.
    private static Shape TarSumShape(Func<Client, Race, Task<Answer>> request) => new(request, 201, TarSumRaces.Name) { Content = TarSumRaces.Archive, IsWhole = true };

    /// <param name="Request">What is struck.</param>
    /// <param name="Good">What it is answered when nothing happens.</param>
    /// <param name="Digest">What the upload is to become.</param>
    private sealed record Shape(Func<Client, Race, Task<Answer>> Request, int Good, Digest Digest)
    {
        /// <summary>What the upload is to hold.</summary>
        public byte[] Content { get; init; } = two;

        /// <summary>Whether it holds all of it before, and the request sends nothing.</summary>
        public bool IsWhole { get; init; }

        /// <summary>Whether another repository has the content already.</summary>
        public bool Exists { get; init; }

        /// <summary>What it may be answered when storage's answer to one call was lost.</summary>
        public int LostAnswer { get; init; } = Good;
    }
}
