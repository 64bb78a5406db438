using System.Buffers;
using System.IO.Pipelines;
using Registry.Digests;
using Registry.Errors;
using Registry.Storage;
using Registry.Telemetry;

namespace Registry.Layers;

/// <summary>Receives one request's body into an upload: buffers, hashes, stages blocks, and records how far it came.</summary>
/// <remarks>
/// One loop fills the buffer; blocks cut from it are staged a few at a time. <see cref="State"/> only ever covers blocks whose staging, and that
/// of all before them, has succeeded. Storage is never given the client's cancellation: what a client sent before it
/// went away is staged and recorded (docs/uploads.md, invariant 6).
/// </remarks>
internal sealed class BodyReceiver : IAsyncDisposable
{
    private readonly IStorageDriver driver;
    private readonly LayerUploadStore store;
    private readonly UploadOptions options;
    private readonly TimeProvider time;
    private readonly ResumableHash hash;
    private readonly string writer;
    private readonly string path;
    private readonly SlabLease lease;
    private readonly BlockBuffer buffer;
    private readonly Queue<StagingBlock> inFlight = new();
    private readonly SemaphoreSlim slots;
    private readonly long startOffset;
    private int hashed;
    private int nextBlock;
    private int blocksCut;
    private long received;
    private long recorded;

    private BodyReceiver(IStorageDriver driver, LayerUploadStore store, UploadOptions options, TimeProvider time, string writer, SlabLease lease, LayerUploadState start)
    {
        this.driver = driver;
        this.store = store;
        this.options = options;
        this.time = time;
        this.writer = writer;
        this.lease = lease;
        path = start.Path;
        State = start with { Blocks = start.Blocks.Clone() };
        hash = ResumableHash.Restore(start.Hash);
        buffer = new BlockBuffer(lease, options.SlabSize);
        slots = new SemaphoreSlim(options.BlocksInFlight);
        startOffset = recorded = start.Offset;
        blocksCut = start.Blocks.Count;
    }

    /// <summary>The upload as far as it is staged, and with the version of its row that this receiver wrote or read last.</summary>
    public LayerUploadState State { get; private set; }

    private long Offset => startOffset + received;

    /// <summary>Waits for buffers, and takes the upload's tail into them.</summary>
    public static async Task<BodyReceiver> Open(
        IStorageDriver driver, LayerUploadStore store, SlabPool pool, UploadOptions options, TimeProvider time, IdSource ids, LayerUploadState start, CancellationToken clientGone)
    {
        var lease = await pool.Enter(clientGone);
        try
        {
            var receiver = new BodyReceiver(driver, store, options, time, ids.NewHex(6), lease, start);
            await receiver.Take(start.Tail);
            return receiver;
        }
        catch
        {
            lease.Dispose();
            throw;
        }
    }

    /// <summary>Receives the body to its end. On return all of it is staged, except a tail shorter than a smallest block, which <see cref="State"/> holds.</summary>
    /// <exception cref="ClientGoneException">The client went away. What it sent is recorded.</exception>
    /// <exception cref="RegistryException"><c>BLOB_UPLOAD_INVALID</c> (416): another writer came first. <c>SIZE_INVALID</c> (413): the blob is too large.</exception>
    public async Task Receive(PipeReader body, CancellationToken clientGone)
    {
        try
        {
            if (await Pump(body, clientGone) is { } gone)
            {
                await Settle();
                await Record();
                throw new ClientGoneException(State.Offset, gone);
            }

            await Settle();
        }
        catch (StorageFailedException)
        {
            await RecordStaged();
            throw;
        }
    }

    /// <summary>Writes the row with all that <see cref="State"/> covers.</summary>
    public async Task Record()
    {
        if (!State.HasRow || State.Offset == recorded)
            return;
        State = await store.Save(State, CancellationToken.None) ?? throw await Outrun();
        recorded = State.Offset;
    }

    public async ValueTask DisposeAsync()
    {
        // A block's slabs belong to its staging call until that ends, however it ends; its failure has been told by the first that was awaited.
        await Task.WhenAll(inFlight.Select(b => b.Staged)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        buffer.Clear();
        lease.Dispose();
        hash.Dispose();
        slots.Dispose();
    }

    /// <summary>Returns what ended the body early, or null at its proper end.</summary>
    private async Task<Exception?> Pump(PipeReader body, CancellationToken clientGone)
    {
        var interval = options.CheckpointInterval;
        await using var alarm = time.CreateTimer(static b => ((PipeReader)b!).CancelPendingRead(), body, interval, interval);
        while (true)
        {
            ReadResult read;
            try
            {
                read = await body.ReadAsync(clientGone);
            }
            catch (Exception e) when (e is IOException or OperationCanceledException)
            {
                return e;
            }

            try
            {
                foreach (var segment in read.Buffer)
                    await Take(segment);
                received += read.Buffer.Length;
                RegistryMetrics.Bytes.Add(read.Buffer.Length, RegistryMetrics.Of(RegistryMetrics.Direction, "in"));
            }
            finally
            {
                // Also when storage has failed: who answers that reads the rest away first, which a body that waits for its reader forbids.
                body.AdvanceTo(read.Buffer.End);
            }

            if (Offset > options.MaxBlobSize)
                throw new RegistryException(RegistryError.BlobTooLarge, $"the blob is larger than {options.MaxBlobSize} bytes, which is the most this registry accepts");
            if (read.IsCompleted)
                return null;
            await Checkpoint(read.IsCanceled);
        }
    }

    private async Task Take(ReadOnlyMemory<byte> content)
    {
        while (!content.IsEmpty)
        {
            if (buffer.Room.IsEmpty)
                await MakeRoom();
            var length = Math.Min(content.Length, buffer.Room.Length);
            buffer.Fill(content.Span[..length]);
            content = content[length..];
        }
    }

    private async Task MakeRoom()
    {
        // What is behind the cut stays so long as it is shorter than a smallest block: so the last block of a body that is longer
        // than that is one too, and a finish has no tail to stage.
        if (buffer.Length >= options.BlockSize + options.MinBlockSize)
            await Cut(options.BlockSize);
        HashTo(buffer.FullLength - options.MinBlockSize);

        while (!buffer.TryGrow())
        {
            // No memory to be had. Stage what can be staged; failing that, wait for a block of ours, whose slabs come back to us.
            if (buffer.FullLength >= options.MinBlockSize)
                await Cut(buffer.FullLength);
            else
                await Advance();
        }
    }

    private async Task Cut(int length)
    {
        // One is left for the tail.
        if (++blocksCut >= options.MaxBlocks)
            throw new RegistryException(RegistryError.BlobTooLarge, $"the blob has {options.MaxBlocks} blocks and goes on; storage takes no more");
        // Blocks end in any order. The next one need not wait for the oldest, but not all may run ahead of it: what is behind it is not recorded.
        while (inFlight.Count >= 2 * options.BlocksInFlight)
            await Advance();
        await slots.WaitAsync(CancellationToken.None);
        HashTo(length);
        hashed = 0;
        var index = nextBlock++;
        inFlight.Enqueue(new StagingBlock(index, length, hash.Save(), Stage(buffer.Cut(length), index)));
    }

    private async Task Stage(SlabBlock block, int index)
    {
        try
        {
            using (block)
                await driver.StageBlock(path, BlockList.BlockId(writer, index), block.Content, CancellationToken.None);
        }
        finally
        {
            slots.Release();
        }
    }

    /// <summary>Waits for the oldest block, and records a long body each time that so much is staged: by its bytes alone, not by when they are looked at.</summary>
    private async Task Advance()
    {
        await AwaitOldest();
        if (State.Blocks.Length - recorded >= options.CheckpointBytes)
            await Record();
    }

    private async Task AwaitOldest()
    {
        var oldest = inFlight.Peek();
        await oldest.Staged;
        inFlight.Dequeue();
        var blocks = State.Blocks;
        blocks.Add(writer, oldest.Index, oldest.Length);
        State = State with { Blocks = blocks, Hash = oldest.HashAfter, Tail = default, StagedAt = State.ReadAt };
    }

    // The hash runs behind the filling: bytes are hashed while they are warm, but never past the place where the next block may be cut.
    private void HashTo(int end)
    {
        buffer.HashTo(hash, hashed, end);
        hashed = Math.Max(hashed, end);
    }

    private async Task Checkpoint(bool intervalOver)
    {
        while (inFlight.TryPeek(out var oldest) && oldest.Staged.IsCompleted)
            await Advance();
        if (!intervalOver)
            return;
        await Settle();
        await Record();
    }

    /// <summary>Stages all that is long enough for a block, waits for every block, and leaves the rest in the state's tail.</summary>
    private async Task Settle()
    {
        if (buffer.Length >= options.MinBlockSize)
            await Cut(buffer.Length);
        while (inFlight.Count > 0)
            await AwaitOldest();
        State = State with { Tail = buffer.ToArray() };
    }

    /// <summary>Storage failed for one block: what is staged before it is still worth a row. The failure is what the client hears of, so a second one is not told.</summary>
    private async Task RecordStaged()
    {
        if (!State.HasRow || State.Blocks.Length <= recorded)
            return;
        var saved = store.Save(State, CancellationToken.None);
        await ((Task)saved).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
    }

    private async Task<Exception> Outrun()
    {
        var row = await store.Find(State.Repository, State.Id, CancellationToken.None);
        return row is null ? UploadErrors.Unknown(State.Id) : UploadErrors.OutOfOrder(row, "another request wrote to this upload first");
    }

    private readonly record struct StagingBlock(int Index, int Length, byte[] HashAfter, Task Staged);
}
