using Registry.Digests;
using Registry.Tests.Digests;
using Registry.Tests.Layers;
using Registry.Tests.Support;

namespace Registry.Tests.Collection;

/// <summary>Layers that go by their tarsum: both names are kept while a manifest needs either, and go when none does.</summary>
public sealed class AliasCollectionTests
{
    private static readonly TimeSpan day = TimeSpan.FromHours(24) + TimeSpan.FromMinutes(1);
    private static readonly TarFile file = new("file") { Content = [1, 2, 3] };
    private static readonly byte[] archive = TarFile.Archive(file);
    private static readonly Digest name = Digest.Parse(TarFile.Sum(file));
    private static readonly Digest canonical = UploadLab.Sha256(archive);

    [Theory]
    [InlineData("by its tarsum")]
    [InlineData("by its sha256")]
    public async Task Both_names_are_kept_while_a_manifest_needs_the_layer_and_go_after_it(string how)
    {
        var lab = await CollectionLab.Make();
        var image = Image(how == "by its tarsum" ? name : canonical);
        Assert.Equal(canonical, await lab.PushBlob("app", archive, name));
        await lab.Push("app", image, "latest");

        for (var i = 0; i < 3; i++)
        {
            lab.Clock.Advance(10 * day);
            Assert.Empty((await lab.Collect()).Gone);
        }

        Assert.True(await lab.Holds("app", name));
        Assert.True(await lab.Holds("app", canonical));

        await lab.Delete("app", image.Digest.ToString());
        lab.Clock.Advance(day);
        await lab.Collect();
        lab.Clock.Advance(day);
        await lab.Collect();
        Assert.Empty(await lab.Blobs());
        Assert.DoesNotContain(await lab.Everything(), line => line.StartsWith("content ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_manifest_that_is_put_over_an_old_layer_renews_both_names()
    {
        var lab = await CollectionLab.Make();
        await lab.PushBlob("app", archive, name);
        lab.Clock.Advance(day);
        await lab.Push("app", Image(name), "latest");
        Assert.Empty((await lab.Collect()).Gone);
        Assert.True(await lab.Holds("app", name));
    }

    [Fact]
    public async Task A_layer_that_no_manifest_needs_goes_and_its_tarsum_with_it()
    {
        var lab = await CollectionLab.Make();
        await lab.PushBlob("app", archive, name);
        lab.Clock.Advance(day);
        await lab.Collect();

        Assert.False(await lab.Holds("app", name));
        Assert.Empty(await lab.Blobs());
        Assert.DoesNotContain(await lab.Everything(), line => line.StartsWith("content ", StringComparison.Ordinal));
    }

    /// <summary>The rows of a purged upload tell whether its blob is content: by the digest that the content belongs to.</summary>
    [Fact]
    public async Task A_purge_of_the_upload_leaves_the_content()
    {
        var lab = await CollectionLab.Make();
        await lab.PushBlobByUpload("app", archive, name);
        await lab.Push("app", Image(name), "latest");
        lab.Clock.Advance(day);
        Assert.Contains("Upload app", (await lab.Collect()).Gone);
        Assert.True(await lab.Holds("app", name));
    }

    // The layer is pushed apart, under its tarsum.
    private static TestImage Image(Digest layer)
    {
        var image = SmallImages.Image("app", "replaced").With(m => m["layers"]![0]!["digest"] = layer.ToString());
        return image with { Blobs = [image.Blobs[0]] };
    }
}
