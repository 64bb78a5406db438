using System.Text;
using Registry.Digests;
using Registry.Manifests;
using Registry.Tests.Support;

namespace Registry.Tests.Api;

/// <summary>end-7a and end-7b. Each row finds the blobs of the image there.</summary>
public sealed class ManifestPutTests(Stands stands) : ApiTests(stands)
{
    private static readonly TestImage image = SmallImages.Image("app", "base", "top");

    private static readonly string[] stored = ["Location: /v2/{repo}/manifests/{digest}", "Docker-Content-Digest: {digest}", "Content-Length: 0", "!OCI-Subject"];
    private static readonly string[] typed = [$"Content-Type: {MediaTypes.OciManifest}"];

    public static readonly Row[] Table =
    [
        Stored("by tag", "v1") with { Headers = [.. stored, "!OCI-Tag"] },
        Stored("by digest", "{digest}") with { Headers = [.. stored, "!OCI-Tag"] },
        Stored("by digest, escaped", "{escaped}"),
        Stored("by digest with tags", "{digest}?tag=a&tag=b") with { Headers = [.. stored, "OCI-Tag: a, b"] },
        Stored("by digest with one tag twice", "{digest}?tag=a&tag=a"),
        Stored("by digest with as many tags as there may be", $"{{digest}}?{Tags(50)}"),
        Stored("by tag with more tags", "v1?tag=a"),
        Stored("by a tag of every kind of character", "_Aa0.-Z"),
        Stored("chunked", "v1") with { Chunked = true },
        Stored("parameters of the type are ignored", "v1") with { Send = [$"Content-Type: {MediaTypes.OciManifest}; charset=utf-8"] },
        Stored("its own field tells the type", "v1") with { Send = [] },

        Refused("more tags than there may be", 414, "TAG_INVALID", $"{{digest}}?{Tags(51)}"),
        Refused("a tag among others that is none", 400, "TAG_INVALID", "{digest}?tag=a&tag=b/c"),
        Refused("an empty tag among others", 400, "TAG_INVALID", "{digest}?tag="),
        Refused("a tag that is none", 400, "TAG_INVALID", "-v1"),
        Refused("a tag that is too long", 400, "TAG_INVALID", new string('t', 129)),
        Refused("a digest that is none", 400, "DIGEST_INVALID", "sha256:baddigeststring"),
        Refused("a digest of another manifest", 400, "DIGEST_INVALID", Absent),
        Refused("spaces at the end", 400, "DIGEST_INVALID", "{digest}") with { SendBody = "{manifest}  " },
        Refused("an invalid name", 400, "NAME_INVALID", "") with { Request = "PUT /v2/UPPER/manifests/v1" },
        Refused("another type than it says itself", 400, "MANIFEST_INVALID", "v1") with { Send = [$"Content-Type: {MediaTypes.OciIndex}"] },

        Invalid("nothing", ""),
        Invalid("no JSON", "hello"),
        Invalid("half of it", "{\"schemaVersion\":2,"),
        Invalid("JSON, and more", "{} {}"),
        Invalid("a list", "[]"),
        Invalid("a string", "\"manifest\""),
        Invalid("null", "null"),
        Invalid("too deep", new string('[', 10_000)),
        Invalid("no config and no layers", "{}"),
        Invalid("a config that is none", "{\"config\":1,\"layers\":[]}"),
        Invalid("a config without a digest", "{\"config\":{},\"layers\":[]}"),
        Invalid("a digest that is none", "{\"config\":{\"digest\":\"sha256:abc\"},\"layers\":[]}"),
        Invalid("layers that are no list", "{\"config\":{\"digest\":\"{config}\"},\"layers\":{}}"),
        Invalid("a layer that is none", "{\"config\":{\"digest\":\"{config}\"},\"layers\":[1]}"),
        Invalid("an image that is an index too", "{\"config\":{\"digest\":\"{config}\"},\"layers\":[],\"manifests\":[]}"),
        Invalid("a subject without a digest", "{\"config\":{\"digest\":\"{config}\"},\"layers\":[],\"subject\":{}}"),
        Invalid("annotations that are no object", "{\"config\":{\"digest\":\"{config}\"},\"layers\":[],\"annotations\":[]}"),
        Invalid("half a surrogate", "{\"config\":{\"digest\":\"{config}\"},\"layers\":[],\"artifactType\":\"\\ud800\"}"),
        Invalid("an index that is an image too", "{\"manifests\":[],\"layers\":[]}") with { Send = [$"Content-Type: {MediaTypes.OciIndex}"] },
        Invalid("no type anywhere", "{\"config\":{\"digest\":\"{config}\"},\"layers\":[]}") with { Send = [] },
        Invalid("a type with a line break", "{\"mediaType\":\"a/b\\r\\nX-Evil: 1\"}") with { Send = [] },
        Invalid("a type that is not ASCII", "{\"mediaType\":\"application/vnd.caf\\u00e9\"}") with { Send = [] },
        Invalid("an empty type", "{\"mediaType\":\"\"}") with { Send = [] },
        Invalid("a type that has no subtype", "{\"mediaType\":\"text\"}") with { Send = [] },
        Invalid("a type that is too long", $"{{\"mediaType\":\"a/{new string('b', 40_000)}\"}}") with { Send = [] },
    ];

    [Theory, EveryStandTimes(nameof(Table))]
    public async Task Putting_a_manifest(string stand, Row row)
    {
        var api = await Open(stand);
        var repository = Repository();
        foreach (var blob in image.Blobs)
            await api.PushBlob(repository, blob);

        var answer = await Check(
            api,
            row,
            ("repo", repository),
            ("manifests", $"/v2/{repository}/manifests"),
            ("digest", image.Digest.ToString()),
            ("escaped", Uri.EscapeDataString(image.Digest.ToString())),
            ("config", Digest.Compute(DigestAlgorithm.Sha256, image.Blobs[0]).ToString()),
            ("manifest", Encoding.UTF8.GetString(image.Manifest)));

        if (row.Status == 201)
            (await api.Send($"GET {answer.Location}")).Is(200).Has("Content-Type", MediaTypes.OciManifest).HasBody(image.Manifest);
        else
            (await api.Send($"GET /v2/{repository}/tags/list")).IsError(404, "NAME_UNKNOWN");
    }

    [Theory, EveryStand]
    public async Task Each_tag_of_a_put_names_the_manifest(string stand)
    {
        var api = await Open(stand);
        var repository = Repository();
        await api.Push(repository, image);
        var wanted = Enumerable.Range(0, 10).Select(i => $"1.{i}").ToList();

        var answer = await api.Put(repository, image, $"{image.Digest}?{string.Join('&', wanted.Select(t => $"tag={t}"))}");

        Assert.Equal(wanted, answer.Is(201).Header("OCI-Tag")!.Split(", "));
        Assert.Equal(wanted, (await api.Send($"GET /v2/{repository}/tags/list")).Names("tags"));
        foreach (var tag in wanted)
            (await api.Send($"HEAD /v2/{repository}/manifests/{tag}")).Is(200).Has("Docker-Content-Digest", image.Digest.ToString());
    }

    [Theory, EveryStand]
    public async Task The_same_put_again_is_as_good_as_the_first(string stand)
    {
        var api = await Open(stand);
        var repository = Repository();
        for (var i = 0; i < 3; i++)
            (await api.Push(repository, image, "v1")).Has("Docker-Content-Digest", image.Digest.ToString());

        Assert.Equal(["v1"], (await api.Send($"GET /v2/{repository}/tags/list")).Names("tags"));
    }

    [Theory, EveryStand]
    public async Task Four_mebibytes_are_taken_and_one_byte_more_is_not(string stand)
    {
        const int Limit = 4 * 1024 * 1024;
        var api = await Open(stand);
        var repository = Repository();
        await api.Push(repository, image);
        var largest = Padded(Limit);
        var tooLarge = Padded(Limit + 1);

        foreach (var chunked in (bool[])[false, true])
        {
            (await api.Send($"PUT /v2/{repository}/manifests/large", typed, tooLarge, chunked)).IsError(413, "MANIFEST_INVALID");
            (await api.Send($"GET /v2/{repository}/manifests/large")).IsError(404, "MANIFEST_UNKNOWN");
        }

        foreach (var chunked in (bool[])[false, true])
            (await api.Send($"PUT /v2/{repository}/manifests/large", typed, largest, chunked)).Is(201);
        (await api.Send($"GET /v2/{repository}/manifests/large")).Is(200).Has("Content-Length", $"{Limit}").HasBody(largest);
    }

    private static byte[] Padded(int length)
    {
        var padding = length - image.WithAnnotation("padding", "").Manifest.Length;
        var padded = image.WithAnnotation("padding", new string('x', padding)).Manifest;
        Assert.Equal(length, padded.Length);
        return padded;
    }

    private static string Tags(int count) => string.Join('&', Enumerable.Range(0, count).Select(i => $"tag=t{i}"));

    private static Row Stored(string name, string reference) =>
        new($"stored: {name}", $"PUT {{manifests}}/{reference}", 201) { Send = typed, SendBody = "{manifest}", Headers = stored };

    private static Row Refused(string name, int status, string code, string reference) =>
        new($"refused: {name}", $"PUT {{manifests}}/{reference}", status, code) { Send = typed, SendBody = "{manifest}" };

    private static Row Invalid(string name, string body) =>
        new($"invalid: {name}", "PUT {manifests}/v1", 400, "MANIFEST_INVALID") { Send = typed, SendBody = body };
}
