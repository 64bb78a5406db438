using Registry.Tests.Support;

namespace Registry.Tests.Clients;

/// <summary>podman, and buildah on the same images, with a storage that is gone with the stand.</summary>
internal sealed class Podman(ClientStand stand)
{
    // vfs, as for docker: it needs nothing of the disk or the kernel.
    private readonly string[] storage =
        ["--root", stand.Folder["podman-images"], "--runroot", stand.Folder["podman-run"], "--storage-driver", "vfs"];

    private Command? podman;
    private Command? buildah;

    /// <summary>Takes an image from an OCI layout into the storage, under a name of the registry.</summary>
    public async Task Load(string layout, string tag, string name, CancellationToken cancellation)
    {
        // podman names what it pulls after the path, and a temporary folder's has letters that no image may have: hence a relative one.
        var id = await RunPodman(["pull", "--quiet", $"oci:{Path.GetRelativePath(stand.Folder.Path, layout)}:{tag}"], cancellation);
        await RunPodman(["tag", id, Full(name)], cancellation);
    }

    public Task Push(string name, CancellationToken cancellation) => RunPodman(["push", "--tls-verify=false", Full(name)], cancellation);

    /// <summary>Pushes what is refused, and gives what podman says.</summary>
    public Task<string> FailToPush(string name, CancellationToken cancellation) =>
        PodmanCommand().Fail([.. PodmanOptions(), "push", "--tls-verify=false", Full(name)], cancellation);

    public Task Pull(string name, CancellationToken cancellation) => RunPodman(["pull", "--tls-verify=false", Full(name)], cancellation);

    public Task Pull(string name, string architecture, CancellationToken cancellation) =>
        RunPodman(["pull", "--tls-verify=false", "--arch", architecture, Full(name)], cancellation);

    public Task<string> FailToPull(string name, CancellationToken cancellation) =>
        PodmanCommand().Fail([.. PodmanOptions(), "pull", "--tls-verify=false", Full(name)], cancellation);

    /// <summary>The digest of the image's configuration.</summary>
    public async Task<string> Id(string name, CancellationToken cancellation) =>
        $"sha256:{await RunPodman(["image", "inspect", "--format", "{{.Id}}", Full(name)], cancellation)}";

    /// <summary>The digest of the manifest that the image came by.</summary>
    public Task<string> ManifestDigest(string name, CancellationToken cancellation) =>
        RunPodman(["image", "inspect", "--format", "{{.Digest}}", Full(name)], cancellation);

    /// <summary>Empties the storage, so that a pull must fetch everything.</summary>
    public async Task RemoveImages(CancellationToken cancellation)
    {
        await RunPodman(["rmi", "--all", "--force"], cancellation);
        Assert.Empty(await RunPodman(["images", "--all", "--quiet"], cancellation));
    }

    /// <summary>Builds and pushes an image with buildah: another image, and a file on top. Nothing is run in it.</summary>
    public async Task BuildAndPush(string from, string file, string name, CancellationToken cancellation)
    {
        var container = await RunBuildah(["from", "--tls-verify=false", "--quiet", Full(from)], cancellation);
        await RunBuildah(["copy", "--quiet", container, file, "/"], cancellation);
        await RunBuildah(["commit", "--quiet", "--rm", container, Full(name)], cancellation);
        await RunBuildah(["push", "--quiet", "--tls-verify=false", Full(name)], cancellation);
    }

    /// <summary>Makes an index of images in an OCI layout with buildah, and pushes it with all of them.</summary>
    public async Task PushIndex(string layout, string[] tags, string name, CancellationToken cancellation)
    {
        await RunBuildah(["manifest", "create", "index"], cancellation);
        foreach (var tag in tags)
            await RunBuildah(["manifest", "add", "index", $"oci:{layout}:{tag}"], cancellation);
        await RunBuildah(["manifest", "push", "--all", "--tls-verify=false", "index", $"docker://{Full(name)}"], cancellation);
    }

    private Task<string> RunPodman(string[] arguments, CancellationToken cancellation) => PodmanCommand().Run([.. PodmanOptions(), .. arguments], cancellation);

    private Task<string> RunBuildah(string[] arguments, CancellationToken cancellation)
    {
        buildah ??= NewCommand(RequiredTool.Buildah);
        return buildah.Run([.. storage, .. arguments], cancellation);
    }

    private Command PodmanCommand() => podman ??= NewCommand(RequiredTool.Podman);

    // Without systemd there is neither its cgroup manager nor its journal.
    private string[] PodmanOptions() => [.. storage, "--tmpdir", stand.Folder["podman-tmp"], "--cgroup-manager", "cgroupfs", "--events-backend", "none"];

    private Command NewCommand(RequiredTool tool)
    {
        var program = tool.Find();

        // To write files of other owners a user namespace would do, but not every machine lets one be made.
        RequiredTool.RequireRoot(tool.Name);
        return new Command(program, Patience.Limit) { WorkingDirectory = stand.Folder.Path };
    }

    private string Full(string name) => $"{stand.Host}/{name}";
}
