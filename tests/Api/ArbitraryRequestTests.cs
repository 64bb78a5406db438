using System.Reflection;
using FsCheck;
using FsCheck.Fluent;
using Registry.Errors;
using Registry.Tests.Support;

namespace Registry.Tests.Api;

/// <summary>What holds for every request there can be: the registry never fails, and a refusal is always in its own words.</summary>
public sealed class ArbitraryRequestTests(Stands stands) : ApiTests(stands)
{
    // What HTTP makes of a request is the same on every storage.
    private static readonly Dictionary<string, int> requests = new() { ["memory"] = 2000 };
    private const int RequestsElsewhere = 300;

    // As the table has them: a code with each status it comes with.
    private static readonly HashSet<(string, int)> known =
        [.. typeof(RegistryError).GetFields(BindingFlags.Public | BindingFlags.Static).Select(f => (RegistryError)f.GetValue(null)!).Select(e => (e.Code, e.Status))];

    [Theory, EveryStand(Direct = true)]
    public async Task No_request_makes_the_registry_fail(string stand)
    {
        var api = await Open(stand);
        await api.PushBlob("fuzz/b", SmallImages.Blob("fuzz"));
        await api.Push("fuzz/b", SmallImages.Image("fuzz"), "latest");
        var seed = (ulong)(uint)TestSeed.Current;
        TestContext.Current.TestOutputHelper!.WriteLine($"seed {seed}");

        foreach (var request in ArbitraryRequest.Generator.Sample(20, new Rnd(seed), requests.GetValueOrDefault(stand, RequestsElsewhere)))
        {
            var (head, body) = request.OnTheWire(api.BaseAddress);
            var cut = request.Framing is BodyFraming.TooLong or BodyFraming.CutChunk;
            var answer = await RawHttp.Send(api.BaseAddress, head, body, cut);
            if (answer is not null)
                await Holds(api, request, answer);
            else
                Assert.True(cut || request.Framing == BodyFraming.BadChunk, $"no answer to {request}");
        }
    }

    private static async Task Holds(ApiClient api, ArbitraryRequest request, Exchange answer)
    {
        if (answer.StatusCode >= 500 || answer.StatusCode < 200)
            throw answer.Failure($"no failure (of {request})");
        if (answer.StatusCode >= 400 && request.Method != "HEAD" && answer.Header("Content-Length") != "0")
        {
            foreach (var code in answer.Has("Content-Type", "application/json").Codes())
                Assert.True(known.Contains((code, answer.StatusCode)), answer.Failure("a known code with its status").Message);
        }

        if (answer.StatusCode >= 400 && answer.Header("Content-Length") == "0" && request.Target.StartsWith("/v2", StringComparison.Ordinal))
            throw answer.Failure("an envelope");
        if (answer.StatusCode is 201 or 202 && answer.Header("Location") is { } location)
            await LocationWorks(api, answer, location);
    }

    // An upload's location tells its status, until it is finished; what was created can be pulled.
    private static async Task LocationWorks(ApiClient api, Exchange answer, string location)
    {
        var follow = await api.Send($"GET {location}");
        if (location.Contains("/blobs/uploads/", StringComparison.Ordinal))
            follow.Is(204).Has("Range", answer.Header("Range"));
        else
            follow.Is(200).Has("Docker-Content-Digest", answer.Header("Docker-Content-Digest"));
    }
}
