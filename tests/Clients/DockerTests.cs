using Registry.Tests.Support.SymbolicImages;

namespace Registry.Tests.Clients;

[Collection(ClientCollection.Name)]
public sealed class DockerTests(DockerFixture daemon)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(ClientStand.Names), MemberType = typeof(ClientStand))]
    public Task An_image_of_many_layers_comes_back_byte_identical(string storage) => RoundTrip(storage, TestImages.ManyLayers);

    [Theory]
    [MemberData(nameof(ClientStand.Names), MemberType = typeof(ClientStand))]
    public Task A_layer_of_300_MB_comes_back_byte_identical(string storage) => RoundTrip(storage, TestImages.Huge);

    [Theory]
    [MemberData(nameof(ClientStand.Names), MemberType = typeof(ClientStand))]
    public async Task A_zero_byte_layer_can_be_pulled(string storage)
    {
        await using var stand = await ClientStand.Start(storage, Cancellation);
        var docker = await Docker.Start(stand, daemon, Cancellation);
        var blobs = new ImageBlobs(stand.Folder["blobs"]);
        var image = blobs.Write(TestImages.WithZeroLayer);
        await stand.Push("zero", "1", image, blobs, Cancellation);

        await docker.Pull("zero:1", Cancellation);

        Assert.Equal(image.Config.Digest.ToString(), await docker.Id("zero:1", Cancellation));
        Assert.Equal(image.Manifest.Digest.ToString(), await docker.RepoDigest("zero:1", Cancellation));
    }

    [Theory]
    [MemberData(nameof(ClientStand.Names), MemberType = typeof(ClientStand))]
    public async Task An_index_gives_each_platform_its_image(string storage)
    {
        await using var stand = await ClientStand.Start(storage, Cancellation);
        var docker = await Docker.Start(stand, daemon, Cancellation);
        var layout = new OciLayout(stand.Folder["layout"]);
        var (index, images) = layout.AddIndex("1", TestImages.TwoArchitectures);
        foreach (var image in images)
            await stand.Push("multi", image.Manifest.Digest.ToString(), image, layout.Blobs, Cancellation);
        await stand.PutManifest("multi", "1", index, layout.Blobs, Cancellation);

        foreach (var image in images)
        {
            // The daemon keeps one image for a digest: the first platform's would hide the second's.
            await docker.RemoveImages(Cancellation);
            await docker.Pull("multi:1", $"linux/{image.Spec.Architecture}", Cancellation);
            Assert.Equal(image.Config.Digest.ToString(), await docker.Id("multi:1", Cancellation));
            Assert.Equal(index.Digest.ToString(), await docker.RepoDigest("multi:1", Cancellation));
        }
    }

    [Theory]
    [MemberData(nameof(ClientStand.Names), MemberType = typeof(ClientStand))]
    public async Task Pushing_an_image_again_uploads_nothing(string storage)
    {
        await using var stand = await ClientStand.Start(storage, Cancellation);
        var docker = await Docker.Start(stand, daemon, Cancellation);
        await docker.Load("twice:1", TestImages.ManyLayers, Cancellation);

        var first = await stand.Requests.During(() => docker.Push("twice:1", Cancellation));
        var second = await stand.Requests.During(() => docker.Push("twice:1", Cancellation));

        Assert.Contains(first, r => r.UploadsContent);
        Assert.DoesNotContain(second, r => r.UploadsContent);
    }

    [Theory]
    [MemberData(nameof(ClientStand.Names), MemberType = typeof(ClientStand))]
    public async Task A_second_repository_mounts_the_layers_that_it_shares(string storage)
    {
        await using var stand = await ClientStand.Start(storage, Cancellation);
        var docker = await Docker.Start(stand, daemon, Cancellation);
        await docker.Load("team/first:1", TestImages.ManyLayers, Cancellation);
        var sibling = await docker.Load("team/second:1", TestImages.Sibling, Cancellation);
        await docker.Push("team/first:1", Cancellation);

        var requests = await stand.Requests.During(() => docker.Push("team/second:1", Cancellation));

        Assert.Equal(2, requests.Count(r => r.MountsFrom("team/first")));
        Assert.Equal(2, requests.Count(r => r is { Method: "PATCH", UploadsContent: true }));
        await stand.AssertHolds("team/second", "1", sibling, Cancellation);
    }

    [Theory]
    [MemberData(nameof(ClientStand.Names), MemberType = typeof(ClientStand))]
    public async Task A_deleted_image_can_not_be_pulled_and_the_client_says_why(string storage)
    {
        await using var stand = await ClientStand.Start(storage, Cancellation);
        var docker = await Docker.Start(stand, daemon, Cancellation);
        await docker.Load("gone:1", TestImages.Sibling, Cancellation);
        await docker.Push("gone:1", Cancellation);
        await docker.RemoveImages(Cancellation);

        await stand.DeleteImage("gone", "1", Cancellation);

        Assert.Contains("manifest unknown", await docker.FailToPull("gone:1", Cancellation), StringComparison.Ordinal);
    }

    private async Task RoundTrip(string storage, ImageSpec spec)
    {
        await using var stand = await ClientStand.Start(storage, Cancellation);
        var docker = await Docker.Start(stand, daemon, Cancellation);
        var image = await docker.Load("round/trip:1", spec, Cancellation);

        await docker.Push("round/trip:1", Cancellation);
        var pushed = await docker.RepoDigest("round/trip:1", Cancellation);
        await stand.AssertHolds("round/trip", "1", image, Cancellation);
        await docker.RemoveImages(Cancellation);
        var requests = await stand.Requests.During(() => docker.Pull("round/trip:1", Cancellation));

        Assert.Equal(image.Config.Digest.ToString(), await docker.Id("round/trip:1", Cancellation));
        Assert.Equal(pushed, await docker.RepoDigest("round/trip:1", Cancellation));
        Assert.Equal(image.Blobs.Count(), requests.Count(r => r.Method == "GET" && r.Path.Contains("/blobs/", StringComparison.Ordinal)));
    }
}
