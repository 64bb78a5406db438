using System.Text.Json.Nodes;
using Registry.Digests;
using Registry.Manifests;
using Registry.Tests.Support;

namespace Registry.Tests.Api;

/// <summary>end-7: what a manifest refers to. What must be there is asked for by name, and all that clients really send is taken.</summary>
public sealed class ManifestReferencesTests(Stands stands) : ApiTests(stands)
{
    private const string Sparse = "Manifests:AllowSparse=true";

    [Theory, EveryStand]
    public async Task Each_missing_blob_is_named(string stand)
    {
        var api = await Open(stand);
        var repository = Repository();
        var image = SmallImages.Image("app", "here", "missing", "missing too");
        await api.PushBlob(repository, image.Blobs[1]);

        var refused = await api.Put(repository, image, "v1");

        refused.IsError(404, "MANIFEST_BLOB_UNKNOWN", "MANIFEST_BLOB_UNKNOWN", "MANIFEST_BLOB_UNKNOWN");
        var missing = new[] { image.Blobs[0], image.Blobs[2], image.Blobs[3] }.Select(b => Digest.Compute(DigestAlgorithm.Sha256, b).ToString());
        Assert.Equal(missing, Enumerable.Range(0, 3).Select(i => refused.Detail(i).GetProperty("digest").GetString()));
        (await api.Send($"GET /v2/{repository}/manifests/v1")).IsError(404, "MANIFEST_UNKNOWN");
        (await api.Send($"GET /v2/{repository}/manifests/{image.Digest}")).IsError(404, "MANIFEST_UNKNOWN");
    }

    [Theory, EveryStand]
    public async Task Each_missing_child_is_named(string stand)
    {
        var api = await Open(stand);
        var repository = Repository();
        var (here, missing) = (SmallImages.Image("arm"), SmallImages.Image("amd"));
        await api.Push(repository, here);

        var refused = (await api.Put(repository, SmallImages.Index(here, missing), "v1")).IsError(404, "MANIFEST_BLOB_UNKNOWN");

        Assert.Equal(missing.Digest.ToString(), refused.Detail().GetProperty("digest").GetString());
    }

    [Theory, EveryStand]
    public async Task What_another_repository_holds_is_missing_here(string stand)
    {
        var api = await Open(stand);
        var image = SmallImages.Image("app", "base");
        await api.Push(Repository("/there"), image);

        (await api.Put(Repository("/here"), image, "v1")).IsError(404, "MANIFEST_BLOB_UNKNOWN", "MANIFEST_BLOB_UNKNOWN");
    }

    [Theory, EveryStand]
    public async Task A_deleted_blob_is_missing(string stand)
    {
        var api = await Open(stand);
        var repository = Repository();
        var image = SmallImages.Image("app", "base");
        await api.Push(repository, image);
        (await api.Send($"DELETE /v2/{repository}/blobs/{Digest.Compute(DigestAlgorithm.Sha256, image.Blobs[1])}")).Is(202);

        (await api.Put(repository, image, "v2")).IsError(404, "MANIFEST_BLOB_UNKNOWN");
    }

    /// <summary>What registries have refused and clients send. The name of each is its case.</summary>
    public static readonly Row[] Accepted = [.. Cases().Keys.Select(name => new Row(name, "PUT", 201))];

    [Theory, EveryStandTimes(nameof(Accepted))]
    public async Task Every_manifest_that_clients_send_is_taken(string stand, Row row)
    {
        var api = await Open(stand);
        var repository = Repository();
        var image = Cases()[row.Name];

        var stored = await api.Push(repository, image, "v1");

        stored.Has("Docker-Content-Digest", image.Digest.ToString());
        (await api.Send($"GET /v2/{repository}/manifests/v1")).Is(200).Has("Content-Type", image.MediaType).HasBody(image.Manifest);
    }

    [Theory, EveryStand]
    public async Task A_sparse_index_is_taken_when_the_setting_says_so(string stand)
    {
        var (repository, index, image) = (Repository(), SmallImages.Index(SmallImages.Image("not here")), SmallImages.Image("app", "not here"));

        (await (await Open(stand)).Put(repository, index, "v1")).IsError(404, "MANIFEST_BLOB_UNKNOWN");
        (await (await Open(stand, Sparse)).Put(repository, index, "v1")).Is(201);
        (await (await Open(stand, Sparse)).Put(repository, image, "v1")).Is(201);
    }

    [Theory, EveryStand]
    public async Task A_missing_subject_is_no_error_and_is_named_in_the_answer(string stand)
    {
        var api = await Open(stand);
        var repository = Repository();
        var artifact = SmallImages.Artifact("signature", "application/vnd.example.signature", SmallImages.Image("not here"));

        (await api.Push(repository, artifact)).Has("OCI-Subject", SmallImages.Image("not here").Digest.ToString());
        (await api.Push(repository, artifact, "by-tag")).Has("OCI-Subject", SmallImages.Image("not here").Digest.ToString());
    }

    [Theory, EveryStand]
    public async Task Sha512_is_good_for_all_that_a_manifest_refers_to(string stand)
    {
        var api = await Open(stand);
        var repository = Repository();
        var image = SmallImages.Image("app", "base");
        var child = image.With(m =>
        {
            m["config"]!["digest"] = Digest.Compute(DigestAlgorithm.Sha512, image.Blobs[0]).ToString();
            m["layers"]![0]!["digest"] = Digest.Compute(DigestAlgorithm.Sha512, image.Blobs[1]).ToString();
        });
        foreach (var blob in image.Blobs)
            await api.PushBlob(repository, blob, DigestAlgorithm.Sha512);
        (await api.Put(repository, child, child.DigestIn(DigestAlgorithm.Sha512).ToString())).Is(201);
        var index = SmallImages.Index(child).With(m => m["manifests"]![0]!["digest"] = child.DigestIn(DigestAlgorithm.Sha512).ToString());

        (await api.Put(repository, index, index.DigestIn(DigestAlgorithm.Sha512).ToString())).Is(201);
        (await api.Put(repository, SmallImages.Index(child), "sha256")).IsError(404, "MANIFEST_BLOB_UNKNOWN");
    }

    private static Dictionary<string, TestImage> Cases() => new(StringComparer.Ordinal)
    {
        ["docker's image"] = SmallImages.DockerImage("app", "base"),
        ["docker's list"] = SmallImages.DockerList(SmallImages.DockerImage("arm", "shared", "arm only"), SmallImages.DockerImage("amd", "shared")),
        ["an index of two images that share a layer"] = SmallImages.Index(SmallImages.Image("arm", "shared", "arm only"), SmallImages.Image("amd", "shared")),
        ["an index of indexes"] = SmallImages.Index(SmallImages.Index(SmallImages.Image("deep", "base")), SmallImages.Image("flat", "base")),
        ["an empty index"] = SmallImages.Index(),
        ["no layers"] = SmallImages.Image("app"),
        ["one layer twice"] = SmallImages.Image("app", "base", "base"),
        ["a layer of no bytes"] = SmallImages.Image("app").With(m => m["layers"]!.AsArray().Add((JsonNode)SmallImages.Descriptor(SmallImages.Layer, []))) with { Blobs = [.. SmallImages.Image("app").Blobs, []] },
        ["layers that lie elsewhere"] = SmallImages.Image("app").With(m => m["layers"]!.AsArray().Add((JsonNode)Elsewhere(SmallImages.NonDistributable))),
        ["docker's foreign layers"] = SmallImages.DockerImage("app").With(m => m["layers"]!.AsArray().Add((JsonNode)Elsewhere("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"))),
        ["a layer whose bytes are in the manifest"] = SmallImages.Image("app").With(m => m["layers"]!.AsArray().Add((JsonNode)Embedded("in the manifest"))),
        ["fields that nobody knows"] = SmallImages.Image("app").With(m => (m["org.example"], m["config"]!["extra"], m["schemaVersion"]) = (new JsonObject { ["a"] = 1 }, "x", 99)),
        ["a config and a layer of unknown types"] = SmallImages.Image("app", "base").With(m => (m["config"]!["mediaType"], m["layers"]![0]!["mediaType"]) = ("application/x.config", "x/y")),
        ["a manifest of an unknown type"] = SmallImages.Image("app", "base").With(m => m["mediaType"] = "application/vnd.example.thing.v7+json"),
        ["a manifest of an unknown type without anything known in it"] = new("application/vnd.example.other+json", "{\"hello\":[1,2,{}]}"u8.ToArray(), [], []),
        ["no mediaType in an image"] = SmallImages.Image("app", "base").With(m => m.Remove("mediaType")),
        ["white space, and an order of its own"] = SmallImages.Image("app") with { Manifest = System.Text.Encoding.UTF8.GetBytes($"\n {{ \"layers\" : [ ] ,\n\t\"config\": {SmallImages.Descriptor(SmallImages.Config, SmallImages.Image("app").Blobs[0])} }}\n") },
        ["an artifact with an empty config"] = new(MediaTypes.OciManifest, ArtifactManifest(), ["{}"u8.ToArray()], []),
        ["buildkit's cache, which lists layers as manifests"] = SmallImages.Index().With(m => m["manifests"] = new JsonArray(SmallImages.Descriptor(SmallImages.Layer, SmallImages.Blob("cached")), SmallImages.Descriptor("application/vnd.buildkit.cacheconfig.v0", "{}"u8.ToArray()))) with { Blobs = [SmallImages.Blob("cached"), "{}"u8.ToArray()] },
        ["platforms, annotations and urls"] = SmallImages.Index(SmallImages.Image("arm")).With(m => (m["manifests"]![0]!["platform"], m["annotations"]) = (new JsonObject { ["os"] = "linux" }, new JsonObject { ["ключ"] = "значение \ud83d\ude00" })),
    };

    private static JsonObject Elsewhere(string mediaType)
    {
        var descriptor = SmallImages.Descriptor(mediaType, SmallImages.Blob("never pushed"));
        descriptor["urls"] = new JsonArray("https://layers.example.org/1");
        return descriptor;
    }

    private static JsonObject Embedded(string name)
    {
        var descriptor = SmallImages.Descriptor(SmallImages.Layer, SmallImages.Blob(name));
        descriptor["data"] = Convert.ToBase64String(SmallImages.Blob(name));
        return descriptor;
    }

    private static byte[] ArtifactManifest() => System.Text.Encoding.UTF8.GetBytes(new JsonObject
    {
        ["schemaVersion"] = 2,
        ["artifactType"] = "application/vnd.example.artifact",
        ["config"] = SmallImages.Descriptor("application/vnd.oci.empty.v1+json", "{}"u8.ToArray()),
        ["layers"] = new JsonArray(SmallImages.Descriptor("application/vnd.oci.empty.v1+json", "{}"u8.ToArray())),
    }.ToJsonString());
}
