using System.IO.Pipelines;
using Registry.Collection;
using Registry.Digests;
using Registry.Errors;
using Registry.Layers;
using Registry.Storage;
using Registry.Tests.Support;

namespace Registry.Tests.Layers;

public sealed class LayerFinishTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_finish_claims_commits_and_links_and_reads_nothing_back()
    {
        var lab = await UploadLab.Make();
        var content = Content.Bytes(1, 1000);
        var upload = await lab.Start();
        var link = await upload.Finish(UploadLab.Sha256(content), null, UploadLab.Body(content), null, Cancellation);

        Assert.Equal(1000, link.Size);
        Assert.Equal(["stage 256", "stage 256", "stage 256", "stage 232", "commit 4"], lab.Driver.Calls);
        Assert.Equal(content, await lab.Read(UploadLab.Here, UploadLab.Sha256(content)));
    }

    [Fact]
    public async Task An_empty_blob_is_a_blob()
    {
        var lab = await UploadLab.Make();
        await (await lab.Start()).Finish(UploadLab.Sha256([]), 0, null, null, Cancellation);
        Assert.Empty(await lab.Read(UploadLab.Here, UploadLab.Sha256([])));
    }

    [Fact]
    public async Task A_finish_that_is_repeated_is_told_that_it_is_stored_also_with_another_body()
    {
        var lab = await UploadLab.Make();
        var content = Content.Bytes(1, 500);
        var upload = await lab.Start();
        await upload.Finish(UploadLab.Sha256(content), null, UploadLab.Body(content), null, Cancellation);
        var calls = lab.Driver.Calls.Count;

        await (await lab.Resume(upload.Id)).Finish(UploadLab.Sha256(content), null, null, null, Cancellation);
        await (await lab.Resume(upload.Id)).Finish(UploadLab.Sha256(content), 500, UploadLab.Body([1, 2, 3]), null, Cancellation);

        Assert.Equal(calls, lab.Driver.Calls.Count);
        Assert.Equal(content, await lab.Read(UploadLab.Here, UploadLab.Sha256(content)));
    }

    [Fact]
    public async Task A_finish_with_another_digest_than_the_one_that_ended_it_is_refused_with_that_one()
    {
        var lab = await UploadLab.Make();
        var upload = await lab.Start();
        await upload.Finish(UploadLab.Sha256([1]), null, UploadLab.Body([1]), null, Cancellation);

        var refused = await Refused(RegistryError.DigestInvalid, async () => await (await lab.Resume(upload.Id)).Finish(UploadLab.Sha256([2]), null, null, null, Cancellation));
        Assert.Equal(new DigestDetail(UploadLab.Sha256([2]).ToString(), UploadLab.Sha256([1]).ToString()), refused.Problems[0].Detail);
    }

    [Fact]
    public async Task A_wrong_digest_leaves_the_upload_as_it_was()
    {
        var lab = await UploadLab.Make();
        var upload = await lab.Start();
        await upload.Append(UploadLab.Body(Content.Bytes(1, 100)), null, Cancellation);

        await Refused(RegistryError.DigestInvalid, () => upload.Finish(UploadLab.Sha256([2]), null, UploadLab.Body(new byte[50]), null, Cancellation));
        var resumed = await lab.Resume(upload.Id);
        Assert.Equal(100, resumed.Offset);
        await resumed.Finish(UploadLab.Sha256(Content.Bytes(1, 100)), 100, null, null, Cancellation);
    }

    [Fact]
    public async Task A_size_that_is_not_the_content_s_is_refused()
    {
        var lab = await UploadLab.Make();
        var upload = await lab.Start();
        await Refused(RegistryError.SizeInvalid, () => upload.Finish(UploadLab.Sha256([1]), 2, UploadLab.Body([1]), null, Cancellation));
    }

    [Fact]
    public async Task Sha512_named_by_the_finish_alone_costs_no_reading_back_while_nothing_is_staged()
    {
        var lab = await UploadLab.Make();
        var content = Content.Bytes(1, 1000);
        var upload = await lab.Start();
        await upload.Append(UploadLab.Body(content[..60]), null, Cancellation);
        await upload.Finish(UploadLab.Sha512(content), null, UploadLab.Body(content[60..]), null, Cancellation);

        Assert.DoesNotContain("open 0", lab.Driver.Calls);
        Assert.Equal(content, await lab.Read(UploadLab.Here, UploadLab.Sha512(content)));
    }

    [Fact]
    public async Task Sha512_of_what_was_hashed_as_sha256_is_verified_by_reading_back_once()
    {
        var lab = await UploadLab.Make();
        var content = Content.Bytes(1, 1000);
        var upload = await lab.Start();
        await upload.Append(UploadLab.Body(content), null, Cancellation);
        await upload.Finish(UploadLab.Sha512(content), null, null, null, Cancellation);

        Assert.Single(lab.Driver.Calls, "open 0");
        Assert.Equal(content, await lab.Read(UploadLab.Here, UploadLab.Sha512(content)));
    }

    [Fact]
    public async Task A_sealed_upload_whose_digest_was_wrong_takes_another_digest_but_no_more_bytes()
    {
        var lab = await UploadLab.Make();
        var content = Content.Bytes(1, 1000);
        var upload = await lab.Start();
        await upload.Append(UploadLab.Body(content), null, Cancellation);

        await Refused(RegistryError.DigestInvalid, () => upload.Finish(UploadLab.Sha512([1]), null, null, null, Cancellation));
        await Refused(RegistryError.BlobUnknown, () => lab.Read(UploadLab.Here, UploadLab.Sha512([1])));
        var refused = await Refused(RegistryError.RangeInvalid, async () => await (await lab.Resume(upload.Id)).Append(UploadLab.Body([1]), null, Cancellation));
        Assert.Equal(new UploadDetail(upload.Id, 1000), refused.Problems[0].Detail);
        await Refused(RegistryError.DigestInvalid, async () => await (await lab.Resume(upload.Id)).Finish(UploadLab.Sha256([1]), null, null, null, Cancellation));
        await Refused(RegistryError.DigestInvalid, async () => await (await lab.Resume(upload.Id)).Finish(UploadLab.Sha512([2]), null, null, null, Cancellation));

        await (await lab.Resume(upload.Id)).Finish(UploadLab.Sha256(content), null, null, null, Cancellation);
        Assert.Equal(content, await lab.Read(UploadLab.Here, UploadLab.Sha256(content)));
    }

    /// <summary>No row leads to them, so nobody else would ever drop them but by their age.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_post_with_the_whole_blob_that_is_refused_or_broken_off_leaves_no_blocks(bool isBrokenOff)
    {
        var lab = await UploadLab.Make();
        var body = new Pipe(new PipeOptions(pauseWriterThreshold: 0, readerScheduler: PipeScheduler.Inline));
        var upload = lab.Layers.Upload(UploadLab.Here, UploadLab.Sha256([1]), body.Reader, Cancellation);
        await body.Writer.WriteAsync(Content.Bytes(1, 1000), Cancellation);
        await body.Writer.CompleteAsync(isBrokenOff ? new IOException("gone") : null);

        if (isBrokenOff)
            await Assert.ThrowsAsync<ClientGoneException>(() => upload);
        else
            await Refused(RegistryError.DigestInvalid, () => upload);
        Assert.Contains("stage 256", lab.Driver.Calls);
        Assert.Equal("delete", lab.Driver.Calls[^1]);
    }

    [Fact]
    public async Task Content_that_exists_is_joined_and_the_own_blob_dropped()
    {
        var lab = await UploadLab.Make();
        var content = Content.Bytes(1, 300);
        var first = await lab.Layers.Upload(UploadLab.There, UploadLab.Sha256(content), UploadLab.Body(content), Cancellation);
        var second = await (await lab.Start()).Finish(UploadLab.Sha256(content), null, UploadLab.Body(content), null, Cancellation);

        Assert.Equal(first.Path, second.Path);
        Assert.Single(lab.Driver.Calls, "delete");
        Assert.Equal(content, await lab.Read(UploadLab.Here, UploadLab.Sha256(content)));
    }

    /// <summary>The blob was purged while the finisher stood still for longer than any call may take.</summary>
    [Fact]
    public async Task A_finisher_that_was_held_up_claims_and_commits_again_before_it_links()
    {
        var lab = await UploadLab.Make();
        var content = Content.Bytes(1, 300);
        var upload = await lab.Start();
        await upload.Append(UploadLab.Body(content), null, Cancellation);
        var crashed = lab.Driver;
        crashed.BeforeCommit = () => throw new StorageFailedException("commit", "", 503, "Fault");
        await Assert.ThrowsAsync<StorageFailedException>(() => upload.Finish(UploadLab.Sha256(content), null, null, null, Cancellation));
        crashed.BeforeCommit = null;

        lab.Clock.Advance(new CollectionOptions().GracePeriod + TimeSpan.FromHours(1));
        var late = await lab.Resume(upload.Id);
        await late.Finish(UploadLab.Sha256(content), null, null, null, Cancellation);

        // The claim is young again: a purge that runs now leaves the upload alone.
        var uploads = await lab.Tables.Query(Tables.Uploads, new TableQuery(), Cancellation);
        Assert.False(new UploadPurge(lab.Driver, lab.Tables, lab.Options, new CollectionOptions()).IsOver(Assert.Single(uploads.Entities)));
        Assert.Equal(content, await lab.Read(UploadLab.Here, UploadLab.Sha256(content)));
    }

    [Fact]
    public async Task Content_without_an_upload_whose_commit_took_long_is_committed_once_more_and_linked()
    {
        var lab = await UploadLab.Make();
        var content = Content.Bytes(1, 300);
        var commits = 0;
        lab.Driver.BeforeCommit = () => lab.Clock.Advance(commits++ == 0 ? new CollectionOptions().RenewAfter : TimeSpan.Zero);

        await lab.Layers.Upload(UploadLab.Here, UploadLab.Sha256(content), UploadLab.Body(content), Cancellation);

        Assert.Equal(2, commits);
        Assert.Equal(content, await lab.Read(UploadLab.Here, UploadLab.Sha256(content)));
    }

    [Fact]
    public async Task Content_is_invisible_to_a_repository_that_does_not_hold_it()
    {
        var lab = await UploadLab.Make();
        await lab.Layers.Upload(UploadLab.There, UploadLab.Sha256([1]), UploadLab.Body([1]), Cancellation);
        var upload = await lab.Start();

        Assert.Null(await lab.Layers.Find(UploadLab.Here, UploadLab.Sha256([1]), Cancellation));
        await Refused(RegistryError.BlobUnknown, () => lab.Read(UploadLab.Here, UploadLab.Sha256([1])));
        await Refused(RegistryError.BlobUnknown, () => lab.Layers.Delete(UploadLab.Here, UploadLab.Sha256([1]), Cancellation));
        await Refused(RegistryError.BlobUploadUnknown, () => lab.Layers.Resume(UploadLab.There, upload.Id, Cancellation));
        Assert.Null(await lab.Layers.Mount(UploadLab.Here, UploadLab.Sha256([1]), from: null, mayRead: _ => false, Cancellation));
    }

    private static async Task<RegistryException> Refused(RegistryError error, Func<Task> request)
    {
        var refused = await Assert.ThrowsAsync<RegistryException>(request);
        Assert.Equal(error, refused.Error);
        return refused;
    }
}
