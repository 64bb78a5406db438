using System.Formats.Tar;
using Registry.Tests.Support.SymbolicImages;

namespace Registry.Tests.Clients;

[Collection(ClientCollection.Name)]
public sealed class PodmanTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(ClientStand.Names), MemberType = typeof(ClientStand))]
    public Task An_image_of_many_layers_comes_back_byte_identical(string storage) => RoundTrip(storage, TestImages.ManyLayers);

    [Theory]
    [MemberData(nameof(ClientStand.Names), MemberType = typeof(ClientStand))]
    public Task An_image_with_a_zero_byte_layer_comes_back_byte_identical(string storage) => RoundTrip(storage, TestImages.WithZeroLayer);

    [Theory]
    [MemberData(nameof(ClientStand.Names), MemberType = typeof(ClientStand))]
    public async Task Pushing_an_image_again_uploads_nothing(string storage)
    {
        await using var stand = await ClientStand.Start(storage, Cancellation);
        var podman = new Podman(stand);
        var layout = new OciLayout(stand.Folder["layout"]);
        layout.Add("1", TestImages.ManyLayers);
        await podman.Load(layout.Path, "1", "twice:1", Cancellation);

        var first = await stand.Requests.During(() => podman.Push("twice:1", Cancellation));
        var second = await stand.Requests.During(() => podman.Push("twice:1", Cancellation));

        Assert.Contains(first, r => r.UploadsContent);
        Assert.DoesNotContain(second, r => r.UploadsContent);
    }

    [Theory]
    [MemberData(nameof(ClientStand.Names), MemberType = typeof(ClientStand))]
    public async Task An_index_that_buildah_pushes_gives_each_architecture_its_image(string storage)
    {
        await using var stand = await ClientStand.Start(storage, Cancellation);
        var podman = new Podman(stand);
        var layout = new OciLayout(stand.Folder["layout"]);
        var images = TestImages.TwoArchitectures.Select(spec => layout.Add(spec.Architecture, spec)).ToArray();

        await podman.PushIndex(layout.Path, [.. images.Select(i => i.Spec.Architecture)], "multi:1", Cancellation);

        foreach (var image in images)
        {
            await podman.RemoveImages(Cancellation);
            await podman.Pull("multi:1", image.Spec.Architecture, Cancellation);
            Assert.Equal(image.Config.Digest.ToString(), await podman.Id("multi:1", Cancellation));
        }
    }

    [Theory]
    [MemberData(nameof(ClientStand.Names), MemberType = typeof(ClientStand))]
    public async Task Buildah_builds_on_a_pulled_image_and_pushes_its_own_layer(string storage)
    {
        await using var stand = await ClientStand.Start(storage, Cancellation);
        var blobs = new ImageBlobs(stand.Folder["blobs"]);
        var image = blobs.Write(TestImages.Sibling);
        await stand.Push("base", "1", image, blobs, Cancellation);
        var file = stand.Folder["built.txt"];
        await File.WriteAllTextAsync(file, "built by buildah", Cancellation);

        await new Podman(stand).BuildAndPush("base:1", file, "built:1", Cancellation);

        var (_, _, layers) = await stand.Manifest("built", "1", Cancellation);
        Assert.Equal(image.Layers.Length + 1, layers.Length);
        Assert.Equal("built by buildah", await FindFile(await stand.OpenArchive("built", layers[^1], Cancellation), "built.txt"));
    }

    [Theory]
    [MemberData(nameof(ClientStand.Names), MemberType = typeof(ClientStand))]
    public async Task A_deleted_image_can_not_be_pulled_and_the_client_says_why(string storage)
    {
        await using var stand = await ClientStand.Start(storage, Cancellation);
        var blobs = new ImageBlobs(stand.Folder["blobs"]);
        await stand.Push("gone", "1", blobs.Write(TestImages.Sibling), blobs, Cancellation);

        await stand.DeleteImage("gone", "1", Cancellation);

        Assert.Contains("manifest unknown", await new Podman(stand).FailToPull("gone:1", Cancellation), StringComparison.Ordinal);
    }

    private static async Task RoundTrip(string storage, ImageSpec spec)
    {
        await using var stand = await ClientStand.Start(storage, Cancellation);
        var podman = new Podman(stand);
        var layout = new OciLayout(stand.Folder["layout"]);
        var image = layout.Add("1", spec);
        await podman.Load(layout.Path, "1", "round/trip:1", Cancellation);

        await podman.Push("round/trip:1", Cancellation);
        await stand.AssertHolds("round/trip", "1", image, Cancellation);
        await podman.RemoveImages(Cancellation);
        await podman.Pull("round/trip:1", Cancellation);

        var (manifest, _, _) = await stand.Manifest("round/trip", "1", Cancellation);
        Assert.Equal(image.Config.Digest.ToString(), await podman.Id("round/trip:1", Cancellation));
        Assert.Equal(manifest.ToString(), await podman.ManifestDigest("round/trip:1", Cancellation));
    }

    private static async Task<string?> FindFile(Stream archive, string name)
    {
        await using var tar = new TarReader(archive);
        while (await tar.GetNextEntryAsync(copyData: false, Cancellation) is { } entry)
        {
            if (entry.Name == name)
                return await new StreamReader(entry.DataStream!).ReadToEndAsync(Cancellation);
        }

        return null;
    }
}
