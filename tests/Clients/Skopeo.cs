using System.Text;
using Registry.Tests.Support;

namespace Registry.Tests.Clients;

/// <summary>skopeo: copies images between a registry and folders, byte for byte if told so.</summary>
internal sealed class Skopeo(ClientStand stand)
{
    private readonly Command command = new(RequiredTool.Skopeo.Find(), TimeSpan.FromMinutes(5));

    public Task Push(string layout, string tag, string repository, CancellationToken cancellation) =>
        command.Run([.. Copy, "--dest-tls-verify=false", $"oci:{layout}:{tag}", Image(repository, tag)], cancellation);

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
        command.Run(["list-tags", "--tls-verify=false", $"docker://{stand.Host}/{repository}"], cancellation);

    /// <summary>The manifest's bytes as the registry serves them.</summary>
    public async Task<byte[]> Inspect(string repository, string tag, CancellationToken cancellation) =>
        Encoding.UTF8.GetBytes(await command.Run(["inspect", "--tls-verify=false", "--raw", Image(repository, tag)], cancellation));

    // Without --preserve-digests skopeo compresses what is not, and the copy would be another image. No signatures are wanted of these images,
    // whatever policy the machine has.
    private static string[] Copy => ["--insecure-policy", "copy", "--all", "--preserve-digests"];

    private string Image(string repository, string tag) => $"docker://{stand.Host}/{repository}:{tag}";
}
