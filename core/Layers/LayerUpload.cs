using System.Buffers;
using System.IO.Pipelines;
using Registry.Collection;
using Registry.Digests;
using Registry.Errors;
using Registry.Repositories;
using Registry.Storage;

namespace Registry.Layers;

/// <summary>One request's handle of an upload. The truth is the row; this is how one writer moves it.</summary>
/// <remarks>
/// The protocol, its races and the test for each are in docs/uploads.md. In short: bytes are staged first and recorded after, in one conditional write;
/// a PUT claims the row before it commits, so that no other writer can still add to what is being committed; a claim is
/// never taken back, so a finish can be repeated by anybody, and whoever repeats it does the same.
/// </remarks>
public sealed class LayerUpload
{
    private readonly LayerUploadContext context;
    private LayerUploadState state;

    internal LayerUpload(LayerUploadContext context, LayerUploadState state)
    {
        this.context = context;
        this.state = state;
    }

    public Guid Id => state.Id;

    public RepositoryName Repository => state.Repository;

    /// <summary>Bytes that are stored. The next chunk begins here.</summary>
    public long Offset => state.Offset;

    /// <summary>Adds a chunk. On return it is in storage and recorded.</summary>
    /// <param name="body">The chunk.</param>
    /// <param name="range">What the client says that the chunk is; null when it does not say, and the chunk continues the upload.</param>
    /// <param name="clientGone">Ends the receiving, not the storing.</param>
    /// <exception cref="RegistryException"><c>BLOB_UPLOAD_INVALID</c> (416), <c>SIZE_INVALID</c>, <c>BLOB_UPLOAD_UNKNOWN</c></exception>
    /// <exception cref="ClientGoneException">The client went away; what it sent is recorded.</exception>
    public async Task Append(PipeReader body, ChunkRange? range, CancellationToken clientGone)
    {
        await RequireUnfinished(CancellationToken.None);
        if (state.Phase != UploadPhase.Open)
            throw UploadErrors.OutOfOrder(state, "the upload is being finished and takes no more content");
        await Date();
        RequireAt(range);
        await using var receiver = await context.Receive(state, clientGone);
        await receiver.Receive(body, clientGone);
        RequireLength(receiver.State, range);
        await receiver.Record();
        state = receiver.State;
    }

    /// <summary>Ends the upload: the content is verified against the digest, committed, and linked to the repository.</summary>
    /// <param name="digest">What the client says that the content is.</param>
    /// <param name="size">How long the client says that the content is; null when it does not say.</param>
    /// <param name="body">The last chunk, which may be the whole content; null for none.</param>
    /// <param name="range">What the client says that the last chunk is; null when it does not say.</param>
    /// <param name="clientGone">Ends the receiving, not the storing.</param>
    /// <exception cref="RegistryException"><c>DIGEST_INVALID</c>, <c>SIZE_INVALID</c>, <c>BLOB_UPLOAD_INVALID</c> (416), <c>BLOB_UPLOAD_UNKNOWN</c></exception>
    /// <exception cref="ClientGoneException">The client went away; what it sent is recorded.</exception>
    public async Task<LayerLink> Finish(Digest digest, long? size, PipeReader? body, ChunkRange? range, CancellationToken clientGone)
    {
        await Date();
        if (state.Phase == UploadPhase.Open)
        {
            try
            {
                state = await Complete(digest, size, body, range, clientGone);
            }
            catch (Exception e) when (!state.HasRow && e is RegistryException or ClientGoneException)
            {
                // Nobody can go on from here, and no row leads to what was staged. It was not linked yet.
                await context.Driver.Delete(state.Path, CancellationToken.None);
                throw;
            }
        }
        else
        {
            // A repeated PUT. Its body, if it has one, is what the claim already covers, or does not matter any more.
            RequireSize(state, size);
        }

        return await new LayerFinish(context, state).Run(digest);
    }

    /// <summary>Receives the last chunk, and compares what there is then with what the client says of it.</summary>
    private async Task<LayerUploadState> Complete(Digest digest, long? size, PipeReader? body, ChunkRange? range, CancellationToken clientGone)
    {
        RequireAt(range);
        var complete = Rehashed(state, digest.Algorithm.Hash);
        if (body is not null)
        {
            await using var receiver = await context.Receive(complete, clientGone);
            await receiver.Receive(body, clientGone);
            RequireLength(receiver.State, range);
            complete = receiver.State;
        }

        RequireSize(complete, size);
        if (ResumableHash.AlgorithmOf(complete.Hash) == digest.Algorithm && complete.Digest() is var actual && actual != digest)
            throw UploadErrors.DigestMismatch(digest, actual);
        return complete;
    }

    /// <summary>Forgets the upload. What was staged is dropped.</summary>
    /// <exception cref="RegistryException"><c>BLOB_UPLOAD_UNKNOWN</c>, or <c>BLOB_UPLOAD_INVALID</c> when it is being finished.</exception>
    public async Task Cancel(CancellationToken cancellation)
    {
        while (state.Phase != UploadPhase.Finishing)
        {
            if (await context.Store.Delete(state, cancellation))
            {
                await context.Driver.Delete(state.Path, cancellation);
                return;
            }

            // Lost to another writer, or the answer to the delete was lost.
            state = await context.Store.Find(Repository, Id, cancellation) ?? throw UploadErrors.Unknown(Id);
        }

        await RequireUnfinished(cancellation);
        throw new RegistryException(RegistryError.BlobUploadInvalid, "the upload is being finished and cannot be cancelled; repeat the PUT", new UploadDetail(Id, Offset));
    }

    /// <summary>Makes sure that the upload can still be continued. A finished one keeps its row for a while, so that a repeated PUT is answered; to anything else it is gone.</summary>
    /// <exception cref="RegistryException"><c>BLOB_UPLOAD_UNKNOWN</c></exception>
    public async Task RequireUnfinished(CancellationToken cancellation)
    {
        if (state.Phase == UploadPhase.Finishing && await context.Links.Find(Repository, state.Claim!.Value, cancellation) is not null)
            throw UploadErrors.Unknown(Id);
    }

    // An upload that was begun by this very handle has been written and never read, and only a read tells storage's time, from which its blocks count their week.
    private async Task Date()
    {
        if (state.HasRow && state.ReadAt == default)
            state = await context.Store.Find(Repository, Id, CancellationToken.None) ?? throw UploadErrors.Unknown(Id);
    }

    private void RequireAt(ChunkRange? range)
    {
        if (range is { From: var from } && from != Offset)
            throw UploadErrors.OutOfOrder(state, $"the chunk begins at {from}; the upload stands at {Offset}");
    }

    private static void RequireLength(LayerUploadState received, ChunkRange? range)
    {
        if (range is { } said && received.Offset != said.From + said.Length)
            throw new RegistryException(
                RegistryError.SizeInvalid, $"the chunk has {received.Offset - said.From} bytes and says {said.Length}", new UploadDetail(received.Id));
    }

    private static void RequireSize(LayerUploadState state, long? size)
    {
        if (size is not null && size != state.Offset)
            throw new RegistryException(RegistryError.SizeInvalid, $"the upload has {state.Offset} bytes, not {size}", new UploadDetail(state.Id, state.Offset));
    }

    // The algorithm is often named by the PUT alone. As long as nothing is staged the hash can begin again in it.
    private static LayerUploadState Rehashed(LayerUploadState state, DigestAlgorithm algorithm)
    {
        if (state.Blocks.Count > 0 || ResumableHash.AlgorithmOf(state.Hash) == algorithm)
            return state;
        using var fresh = ResumableHash.Create(algorithm);
        return state with { Hash = fresh.Save() };
    }
}

/// <summary>What a client says of a chunk (end-5, Content-Range).</summary>
/// <param name="From">The position of its first byte in the upload.</param>
/// <param name="Length">Its bytes.</param>
public readonly record struct ChunkRange(long From, long Length);

/// <summary>What every upload of the process shares.</summary>
internal sealed record LayerUploadContext(
    IStorageDriver Driver,
    LayerUploadStore Store,
    LayerLinks Links,
    SlabPool Pool,
    UploadOptions Uploads,
    CollectionOptions Collection,
    TimeProvider Time,
    IdSource Ids)
{
    public TarSumSlots TarSums { get; } = new();

    public Task<BodyReceiver> Receive(LayerUploadState state, CancellationToken clientGone) =>
        BodyReceiver.Open(Driver, Store, Pool, Uploads, Time, Ids, state, clientGone);
}
