using System.Buffers;
using System.IO.Pipelines;
using FsCheck;
using FsCheck.Fluent;
using Registry.Digests;
using Registry.Errors;
using Registry.Layers;
using Registry.Storage;
using Registry.Tests.Support;

namespace Registry.Tests.Layers;

public sealed class LayerUploadTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Any content, cut into any requests of any pieces, each taken up by another instance, under any memory: the same digest and bytes.</summary>
    [Fact]
    public void Any_content_in_any_pieces_and_requests_ends_as_itself() =>
        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(150).WithReplay((ulong)(uint)TestSeed.Current, 1),
            Prop.ForAll(ArbMap.Default.ArbFor<(ushort[] Requests, byte Pieces, bool Tight, bool Sha512)>(), plan =>
                Push(plan.Requests, plan.Pieces, plan.Tight, plan.Sha512).GetAwaiter().GetResult()));

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(65)]
    [InlineData(256)]
    [InlineData(257)]
    [InlineData(319)]
    [InlineData(320)]
    [InlineData(321)]
    [InlineData(4096)]
    public async Task A_body_of_any_length_around_a_block_is_stored_whole(int length)
    {
        Assert.True(await Push([(ushort)length], 0, tight: false, sha512: false));
        Assert.True(await Push([(ushort)length, 1], 13, tight: true, sha512: true));
    }

    [Fact]
    public async Task Chunks_of_one_byte_are_slow_and_not_broken()
    {
        var lab = await UploadLab.Make();
        var content = Content.Bytes(1, 300);
        var id = (await lab.Start()).Id;
        for (var i = 0; i < content.Length; i++)
            await (await lab.Resume(id)).Append(UploadLab.Body([content[i]]), new ChunkRange(i, 1), Cancellation);

        await (await lab.Resume(id)).Finish(UploadLab.Sha256(content), content.Length, null, null, Cancellation);
        Assert.Equal(content, await lab.Read(UploadLab.Here, UploadLab.Sha256(content)));

        // Four blocks of the smallest size, however small the chunks were.
        Assert.Equal(["stage 64", "stage 64", "stage 64", "stage 64"], lab.Driver.Calls.Where(c => c.StartsWith("stage 64", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task What_is_shorter_than_a_block_waits_in_the_row_and_costs_no_blob_transaction()
    {
        var lab = await UploadLab.Make();
        var upload = await lab.Start();
        await upload.Append(UploadLab.Body(Content.Bytes(1, 63)), null, Cancellation);

        Assert.Empty(lab.Driver.Calls);
        Assert.Equal(63, (await lab.Resume(upload.Id)).Offset);
    }

    [Fact]
    public async Task A_long_body_is_recorded_each_time_so_many_bytes_are_staged()
    {
        var lab = await UploadLab.Make(UploadLab.Small with { CheckpointBytes = 512, BlocksInFlight = 1 });
        var upload = await lab.Start();
        var pipe = NewPipe();
        var append = upload.Append(pipe.Reader, null, Cancellation);

        var offsets = new List<long>();
        for (var i = 0; i < 12; i++)
        {
            await pipe.Writer.WriteAsync(Content.Bytes(i, 256), Cancellation);
            offsets.Add((await lab.Resume(upload.Id)).Offset);
        }

        Assert.False(append.IsCompleted);
        Assert.Equal(0, offsets[0]);
        Assert.InRange(offsets[^1], 12 * 256 - 512 - 256 - 64, 12 * 256);
        Assert.InRange(offsets.Distinct().Count(), 4, 7);
        await pipe.Writer.CompleteAsync();
        await append;
        Assert.Equal(12 * 256, (await lab.Resume(upload.Id)).Offset);
    }

    /// <summary>Blocks end in any order. One that hangs must not leave the connections of the others idle, and what lies behind it is not recorded, so they may not run far ahead.</summary>
    [Fact]
    public async Task Others_go_on_beside_a_block_that_hangs_but_no_further_than_as_many_again()
    {
        var lab = await UploadLab.Make(UploadLab.Small with { BlocksInFlight = 3 });
        var hangs = new TaskCompletionSource();
        lab.Driver.BeforeStage = n => n == 0 ? hangs.Task : Task.CompletedTask;
        var content = Content.Bytes(1, 20 * 256);
        var upload = await lab.Start();
        var append = upload.Append(UploadLab.Body(content), null, Cancellation);

        Assert.False(append.IsCompleted);
        Assert.Equal(6, lab.Driver.Calls.Count);
        Assert.Equal(0, (await lab.Resume(upload.Id)).Offset);

        hangs.SetResult();
        await append;
        Assert.Equal(content.Length, (await lab.Resume(upload.Id)).Offset);
        await upload.Finish(UploadLab.Sha256(content), null, null, null, Cancellation);
        Assert.Equal(content, await lab.Read(UploadLab.Here, UploadLab.Sha256(content)));
    }

    [Fact]
    public async Task A_trickling_body_is_recorded_each_interval_its_tail_with_it()
    {
        var lab = await UploadLab.Make();
        var upload = await lab.Start();
        var pipe = NewPipe();
        var append = upload.Append(pipe.Reader, null, Cancellation);
        await pipe.Writer.WriteAsync(Content.Bytes(1, 100), Cancellation);
        Assert.Equal(0, (await lab.Resume(upload.Id)).Offset);

        lab.Clock.Advance(lab.Options.CheckpointInterval);
        Assert.Equal(100, (await lab.Resume(upload.Id)).Offset);

        await pipe.Writer.WriteAsync(Content.Bytes(2, 10), Cancellation);
        lab.Clock.Advance(lab.Options.CheckpointInterval);
        Assert.Equal(110, (await lab.Resume(upload.Id)).Offset);

        byte[] whole = [.. Content.Bytes(1, 100), .. Content.Bytes(2, 10), .. Content.Bytes(3, 200)];
        await pipe.Writer.WriteAsync(Content.Bytes(3, 200), Cancellation);
        await pipe.Writer.CompleteAsync();
        await append;
        await upload.Finish(UploadLab.Sha256(whole), null, null, null, Cancellation);
        Assert.Equal(whole, await lab.Read(UploadLab.Here, UploadLab.Sha256(whole)));
    }

    [Theory]
    [InlineData(40)]
    [InlineData(100)]
    [InlineData(1000)]
    public async Task What_a_client_sent_before_it_went_away_is_recorded(int sent)
    {
        var lab = await UploadLab.Make();
        var upload = await lab.Start();
        var pipe = NewPipe();
        var append = upload.Append(pipe.Reader, null, Cancellation);
        await pipe.Writer.WriteAsync(Content.Bytes(1, sent), Cancellation);
        await pipe.Writer.CompleteAsync(new IOException("connection reset"));

        var gone = await Assert.ThrowsAsync<ClientGoneException>(() => append);
        Assert.Equal(sent, gone.Offset);
        Assert.Equal(sent, (await lab.Resume(upload.Id)).Offset);
    }

    [Fact]
    public async Task A_request_that_is_aborted_records_what_came()
    {
        var lab = await UploadLab.Make();
        var upload = await lab.Start();
        using var aborted = new CancellationTokenSource();
        var pipe = NewPipe();
        var finish = upload.Finish(UploadLab.Sha256([1]), null, pipe.Reader, null, aborted.Token);
        await pipe.Writer.WriteAsync(Content.Bytes(1, 500), Cancellation);
        await aborted.CancelAsync();

        await Assert.ThrowsAsync<ClientGoneException>(() => finish);
        Assert.Equal(500, (await lab.Resume(upload.Id)).Offset);
    }

    [Theory]
    [InlineData(99)]
    [InlineData(101)]
    public async Task A_chunk_that_is_not_as_long_as_it_says_is_refused_and_not_recorded(int said)
    {
        var lab = await UploadLab.Make();
        var upload = await lab.Start();

        await Refused(RegistryError.SizeInvalid, () => upload.Append(UploadLab.Body(new byte[100]), new ChunkRange(0, said), Cancellation));
        Assert.Equal(0, (await lab.Resume(upload.Id)).Offset);
    }

    [Fact]
    public async Task A_chunk_at_another_place_is_refused_before_its_body_is_read_and_told_the_offset()
    {
        var lab = await UploadLab.Make();
        var upload = await lab.Start();
        await upload.Append(UploadLab.Body(new byte[10]), null, Cancellation);

        var refused = await Refused(
            RegistryError.RangeInvalid, async () => await (await lab.Resume(upload.Id)).Append(new Pipe().Reader, new ChunkRange(9, 5), Cancellation));
        Assert.Equal(new UploadDetail(upload.Id, 10), refused.Problems[0].Detail);
    }

    [Fact]
    public async Task A_blob_over_the_limit_is_refused()
    {
        var lab = await UploadLab.Make(UploadLab.Small with { MaxBlobSize = 1000 });
        var upload = await lab.Start();
        await upload.Append(UploadLab.Body(new byte[1000]), null, Cancellation);

        await Refused(RegistryError.BlobTooLarge, async () => await (await lab.Resume(upload.Id)).Append(UploadLab.Body(new byte[1]), null, Cancellation));
        Assert.Equal(1000, (await lab.Resume(upload.Id)).Offset);
    }

    [Fact]
    public async Task A_blob_of_more_blocks_than_storage_takes_is_refused_and_the_limit_itself_is_not()
    {
        var lab = await UploadLab.Make(UploadLab.Small with { MaxBlocks = 5 });
        var content = Content.Bytes(1, (4 * 64) + 63);
        var id = (await lab.Start()).Id;
        foreach (var chunk in content.Chunk(64))
            await (await lab.Resume(id)).Append(UploadLab.Body(chunk), null, Cancellation);
        await Refused(RegistryError.BlobTooLarge, async () => await (await lab.Resume(id)).Append(UploadLab.Body(new byte[1]), null, Cancellation));

        await (await lab.Resume(id)).Finish(UploadLab.Sha256(content), null, null, null, Cancellation);
        Assert.Equal(content, await lab.Read(UploadLab.Here, UploadLab.Sha256(content)));
        Assert.Contains("commit 5", lab.Driver.Calls);
    }

    /// <summary>Clients write their body before they look for an answer, so whoever answers a failure reads the rest away first.</summary>
    [Fact]
    public async Task A_body_that_storage_failed_to_take_can_still_be_read_away()
    {
        var lab = await UploadLab.Make();
        var upload = await lab.Start();
        lab.Driver.BeforeStage = _ => throw new StorageFailedException("stage block", "", 503, "ServerBusy");
        var body = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        await body.Writer.WriteAsync(Content.Bytes(1, 8 * 256), Cancellation);
        await Assert.ThrowsAsync<StorageFailedException>(() => upload.Append(body.Reader, null, Cancellation));

        await body.Writer.WriteAsync(Content.Bytes(2, 100), Cancellation);
        var rest = await body.Reader.ReadAsync(Cancellation);

        Assert.Equal(Content.Bytes(2, 100), rest.Buffer.ToArray());
    }

    /// <summary>A row of a later version, or a damaged one. There is room for one body, and everything here is done at once.</summary>
    [Fact]
    public async Task An_upload_whose_row_cannot_be_understood_takes_no_buffers_with_it()
    {
        var lab = await UploadLab.Make(UploadLab.Small with { MemoryLimit = 3 * 32 });
        var (damaged, sound) = (await lab.Start(), await lab.Start());
        var row = (await lab.Tables.Find(Tables.Uploads, Tables.Key(UploadLab.Here), damaged.Id.ToString("D"), Cancellation))!;
        await lab.Tables.Write(Tables.Uploads, TableOperation.Replace(row.Copy().Set("hash", [1, 2, 3]), row.ETag), Cancellation);
        await Assert.ThrowsAnyAsync<FormatException>(async () => await (await lab.Layers.Resume(UploadLab.Here, damaged.Id, Cancellation)).Append(UploadLab.Body([1]), null, Cancellation));

        var append = sound.Append(UploadLab.Body([1]), null, Cancellation);

        Assert.True(append.IsCompletedSuccessfully, "it waits for buffers that nobody has");
    }

    /// <summary>The k-th block fails, those behind it succeed: what is before it is recorded, and nothing else.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public async Task When_storage_fails_the_contiguous_prefix_is_kept(int failing)
    {
        var lab = await UploadLab.Make();
        var upload = await lab.Start();
        lab.Driver.BeforeStage = n => n == failing ? throw new StorageFailedException("stage block", "", 503, "ServerBusy") : Task.CompletedTask;
        var content = Content.Bytes(1, 8 * 256);

        await Assert.ThrowsAsync<StorageFailedException>(() => upload.Append(UploadLab.Body(content), null, Cancellation));
        lab.Driver.BeforeStage = null;

        var resumed = await lab.Resume(upload.Id);
        Assert.Equal(failing * 256, resumed.Offset);
        await resumed.Finish(UploadLab.Sha256(content), content.Length, UploadLab.Body(content[(failing * 256)..]), null, Cancellation);
        Assert.Equal(content, await lab.Read(UploadLab.Here, UploadLab.Sha256(content)));
    }

    [Fact]
    public async Task An_upload_left_alone_for_too_long_has_expired_and_says_so()
    {
        var lab = await UploadLab.Make();
        var upload = await lab.Start();
        await upload.Append(UploadLab.Body(new byte[100]), null, Cancellation);
        lab.Clock.Advance(lab.Options.MaxIdle);
        await lab.Resume(upload.Id);
        lab.Clock.Advance(TimeSpan.FromSeconds(1));

        var refused = await Refused(RegistryError.BlobUploadUnknown, () => lab.Resume(upload.Id));
        Assert.Contains("expired", refused.Message, StringComparison.Ordinal);
    }

    /// <summary>Appends that fit the row stage nothing, so they do not renew the blocks that storage is about to drop.</summary>
    [Fact]
    public async Task An_upload_whose_blocks_are_old_has_expired_however_lately_its_tail_was_written()
    {
        var lab = await UploadLab.Make();
        var upload = await lab.Start();
        await upload.Append(UploadLab.Body(new byte[100]), null, Cancellation);
        for (var day = 0; day < 6; day++)
        {
            lab.Clock.Advance(TimeSpan.FromDays(1));
            await (await lab.Resume(upload.Id)).Append(UploadLab.Body(new byte[1]), null, Cancellation);
        }

        lab.Clock.Advance(TimeSpan.FromHours(1));
        await Refused(RegistryError.BlobUploadUnknown, () => lab.Resume(upload.Id));
    }

    // The receiver runs inside the write: when that returns, it has taken the bytes.
    private static Pipe NewPipe() => new(new PipeOptions(
        readerScheduler: PipeScheduler.Inline, writerScheduler: PipeScheduler.Inline, pauseWriterThreshold: 0, useSynchronizationContext: false));

    private static async Task<RegistryException> Refused(RegistryError error, Func<Task> request)
    {
        var refused = await Assert.ThrowsAsync<RegistryException>(request);
        Assert.Equal(error, refused.Error);
        return refused;
    }

    private static async Task<bool> Push(ushort[] requests, byte pieces, bool tight, bool sha512)
    {
        // Tight is room for one body alone: every block that is staged waits for the one before it.
        var lab = await UploadLab.Make(tight ? UploadLab.Small with { MemoryLimit = 3 * 32 } : UploadLab.Small);
        var content = Content.Bytes(pieces, requests.Sum(r => r % 5000));
        var digest = sha512 ? UploadLab.Sha512(content) : UploadLab.Sha256(content);
        var id = (await lab.Start()).Id;
        var at = 0;
        foreach (var request in requests)
        {
            var chunk = content.AsSpan(at, request % 5000).ToArray();
            var body = UploadLab.Body([.. chunk.Chunk(1 + (pieces * 3))]);
            await (await lab.Resume(id)).Append(body, new ChunkRange(at, chunk.Length), CancellationToken.None);
            at += chunk.Length;
            Assert.Equal(at, (await lab.Resume(id)).Offset);
        }

        await (await lab.Resume(id)).Finish(digest, content.Length, null, null, CancellationToken.None);
        Assert.Equal(content, await lab.Read(UploadLab.Here, digest));
        return true;
    }
}
