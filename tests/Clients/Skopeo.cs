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
