using System.Text;
using Registry.Tests.Support;

namespace Registry.Tests.Clients;

/// <summary>skopeo: copies images between a registry and folders, byte for byte if told so.</summary>
/// <param name="host">The registry, as image names begin.</param>
internal sealed class Skopeo(string host)
{
    private readonly Command command = new(RequiredTool.Skopeo.Find(), Patience.Limit);

    public Skopeo(ClientStand stand)
        : this(stand.Host)
    {
    }

    public Task Push(string layout, string tag, string repository, CancellationToken cancellation) => PushAs($"{layout}:{tag}", repository, tag, cancellation);

    /// <summary>Pushes an image under a tag of another name.</summary>
    /// <param name="source">The layout and, after a colon, the image.</param>
    /// <param name="repository">Where to.</param>
    /// <param name="tag">The tag.</param>
    /// <param name="cancellation">Ends it.</param>
    public Task PushAs(string source, string repository, string tag, CancellationToken cancellation) =>
        command.Run([.. Copy, "--dest-tls-verify=false", $"oci:{source}", Image(repository, tag)], cancellation);

    /// <summary>Pushes what is refused, and gives what skopeo says.</summary>
    public Task<string> FailToPush(string source, string repository, string tag, CancellationToken cancellation) =>
        command.Fail([.. Copy, "--dest-tls-verify=false", $"oci:{source}", Image(repository, tag)], cancellation);

    /// <summary>The same, as docker would: a manifest of schema 2, or a list of them.</summary>
    public Task PushAsSchema2(string source, string repository, string tag, CancellationToken cancellation) =>
        command.Run(["--insecure-policy", "copy", "--all", "--format", "v2s2", "--dest-tls-verify=false", $"oci:{source}", Image(repository, tag)], cancellation);

    /// <summary>Pulls all of an image as files, the manifests among them.</summary>
    public Task PullFiles(string repository, string tag, string folder, CancellationToken cancellation) =>
        command.Run([.. Copy, "--src-tls-verify=false", Image(repository, tag), $"dir:{folder}"], cancellation);

    public Task Pull(string repository, string tag, string layout, CancellationToken cancellation) =>
        command.Run([.. Copy, "--src-tls-verify=false", Image(repository, tag), $"oci:{layout}:{tag}"], cancellation);

    public Task<string> FailToPull(string repository, string tag, string layout, CancellationToken cancellation) =>
        command.Fail([.. Copy, "--src-tls-verify=false", Image(repository, tag), $"oci:{layout}:{tag}"], cancellation);

    /// <summary>Pushes an image as a schema 1 manifest, which skopeo signs with a key that it makes up: by docker's own library.</summary>
    public Task PushSchema1(string layout, string tag, string repository, CancellationToken cancellation) =>
        command.Run(["--insecure-policy", "copy", "--format", "v2s1", "--dest-tls-verify=false", $"oci:{layout}:{tag}", Image(repository, tag)], cancellation);

    /// <summary>Pulls a schema 1 manifest as a modern image.</summary>
    public Task PullSchema1(string repository, string tag, string layout, CancellationToken cancellation) =>
        command.Run(["--insecure-policy", "copy", "--src-tls-verify=false", Image(repository, tag), $"oci:{layout}:{tag}"], cancellation);

    /// <summary>Copies a schema 1 manifest to another name; since it tells its name it is signed anew.</summary>
    public Task CopySchema1(string repository, string tag, string toRepository, string toTag, CancellationToken cancellation) =>
        command.Run(["--insecure-policy", "copy", "--src-tls-verify=false", "--dest-tls-verify=false", Image(repository, tag), Image(toRepository, toTag)], cancellation);

    /// <summary>The digest that skopeo computes for what the registry serves.</summary>
    public async Task<string> Digest(string repository, string tag, CancellationToken cancellation) =>
        (await command.Run(["inspect", "--tls-verify=false", "--format", "{{.Digest}}", Image(repository, tag)], cancellation)).Trim();

    public Task Delete(string repository, string tag, CancellationToken cancellation) =>
        command.Run(["delete", "--tls-verify=false", Image(repository, tag)], cancellation);

    public Task<string> Tags(string repository, CancellationToken cancellation) =>
        command.Run(["list-tags", "--tls-verify=false", $"docker://{host}/{repository}"], cancellation);

    /// <summary>The manifest's bytes as the registry serves them.</summary>
    public async Task<byte[]> Inspect(string repository, string tag, CancellationToken cancellation) =>
        Encoding.UTF8.GetBytes(await command.Run(["inspect", "--tls-verify=false", "--raw", Image(repository, tag)], cancellation));

    // Without --preserve-digests skopeo compresses what is not, and the copy would be another image. No signatures are wanted of these images,
    // whatever policy the machine has.
    private static string[] Copy => ["--insecure-policy", "copy", "--all", "--preserve-digests"];

    private string Image(string repository, string tag) => $"docker://{host}/{repository}:{tag}";
}
