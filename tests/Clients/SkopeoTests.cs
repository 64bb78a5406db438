using Registry.Digests;
using Registry.Tests.Support;
using Registry.Tests.Support.SymbolicImages;

namespace Registry.Tests.Clients;

[Collection(ClientCollection.Name)]
public sealed class SkopeoTests
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
    public Task A_layer_of_300_MB_comes_back_byte_identical(string storage) => RoundTrip(storage, TestImages.Huge);

    [Theory]
    [MemberData(nameof(ClientStand.Names), MemberType = typeof(ClientStand))]
    public async Task An_index_of_two_architectures_comes_back_byte_identical(string storage)
    {
        await using var stand = await ClientStand.Start(storage, Cancellation);
        var layout = new OciLayout(stand.Folder["pushed"]);
        var (index, _) = layout.AddIndex("1", TestImages.TwoArchitectures);

        await AssertRoundTrip(stand, layout, index);
    }

    [Theory]
    [MemberData(nameof(ClientStand.Names), MemberType = typeof(ClientStand))]
    public async Task Pushing_an_image_again_uploads_nothing(string storage)
    {
        await using var stand = await ClientStand.Start(storage, Cancellation);
        var skopeo = new Skopeo(stand);
        var layout = new OciLayout(stand.Folder["pushed"]);
        layout.Add("1", TestImages.ManyLayers);

        var first = await stand.Requests.During(() => skopeo.Push(layout.Path, "1", "twice", Cancellation));
        var second = await stand.Requests.During(() => skopeo.Push(layout.Path, "1", "twice", Cancellation));

        Assert.Contains(first, r => r.UploadsContent);
        Assert.DoesNotContain(second, r => r.UploadsContent);
    }

    [Theory]
    [MemberData(nameof(ClientStand.Names), MemberType = typeof(ClientStand))]
    public async Task A_second_repository_mounts_the_layers_that_it_shares(string storage)
    {
        await using var stand = await ClientStand.Start(storage, Cancellation);
        var skopeo = new Skopeo(stand);
        var layout = new OciLayout(stand.Folder["pushed"]);
        layout.Add("1", TestImages.ManyLayers);
        var sibling = layout.Add("2", TestImages.Sibling);
        await skopeo.Push(layout.Path, "1", "team/first", Cancellation);

        var requests = await stand.Requests.During(() => skopeo.Push(layout.Path, "2", "team/second", Cancellation));

        Assert.Equal(2, requests.Count(r => r.MountsFrom("team/first")));
        Assert.Equal(2, requests.Count(r => r is { Method: "PATCH", UploadsContent: true }));
        await skopeo.Pull("team/second", "2", stand.Folder["pulled"], Cancellation);
        Assert.Equal([sibling.Manifest.Digest.ToString()], OciLayout.Tagged(stand.Folder["pulled"]));
        Assert.Equal(4 + 1, (await OciLayout.VerifiedBlobs(stand.Folder["pulled"], Cancellation)).Count);
    }

    [Theory]
    [MemberData(nameof(ClientStand.Names), MemberType = typeof(ClientStand))]
    public async Task A_deleted_image_can_not_be_pulled_and_the_client_says_why(string storage)
    {
        await using var stand = await ClientStand.Start(storage, Cancellation);
        var skopeo = new Skopeo(stand);
        var layout = new OciLayout(stand.Folder["pushed"]);
        layout.Add("1", TestImages.WithZeroLayer);
        layout.Add("2", TestImages.Sibling);
        await skopeo.Push(layout.Path, "1", "gone", Cancellation);
        await skopeo.Push(layout.Path, "2", "gone", Cancellation);

        await skopeo.Delete("gone", "1", Cancellation);

        Assert.Contains("manifest unknown", await skopeo.FailToPull("gone", "1", stand.Folder["pulled"], Cancellation), StringComparison.Ordinal);
        Assert.DoesNotContain("\"1\"", await skopeo.Tags("gone", Cancellation), StringComparison.Ordinal);
        await skopeo.Pull("gone", "2", stand.Folder["pulled"], Cancellation);
    }

    /// <summary>skopeo signs and verifies with docker's own libtrust.</summary>
    [Theory]
    [MemberData(nameof(ClientStand.Names), MemberType = typeof(ClientStand))]
    public async Task A_schema_1_image_is_pushed_signed_anew_copied_and_pulled(string storage)
    {
        await using var stand = await ClientStand.Start(storage, Cancellation);
        var skopeo = new Skopeo(stand);
        var layout = new OciLayout(stand.Folder["pushed"]);
        var pushed = layout.Add("1", TestImages.Sibling);
        await skopeo.PushSchema1(layout.Path, "1", "old/app", Cancellation);
        var (first, digest) = (await skopeo.Inspect("old/app", "1", Cancellation), await skopeo.Digest("old/app", "1", Cancellation));

        await skopeo.PushSchema1(layout.Path, "1", "old/app", Cancellation);

        Assert.Equal(digest, await skopeo.Digest("old/app", "1", Cancellation));
        Assert.NotEqual(first, await skopeo.Inspect("old/app", "1", Cancellation));
        await skopeo.CopySchema1("old/app", "1", "new/name", "2", Cancellation);
        await skopeo.PullSchema1("new/name", "2", stand.Folder["pulled"], Cancellation);
        var layers = pushed.Blobs.Where(b => b != pushed.Config.Digest).Select(b => b.Hex.ToString());
        Assert.ProperSuperset(new SortedSet<string>(layers), await OciLayout.VerifiedBlobs(stand.Folder["pulled"], Cancellation));
    }

    private static async Task RoundTrip(string storage, ImageSpec image)
    {
        await using var stand = await ClientStand.Start(storage, Cancellation);
        var layout = new OciLayout(stand.Folder["pushed"]);

        await AssertRoundTrip(stand, layout, layout.Add("1", image).Manifest);
    }

    private static async Task AssertRoundTrip(ClientStand stand, OciLayout layout, Descriptor tagged)
    {
        var skopeo = new Skopeo(stand);
        var pulled = stand.Folder["pulled"];

        await skopeo.Push(layout.Path, "1", "round/trip", Cancellation);
        await skopeo.Pull("round/trip", "1", pulled, Cancellation);

        Assert.Equal([tagged.Digest.ToString()], OciLayout.Tagged(pulled));
        Assert.Equal(await OciLayout.VerifiedBlobs(layout.Path, Cancellation), await OciLayout.VerifiedBlobs(pulled, Cancellation));
        Assert.Equal(tagged.Digest, Digest.Compute(DigestAlgorithm.Sha256, await skopeo.Inspect("round/trip", "1", Cancellation)));
    }
}
