using System.Text;
using System.Text.Json.Nodes;
using Registry.Digests;
using Registry.Manifests;

namespace Registry.Tests.Support;

/// <summary>A manifest with what it refers to.</summary>
/// <param name="MediaType">Its type, also for the Content-Type of a push.</param>
/// <param name="Manifest">Its bytes.</param>
/// <param name="Blobs">What must be pushed before it.</param>
/// <param name="Children">The manifests that must be pushed before it.</param>
public sealed record TestImage(string MediaType, byte[] Manifest, IReadOnlyList<byte[]> Blobs, IReadOnlyList<TestImage> Children)
{
    public Digest Digest => DigestIn(DigestAlgorithm.Sha256);

    public Digest DigestIn(DigestAlgorithm algorithm) => Digest.Compute(algorithm, Manifest);

    public JsonObject Descriptor => new() { ["mediaType"] = MediaType, ["digest"] = Digest.ToString(), ["size"] = Manifest.Length };

    /// <summary>The same with another manifest; what it refers to stays as it is.</summary>
    public TestImage With(Action<JsonObject> edit)
    {
        ArgumentNullException.ThrowIfNull(edit);
        var json = JsonNode.Parse(Manifest)!.AsObject();
        edit(json);
        return this with { MediaType = json["mediaType"]?.GetValue<string>() ?? MediaType, Manifest = Encoding.UTF8.GetBytes(json.ToJsonString()) };
    }

    public TestImage WithSubject(TestImage subject) => With(m => m["subject"] = subject.Descriptor);

    public TestImage WithAnnotation(string name, string value) => With(m => (m["annotations"] ??= new JsonObject())[name] = value);
}

/// <summary>Images of a few bytes by symbolic name: the same name is the same content, so that two images with a layer of one name share it.</summary>
public static class SmallImages
{
    public const string Config = "application/vnd.oci.image.config.v1+json";
    public const string Layer = "application/vnd.oci.image.layer.v1.tar+gzip";
    public const string NonDistributable = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip";

    public static byte[] Blob(string name) => Encoding.UTF8.GetBytes($"the content of {name}");

    public static JsonObject Descriptor(string mediaType, byte[] content)
    {
        ArgumentNullException.ThrowIfNull(content);
        return new() { ["mediaType"] = mediaType, ["digest"] = Digest.Compute(DigestAlgorithm.Sha256, content).ToString(), ["size"] = content.Length };
    }

    /// <summary>An image with a config of its own and these layers.</summary>
    public static TestImage Image(string name, params string[] layers) => Build(MediaTypes.OciManifest, Config, name, layers);

    /// <summary>The same as docker pushes it.</summary>
    public static TestImage DockerImage(string name, params string[] layers) =>
        Build(MediaTypes.DockerManifest, "application/vnd.docker.container.image.v1+json", name, layers);

    /// <summary>An artifact of that type, such as a signature, which refers to its subject.</summary>
    public static TestImage Artifact(string name, string artifactType, TestImage subject) =>
        Image(name).With(m => m["artifactType"] = artifactType).WithSubject(subject);

    /// <summary>An index of these manifests.</summary>
    public static TestImage Index(params TestImage[] children) => Build(MediaTypes.OciIndex, children);

    public static TestImage DockerList(params TestImage[] children) => Build(MediaTypes.DockerList, children);

    private static TestImage Build(string mediaType, string configType, string name, string[] layers)
    {
        var config = Encoding.UTF8.GetBytes($$"""{"architecture":"amd64","os":"linux","author":"{{name}}"}""");
        var blobs = layers.Select(Blob).ToList();
        var json = new JsonObject
        {
            ["schemaVersion"] = 2,
            ["mediaType"] = mediaType,
            ["config"] = Descriptor(configType, config),
            ["layers"] = new JsonArray([.. blobs.Select(b => Descriptor(Layer, b))]),
        };
        return new TestImage(mediaType, Encoding.UTF8.GetBytes(json.ToJsonString()), [config, .. blobs], []);
    }

    private static TestImage Build(string mediaType, TestImage[] children)
    {
        var json = new JsonObject
        {
            ["schemaVersion"] = 2,
            ["mediaType"] = mediaType,
            ["manifests"] = new JsonArray([.. children.Select(c => c.Descriptor)]),
        };
        return new TestImage(mediaType, Encoding.UTF8.GetBytes(json.ToJsonString()), [], children);
    }
}
