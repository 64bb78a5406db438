using Registry.Collection;
using Registry.Layers;
using Registry.Storage;

namespace Registry.Tests.Layers;

public sealed class LayerLinksTests
{
    private static readonly CollectionOptions options = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_young_link_is_read_in_one_go_and_an_old_one_is_renewed()
    {
        var (lab, links) = await Make();
        var link = (await links.Link(UploadLab.Here, UploadLab.Sha256([1]), "content/aa/one", 1, Cancellation))!;
        lab.Clock.Advance(options.RenewAfter);
        Assert.Equal(link.ETag, (await links.FindRenewed(UploadLab.Here, UploadLab.Sha256([1]), Cancellation))!.ETag);

        lab.Clock.Advance(TimeSpan.FromSeconds(1));
        var renewed = await links.FindRenewed(UploadLab.Here, UploadLab.Sha256([1]), Cancellation);
        Assert.NotEqual(link.ETag, renewed!.ETag);
        Assert.Equal(TimeSpan.Zero, (await links.Find(UploadLab.Here, UploadLab.Sha256([1]), Cancellation))!.Age);
        Assert.Equal("content/aa/one", renewed.Path);
    }

    [Fact]
    public async Task The_second_blob_of_a_digest_is_not_linked_but_the_first()
    {
        var (_, links) = await Make();
        await links.Link(UploadLab.Here, UploadLab.Sha256([1]), "content/aa/one", 1, Cancellation);
        Assert.Equal("content/aa/one", (await links.Link(UploadLab.There, UploadLab.Sha256([1]), "content/bb/two", 1, Cancellation))!.Path);
    }

    [Fact]
    public async Task A_mount_needs_a_repository_that_holds_the_digest_and_may_be_read()
    {
        var (_, links) = await Make();
        var digest = UploadLab.Sha256([1]);
        await links.Link(UploadLab.There, digest, "content/aa/one", 1, Cancellation);

        Assert.Null(await links.Mount(UploadLab.Here, digest, UploadLab.Here, _ => true, Cancellation));
        Assert.Null(await links.Mount(UploadLab.Here, digest, null, _ => false, Cancellation));
        Assert.Null(await links.Mount(UploadLab.Here, UploadLab.Sha256([2]), UploadLab.There, _ => true, Cancellation));
        Assert.Null(await links.Find(UploadLab.Here, digest, Cancellation));

        Assert.NotNull(await links.Mount(UploadLab.Here, digest, UploadLab.There, _ => true, Cancellation));
        Assert.True(await links.Delete(UploadLab.There, digest, Cancellation));
        Assert.NotNull(await links.Find(UploadLab.Here, digest, Cancellation));
    }

    [Fact]
    public async Task A_link_that_is_undone_is_taken_back_with_its_content_row_though_it_was_renewed()
    {
        var (lab, links) = await Make();
        var digest = UploadLab.Sha256([1]);
        var link = (await links.Link(UploadLab.Here, digest, "content/aa/one", 1, Cancellation))!;
        lab.Clock.Advance(options.RenewAfter * 2);
        await links.FindRenewed(UploadLab.Here, digest, Cancellation);

        await links.Undo(link, Cancellation);

        Assert.Null(await links.Find(UploadLab.Here, digest, Cancellation));
        Assert.Null(await lab.Tables.Find(Tables.Content, digest.ToString(), Tables.ContentRow, Cancellation));
        await links.Undo(link, Cancellation);
    }

    /// <summary>Between a late finisher's link and its look at its blob, all of that was deleted and collected, and somebody pushed the content anew.</summary>
    [Fact]
    public async Task A_link_that_is_undone_leaves_what_another_push_has_linked_since()
    {
        var (lab, links) = await Make();
        var digest = UploadLab.Sha256([1]);
        var late = (await links.Link(UploadLab.Here, digest, "content/aa/purged", 1, Cancellation))!;
        await links.Undo(late, Cancellation);
        await links.Link(UploadLab.Here, digest, "content/bb/anew", 1, Cancellation);

        await links.Undo(late, Cancellation);

        Assert.Equal("content/bb/anew", (await links.Find(UploadLab.Here, digest, Cancellation))?.Path);
        Assert.NotNull(await lab.Tables.Find(Tables.Content, digest.ToString(), Tables.ContentRow, Cancellation));
    }

    private static async Task<(UploadLab Lab, LayerLinks Links)> Make()
    {
        var lab = await UploadLab.Make();
        return (lab, new LayerLinks(lab.Tables, options));
    }
}
