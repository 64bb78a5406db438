using System.Reflection;
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
        var api = await Filled(stand);
        foreach (var request in Generated.Values(ArbitraryRequest.Generator, requests.GetValueOrDefault(stand, RequestsElsewhere), size: 20))
        {
            var cut = request.Framing is BodyFraming.TooLong or BodyFraming.CutChunk;
            if (await Send(api, request, cut) is { } answer)
                await Holds(api, request, answer);
            else
                Assert.True(cut || request.Framing == BodyFraming.BadChunk, $"no answer to {request}");
        }
    }

    /// <summary>The host refuses some itself, without an envelope; what it lets through must be no failure, and nothing that the host makes one of. (CONNECT it cannot forward.)</summary>
    [Fact]
    public async Task No_request_makes_the_registry_fail_behind_the_Functions_host()
    {
        var api = await Filled(Stands.Functions);
        var sound = ArbitraryRequest.Generator.Where(r => r.Framing is (BodyFraming.Length or BodyFraming.Chunked) && r.Method != "CONNECT");
        var own = 0;
        foreach (var request in Generated.Values(sound, RequestsElsewhere, size: 20))
        {
            var answer = await Send(api, request, cut: false);
            Assert.True(answer is not null, $"no answer to {request}");
            if (answer.Header("Docker-Distribution-Api-Version") is null && answer.StatusCode < 500)
                continue;
            own++;
            await Holds(api, request, answer);
        }

        Assert.InRange(own, RequestsElsewhere / 2, RequestsElsewhere);
    }

    private async Task<ApiClient> Filled(string stand)
    {
        var api = await Open(stand);
        await api.PushBlob("fuzz/b", SmallImages.Blob("fuzz"));
        await api.Push("fuzz/b", SmallImages.Image("fuzz"), "latest");
        return api;
    }

    // A request to an upload finds one that has ten bytes, and a refusal leaves it as it was.
    private static async Task<Exchange?> Send(ApiClient api, ArbitraryRequest request, bool cut)
    {
        if (!request.Target.StartsWith(ArbitraryRequest.Upload, StringComparison.Ordinal))
            return await SendTo(request);
        var upload = await api.BeginUpload("fuzz/b");
        (await api.Send($"PATCH {upload}", body: "abcdefghij"u8.ToArray())).Is(202);
        var answer = await SendTo(request with { Target = request.Target.Replace(ArbitraryRequest.Upload, upload, StringComparison.Ordinal) });
        if (answer is { StatusCode: >= 400 } && request.Framing is (BodyFraming.Length or BodyFraming.Chunked))
            (await api.Send($"GET {upload}")).Is(204).Has("Range", "0-9");
        return answer;

        async Task<Exchange?> SendTo(ArbitraryRequest sent)
        {
            var (head, body) = sent.OnTheWire(api.BaseAddress);
            return await RawHttp.Send(api.BaseAddress, head, body, cut);
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
        if (answer.StatusCode == 202)
            follow.Is(204).Has("Range", answer.Header("Range"));
        else
            follow.Is(200).Has("Docker-Content-Digest", answer.Header("Docker-Content-Digest"));
    }
}
