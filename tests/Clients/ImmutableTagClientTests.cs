using Registry.Tests.Support.SymbolicImages;

namespace Registry.Tests.Clients;

/// <summary>A push over an immutable tag, as its user meets it: the client says what is wrong with it, and what to do.</summary>
[Collection(ClientCollection.Name)]
public sealed class ImmutableTagClientTests(DockerFixture daemon)
{
    private static readonly ImageSpec first = new("amd64", LayerSpec.Gzip("first", 10_000));
    private static readonly ImageSpec second = new("amd64", LayerSpec.Gzip("second", 10_000));

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(ClientStand.Commanded), MemberType = typeof(ClientStand))]
    public async Task Skopeo_tells_which_tag_is_immutable(string storage)
    {
        await using var stand = await ClientStand.Start(storage, Cancellation);
        await stand.Give("immutable", "add", "team/*", "v*");
        var (layout, skopeo) = (new OciLayout(stand.Folder["layout"]), new Skopeo(stand));
        var image = layout.Add("first", first);
        layout.Add("second", second);
        await skopeo.PushAs($"{layout.Path}:first", "team/app", "v1", Cancellation);
        await skopeo.PushAs($"{layout.Path}:first", "team/app", "v1", Cancellation);

        Assert.Contains(Message(image), await skopeo.FailToPush($"{layout.Path}:second", "team/app", "v1", Cancellation), StringComparison.Ordinal);
        await skopeo.PushAs($"{layout.Path}:second", "team/app", "latest", Cancellation);
        Assert.Equal(image.Manifest.Digest.ToString(), await skopeo.Digest("team/app", "v1", Cancellation));
    }

    [Fact]
    public async Task Docker_tells_which_tag_is_immutable()
    {
        await using var stand = await ClientStand.Start("disk", Cancellation);
        await stand.Give("immutable", "add", "*", "v*");
        var docker = await Docker.Start(stand, daemon, Cancellation);
        await docker.Load("app:v1", first, Cancellation);
        await docker.Push("app:v1", Cancellation);
        await docker.Push("app:v1", Cancellation);
        await docker.Load("app:v1", second, Cancellation);

        Assert.Contains("tag invalid: tag v1 of app is immutable and points at sha256:", await docker.FailToPush("app:v1", Cancellation), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Podman_tells_which_tag_is_immutable()
    {
        await using var stand = await ClientStand.Start("disk", Cancellation);
        await stand.Give("immutable", "add", "*", "v*");
        var (layout, podman) = (new OciLayout(stand.Folder["layout"]), new Podman(stand));
        layout.Add("first", first);
        layout.Add("second", second);
        await podman.Load(layout.Path, "first", "app:v1", Cancellation);
        await podman.Push("app:v1", Cancellation);
        await podman.Load(layout.Path, "second", "app:v1", Cancellation);

        Assert.Contains("tag v1 of app is immutable and points at sha256:", await podman.FailToPush("app:v1", Cancellation), StringComparison.Ordinal);
    }

    private static string Message(WrittenImage image) => $"tag v1 of team/app is immutable and points at {image.Manifest.Digest}: push under another tag, or delete this one first";
}
