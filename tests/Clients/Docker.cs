using Registry.Tests.Support;
using Registry.Tests.Support.SymbolicImages;

namespace Registry.Tests.Clients;

/// <summary>docker, as its users meet it: images in the daemon by name.</summary>
internal sealed class Docker
{
    private readonly ClientStand stand;
    private readonly Command command;

    private Docker(ClientStand stand, Command command) => (this.stand, this.command) = (stand, command);

    /// <summary>A daemon without images.</summary>
    public static async Task<Docker> Start(ClientStand stand, DockerFixture fixture, CancellationToken cancellation)
    {
        var docker = new Docker(stand, await fixture.Client());
        await docker.RemoveImages(cancellation);
        return docker;
    }

    /// <summary>Puts a symbolic image into the daemon, under a name of the registry.</summary>
    public async Task<WrittenImage> Load(string name, ImageSpec image, CancellationToken cancellation)
    {
        var archive = stand.Folder["docker-archive.tar"];
        var written = DockerArchive.Write(archive, Full(name), image, stand.Folder);
        await command.Run(["load", "--input", archive], cancellation);
        Assert.Equal(written.Config.Digest.ToString(), await Id(name, cancellation));
        return written;
    }

    public Task Push(string name, CancellationToken cancellation) => command.Run(["push", Full(name)], cancellation);

    /// <summary>Pushes what is refused, and gives what docker says.</summary>
    public Task<string> FailToPush(string name, CancellationToken cancellation) => command.Fail(["push", Full(name)], cancellation);

    public Task Pull(string name, CancellationToken cancellation) => command.Run(["pull", Full(name)], cancellation);

    public Task Pull(string name, string platform, CancellationToken cancellation) => command.Run(["pull", "--platform", platform, Full(name)], cancellation);

    public Task<string> FailToPull(string name, CancellationToken cancellation) => command.Fail(["pull", Full(name)], cancellation);

    /// <summary>The digest of the image's configuration. The daemon checks each layer that it pulls against it.</summary>
    public Task<string> Id(string name, CancellationToken cancellation) => command.Run(["image", "inspect", "--format", "{{.Id}}", Full(name)], cancellation);

    /// <summary>The manifest's digest, by which the daemon knows the image in the registry.</summary>
    public async Task<string> RepoDigest(string name, CancellationToken cancellation)
    {
        var digests = await command.Run(["image", "inspect", "--format", "{{join .RepoDigests \"\\n\"}}", Full(name)], cancellation);
        var repository = Full(name)[..Full(name).LastIndexOf(':')];
        return Assert.Single(digests.Split('\n'), d => d.StartsWith($"{repository}@", StringComparison.Ordinal))[(repository.Length + 1)..];
    }

    /// <summary>Empties the daemon, so that a pull must fetch everything.</summary>
    public async Task RemoveImages(CancellationToken cancellation)
    {
        var ids = await command.Run(["images", "--quiet", "--no-trunc"], cancellation);
        if (ids.Length > 0)
            await command.Run(["rmi", "--force", .. ids.Split('\n').Distinct()], cancellation);
        Assert.Empty(await command.Run(["images", "--all", "--quiet"], cancellation));
    }

    private string Full(string name) => $"{stand.Host}/{name}";
}
