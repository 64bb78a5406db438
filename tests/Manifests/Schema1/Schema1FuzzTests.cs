using System.Text;
using System.Text.Json.Nodes;
using Registry.Errors;
using Registry.Manifests;
using Registry.Manifests.Schema1;
using Registry.Tests.Support;
using Xunit.Sdk;

namespace Registry.Tests.Manifests.Schema1;

/// <summary>What holds for any bytes that are put as a schema 1 manifest: an answer in the API's words, soon and in little memory; and never a payload that nobody signed.</summary>
public sealed class Schema1FuzzTests
{
    /// <summary>How many inputs there are; without it as many as take some 20 s.</summary>
    public const string RoundsVariable = "REGISTRY_FUZZ_ROUNDS";

    private const int Rounds = 120_000;

    // What reading allocates: copies of the document, its parsed forms, and the big numbers of the keys. Beyond 4 MiB nothing is read.
    private const int BytesPerByte = 48;
    private const int BytesAtLeast = 512 * 1024;


    private static readonly string?[] types = [MediaTypes.Schema1Signed, MediaTypes.Schema1Signed, MediaTypes.Schema1, "application/json", null];

    private static readonly HashSet<string> codes = ["MANIFEST_INVALID", "MANIFEST_UNVERIFIED", "DIGEST_INVALID", "TAG_INVALID"];

    /// <summary>Documents of up to 4 MiB, each made to cost as much as it can.</summary>
    private static readonly Dictionary<string, Func<byte[]>> hostile = new(StringComparer.Ordinal)
    {
        ["deep lists"] = () => Text(new string('[', Largest)),
        ["deep objects"] = () => Text(string.Concat(Enumerable.Repeat("{\"a\":", Largest / 5))),
        ["deep lists for signatures"] = () => Text("{\"schemaVersion\":1,\"signatures\":" + new string('[', Largest - 40)),
        ["many members"] = () => Text("{\"schemaVersion\":1," + string.Join(',', Enumerable.Range(0, 380_000).Select(i => $"\"{i}\":1")) + "}"),
        ["a member many times"] = () => Text("{\"schemaVersion\":1" + string.Concat(Enumerable.Repeat(",\"a\":1", 600_000)) + "}"),
        ["escaped members"] = () => Text("{\"schemaVersion\":1" + string.Concat(Enumerable.Repeat(",\"\\u0061\\u0062\":1", 200_000)) + "}"),
        ["many signatures"] = () => Signed($"[{string.Join(',', Enumerable.Repeat("{}", Largest / 4))}]"),
        ["many lists"] = () => Signed(string.Concat("[", string.Join(',', Enumerable.Repeat("[]", Largest / 4)), "]")),
        ["a long signature"] = () => Signed(One(s => s["signature"] = new string('A', Largest - 8192))),
        ["a long protected header"] = () => Signed(One(s => s["protected"] = new string('A', Largest - 8192))),
        ["a long protected header that is JSON"] = () => Signed(One(s => s["protected"] = Base64($"{{\"a\":\"{new string('a', 2_000_000)}\"}}"))),
        ["a long end of the payload"] = () => Signed(new JsonArray(Schema1Samples.SignatureOf(Schema1Samples.Small, $"{{\"formatLength\":1,\"formatTail\":\"{Base64(new string(' ', 1_000_000) + "}")}\"}}")).ToJsonString()),
        ["a long modulus"] = () => Signed(One(s => s["header"]!["jwk"] = new JsonObject { ["kty"] = "RSA", ["n"] = new string('B', Largest - 8192), ["e"] = "AQAB" }, "RS256")),
        ["a long key id"] = () => Signed(One(s => s["header"]!["jwk"]!["kid"] = new string('A', Largest - 8192))),
        ["a long payload signed as often as can be"] = () =>
        {
            var payload = Schema1Samples.Payload("team/app", "v1", Enumerable.Repeat(Schema1Samples.SumOf("base"), 9_999));
            var one = Schema1Samples.Signatures(Schema1Samples.Sign(payload, "RS256"))[0]!.ToJsonString();
            return Schema1Samples.Assemble(payload, $"[{string.Join(',', Enumerable.Repeat(one, 64))}]");
        },
        ["layers that are no digests"] = () => Schema1Samples.Payload("team/app", "v1", Enumerable.Repeat("x:y", 10_000)),
        ["members in every case"] = () => Text($"{{\"schemaVersion\":1,\"history\":[],\"fsLayers\":[{string.Join(',', Enumerable.Range(0, 9_000).Select(_ => "{" + string.Join(',', Enumerable.Range(1, 30).Select(i => $"\"{Cased(i)}\":1")) + "}"))}]}}"),
        ["more layers than there may be"] = () => Text($"{{\"schemaVersion\":1,\"fsLayers\":[{string.Join(',', Enumerable.Repeat("{}", Largest / 4))}]}}"),
        ["a long name"] = () => Schema1Samples.Payload(new string('a', Largest - 1024), "v1", Schema1Samples.SumOf("base")),
        ["a long number"] = () => Text($"{{\"schemaVersion\":{new string('1', Largest - 64)}}}"),
        ["white space"] = () => Text("{\"schemaVersion\":1" + new string(' ', Largest - 64) + "}"),
    };

    public static TheoryData<string> Hostile => [.. hostile.Keys];

    private static int Largest => new ManifestOptions().MaxSize;

    [Fact]
    public async Task No_bytes_make_the_reader_fail()
    {
        var random = new Random(TestSeed.Current);
        var rounds = int.TryParse(Environment.GetEnvironmentVariable(RoundsVariable), out var set) ? set : Rounds;
        var corpus = Corpus();
        var (accepted, worst) = (0, 0.0);
        await Watched(input =>
        {
            for (var round = 0; round < rounds; round++)
            {
                var (signed, payload) = corpus[random.Next(corpus.Count)];
                var (content, original) = random.Next(3) == 0 ? Resigned(random, payload) : (Mutation.Of(random, signed), payload);
                input(content);
                var (isAccepted, ratio) = Holds(content, types[random.Next(types.Length)], original);
                accepted += isAccepted ? 1 : 0;
                worst = Math.Max(worst, ratio);
            }
        });
        TestContext.Current.TestOutputHelper!.WriteLine($"{rounds} inputs, {accepted} accepted; at most {worst:0.0} bytes were allocated for a byte of input (of 16 KiB or more)");
        Assert.InRange(accepted, rounds / 1000, rounds);
    }

    [Theory]
    [MemberData(nameof(Hostile))]
    public Task The_largest_documents_cost_no_more_than_their_size_allows(string which) => Watched(input =>
    {
        var content = hostile[which]();
        Assert.InRange(content.Length, 1, Largest);
        input(content);
        var worst = types.Distinct().Max(t => Holds(content, t, null).Ratio);
        TestContext.Current.TestOutputHelper!.WriteLine($"at most {worst:0.0} bytes were allocated for a byte of {content.Length}");
    });

    // Reads it, and holds the reader to what must be so; tells whether the document was accepted, and what was allocated for a byte of it.
    private static (bool Accepted, double Ratio) Holds(byte[] content, string? type, byte[]? payload)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var (document, problems) = Read(content, type);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(allocated <= BytesAtLeast + (long)BytesPerByte * content.Length, $"{allocated} bytes were allocated for {content.Length}");
        Assert.All(problems, p => Assert.Contains(p.Error.Code, codes));
        Assert.InRange(problems.Count, 0, Schema1Reader.MaxProblems + PrettyJws.MaxSignatures + 3);
        var accepted = document is not null && problems.Count == 0;
        if (accepted && document!.Schema1 is { IsSigned: true } manifest && payload is not null)
            Assert.Equal(payload, manifest.Payload.ToArray());
        return (accepted, content.Length < 16 * 1024 ? 0 : (double)allocated / content.Length);
    }

    private static (ManifestDocument? Document, IReadOnlyList<RegistryException.Problem> Problems) Read(byte[] content, string? type)
    {
        try
        {
            var document = ManifestDocument.Parse(content, type, new ManifestOptions());
            return (document, document.Schema1?.Problems ?? []);
        }
        catch (RegistryException e)
        {
            return (null, e.Problems);
        }
    }

    // Runs it on a thread of its own. What fails, or takes a minute, fails with the input that did it.
    private static async Task Watched(Action<Action<byte[]>> work)
    {
        var (current, count) = (Array.Empty<byte>(), 0);
        var run = Task.Run(() => work(input => (current, count) = (input, count + 1)));
        try
        {
            while (!run.IsCompleted)
            {
                var seen = Volatile.Read(ref count);
                await Task.WhenAny(run, Task.Delay(Patience.Limit, TestContext.Current.CancellationToken));
                Assert.True(run.IsCompleted || seen != Volatile.Read(ref count), "the reader hangs");
            }

            await run;
        }
        catch (Exception e)
        {
            throw new XunitException($"{e.Message}\ninput {count}: {Convert.ToBase64String(current.AsSpan(0, Math.Min(current.Length, 65_536)))}", e);
        }
    }

    // What changes before it is signed comes past the signatures.
    private static (byte[] Content, byte[] Payload) Resigned(Random random, byte[] payload)
    {
        var mutated = Mutation.Of(random, payload);
        var formatted = Schema1Samples.Formatted(string.IsNullOrWhiteSpace(Encoding.UTF8.GetString(mutated)) ? payload : mutated);
        byte[] whole = [.. formatted, .. "\n}"u8];
        var header = Encoding.UTF8.GetBytes(Schema1Samples.ProtectedHeader(whole));
        var text = Encoding.UTF8.GetString(random.Next(4) == 0 ? Mutation.Of(random, header) : header);
        return (Schema1Samples.Assemble(whole, $"[{Schema1Samples.SignatureOf(whole, text).ToJsonString()}]"), whole);
    }

    private static List<(byte[] Signed, byte[] Payload)> Corpus()
    {
        var small = Schema1Samples.Small;
        var large = Schema1Samples.Payload("team/app", "v1", Enumerable.Range(0, 100).Select(i => Schema1Samples.SumOf($"layer {i}")));
        var compact = Encoding.UTF8.GetBytes(JsonNode.Parse(small)!.ToJsonString());
        return
        [
            (Schema1Samples.Sign(small, "ES256"), small),
            (Schema1Samples.Sign(small, "ES384", "RS256"), small),
            (Schema1Samples.Sign(compact, "ES256"), compact),
            (Schema1Samples.Sign(large, "ES256"), large),
            (small, small),
        ];
    }

    // "blobSum" with other capitals for every number.
    private static string Cased(int number) => string.Concat("blobsum".Select((c, i) => (number >> i & 1) == 1 ? char.ToUpperInvariant(c) : c));

    private static byte[] Signed(string signatures) => Schema1Samples.Assemble(Schema1Samples.Small, signatures);

    private static string One(Action<JsonNode> edit, string algorithm = "ES256")
    {
        var signatures = Schema1Samples.Signatures(Schema1Samples.Sign(Schema1Samples.Small, algorithm));
        edit(signatures[0]!);
        return signatures.ToJsonString();
    }

    private static byte[] Text(string text) => Encoding.UTF8.GetBytes(text);

    private static string Base64(string text) => System.Buffers.Text.Base64Url.EncodeToString(Text(text));
}
