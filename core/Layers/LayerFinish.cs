using System.Buffers;
using Registry.Digests;
using Registry.Errors;
using Registry.Storage;

namespace Registry.Layers;

/// <summary>Brings an upload whose content is complete to its end: claim, commit, verify where that is still owed, link.</summary>
/// <remarks>
/// Every step can be repeated, by this process or another, after a crash anywhere: the claim names the digest and the blocks, a commit of the same
/// blocks is the same content, and a link is an upsert. Storage is not given the client's cancellation: a finish that has begun is worth ending.
/// Under a tarsum the content is read back, linked by its sha256, and then given its other name (<see cref="LayerAliases"/>).
/// </remarks>
internal sealed class LayerFinish(LayerUploadContext context, LayerUploadState start)
{
    // Each round but the first means that another finisher of the same digest moved the row, or that storage took minutes for one call.
    private const int MaxRounds = 20;

    private LayerUploadState state = start;
    private long claimedAt = context.Time.GetTimestamp();
    private long committedAt;
    private bool claimedHere;

    // How long ago it was certain that the row is ours, if there is one, and that the blob is there: whichever is longer.
    private bool IsLate =>
        (state.HasRow && state.Idle + context.Time.GetElapsedTime(claimedAt) > context.Collection.Late) || IsLateSince(committedAt);

    public async Task<LayerLink> Run(Digest digest)
    {
        for (var round = 0; round < MaxRounds; round++)
        {
            if (state.HasRow)
                await Claim(digest);
            if (state.HasRow && !claimedHere && await context.Links.FindRenewed(state.Repository, digest, CancellationToken.None) is { } done)
                return done;
            try
            {
                if (await Commit(digest) && await IsVerified(digest) && !IsLate)
                    return await Name(digest, await Link(state.Canonical ?? digest));
            }
            catch (StorageNotFoundException)
            {
                // The content is gone: another finisher linked, found that the digest had content, and dropped this blob; or the upload was cancelled or purged.
                return await FindLinked(digest) ?? throw UploadErrors.Unknown(state.Id);
            }
        }

        throw new StorageFailedException("finish upload", state.Path, 0, "contended");
    }

    /// <summary>Takes the row for this digest, so that no other writer can add to it any more.</summary>
    private async Task Claim(Digest digest)
    {
        while (state.Claim != digest)
        {
            if (state.Phase == UploadPhase.Finishing)
                throw UploadErrors.DigestMismatch(digest, state.Claim!.Value);

            // Content that was hashed in this algorithm was compared before we came here, unless another request sealed it.
            var hashed = ResumableHash.AlgorithmOf(state.Hash) == digest.Algorithm;
            if (hashed && state.Phase == UploadPhase.Sealed && state.Digest() is var actual && actual != digest)
                throw UploadErrors.DigestMismatch(digest, actual);
            if (await Save(hashed ? UploadPhase.Finishing : UploadPhase.Sealed, digest))
                return;

            // A claim under verification may be replaced: its verifier writes the row before it links, and then sees that it lost.
            var row = await context.Store.Find(state.Repository, state.Id, CancellationToken.None) ?? throw UploadErrors.Unknown(state.Id);
            if (row.Phase == UploadPhase.Open)
                throw UploadErrors.OutOfOrder(row, "another request wrote to this upload first");
            state = row;
            claimedAt = context.Time.GetTimestamp();
        }
    }

    private async Task<bool> Save(UploadPhase phase, Digest? claim, byte[]? verified = null, Digest? canonical = null)
    {
        var next = state with { Phase = phase, Claim = claim, Verified = verified, Canonical = canonical ?? state.Canonical };
        if (await context.Store.Save(next, CancellationToken.None) is not { } saved)
            return false;
        state = saved;
        claimedAt = context.Time.GetTimestamp();
        claimedHere = true;
        return true;
    }

    /// <summary>Makes the content. Between this and the link its blob must not go: the purge spares what was claimed lately, so an old claim is made anew first.</summary>
    /// <returns>False when another finisher of the same digest moved the row.</returns>
    private async Task<bool> Commit(Digest digest)
    {
        committedAt = context.Time.GetTimestamp();
        if (state.HasRow && IsLate && !await Save(state.Phase, digest, state.Verified))
            return await Follow(digest);

        // What the blob says of itself is the digest whose content row will name it.
        var content = digest.Algorithm.IsHash ? digest : state.Canonical ?? LayerTarSum.KnownCanonical(state) ?? digest;
        var metadata = new BlobMetadata(state.Repository.ToString(), content.ToString());
        var tail = new ReadOnlySequence<byte>(state.Tail);
        if (state.Blocks.Count == 0)
        {
            await context.Driver.Put(state.Path, tail, metadata, CancellationToken.None);
            return true;
        }

        var ids = state.Blocks.Ids().ToList();
        if (!tail.IsEmpty)
        {
            await context.Driver.StageBlock(state.Path, BlockList.TailId, tail, CancellationToken.None);
            ids.Add(BlockList.TailId);
        }

        await context.Driver.CommitBlocks(state.Path, ids, metadata, CancellationToken.None);
        return true;
    }

    private async Task<bool> IsVerified(Digest digest)
    {
        if (!digest.Algorithm.IsHash)
            return state.Canonical is not null || await VerifyTarSum(digest);
        return state.Phase != UploadPhase.Sealed || await Verify(digest);
    }

    /// <summary>Reads the committed content back once, in the digest's algorithm.</summary>
    /// <returns>False when another finisher of the same digest moved the row.</returns>
    /// <exception cref="RegistryException"><c>DIGEST_INVALID</c>: the upload stays sealed, and a later PUT may name another digest.</exception>
    private async Task<bool> Verify(Digest digest)
    {
        using var hash = state.Verified is { } saved ? ResumableHash.Restore(saved) : ResumableHash.Create(digest.Algorithm);
        var recorded = hash.Length;
        var buffer = ArrayPool<byte>.Shared.Rent(256 * 1024);
        try
        {
            await using var content = await context.Driver.Open(state.Path, hash.Length, null, CancellationToken.None);
            while (await content.ReadAsync(buffer) is > 0 and var read)
            {
                hash.Append(buffer.AsSpan(0, read));
                if (hash.Length - recorded < context.Uploads.VerifyCheckpointBytes)
                    continue;
                if (!await Save(UploadPhase.Sealed, digest, hash.Save()))
                    return await Follow(digest);
                recorded = hash.Length;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        var actual = hash.Current();
        if (!await Save(actual == digest ? UploadPhase.Finishing : UploadPhase.Sealed, actual == digest ? digest : null))
            return await Follow(digest);
        if (actual != digest)
            throw UploadErrors.DigestMismatch(digest, actual);
        return true;
    }

    /// <summary>Reads the committed content back once, for its tarsum. That cannot be saved on the way: after a crash it begins again.</summary>
    /// <returns>False when the blob was committed before its sha256 was known, and is to be committed with that.</returns>
    /// <exception cref="RegistryException"><c>DIGEST_INVALID</c>: the upload stays sealed, and a later PUT may name another digest.</exception>
    private async Task<bool> VerifyTarSum(Digest digest)
    {
        var read = await LayerTarSum.Read(context, state, digest, () => KeepClaim(digest));
        var isRight = read.Canonical is not null;

        // Another finisher of the same tarsum moves the row on its way, and neither takes anything from the other. The first to end decides for both.
        while (state.HasRow && state.Phase != UploadPhase.Finishing
            && !await Save(isRight ? UploadPhase.Finishing : UploadPhase.Sealed, isRight ? digest : null, canonical: read.Canonical))
            await Follow(digest);
        if (isRight)
        {
            var isCommittedSo = LayerTarSum.KnownCanonical(state) is not null;
            state = state with { Canonical = read.Canonical };
            return isCommittedSo;
        }

        if (!state.HasRow)
            await context.Driver.Delete(state.Path, CancellationToken.None);
        throw read.TarSum is { } actual
            ? UploadErrors.DigestMismatch(digest, actual)
            : new RegistryException(RegistryError.DigestInvalid, $"the content has no tarsum: {read.Problem}", new DigestDetail(digest.ToString()));
    }

    /// <summary>Writes the row while the content is read: so the claim stays young, and this finisher learns when another digest takes over.</summary>
    private async Task KeepClaim(Digest digest)
    {
        if (state.HasRow && state.Phase == UploadPhase.Sealed && !await Save(UploadPhase.Sealed, digest))
            await Follow(digest);
    }

    private async Task<LayerLink> Name(Digest digest, LayerLink link) =>
        digest.Algorithm.IsHash ? link : await context.Links.Name(digest, link, CancellationToken.None);

    /// <summary>Finds what another finisher of this digest has linked. It may have died before it gave the content its tarsum.</summary>
    private async Task<LayerLink?> FindLinked(Digest digest)
    {
        if (await context.Links.FindRenewed(state.Repository, digest, CancellationToken.None) is { } link)
            return link;
        if (digest.Algorithm.IsHash
            || !state.HasRow
            || await context.Store.Find(state.Repository, state.Id, CancellationToken.None) is not { Canonical: { } canonical } row
            || row.Claim != digest
            || await context.Links.FindRenewed(state.Repository, canonical, CancellationToken.None) is not { } content)
            return null;
        return await Name(digest, content);
    }

    private async Task<LayerLink> Link(Digest digest)
    {
        var linkingAt = context.Time.GetTimestamp();
        if (await context.Links.Link(state.Repository, digest, state.Path, state.Offset, CancellationToken.None) is not { } link)
        {
            // Linked once before, and found since to hold other bytes than it was given: this upload can give no others (docs/verification.md).
            if (state.HasRow)
                await context.Store.Delete(state, CancellationToken.None);
            throw UploadErrors.Unknown(state.Id);
        }

        if (link.Path != state.Path)
        {
            // Long after the link another finisher may have brought this blob back, because the digest's content had gone; it is then the purge's to judge.
            if (!IsLateSince(linkingAt))
                await context.Driver.Delete(state.Path, CancellationToken.None);
            return link;
        }

        // The purge removes a claimed upload, and its blob, only when the claim is older than the grace period: only a link that came late can lead to nothing.
        if (IsLate && await context.Driver.Find(state.Path, CancellationToken.None) is null)
        {
            await context.Links.Undo(link, CancellationToken.None);
            throw UploadErrors.Unknown(state.Id);
        }

        return link;
    }

    /// <summary>Another request moved the row. When it finishes with the same digest, this one goes on from where the row stands.</summary>
    /// <returns>False, for what was being done is to be done again.</returns>
    /// <exception cref="RegistryException"><c>BLOB_UPLOAD_UNKNOWN</c>, or <c>BLOB_UPLOAD_INVALID</c> (416): another digest took over.</exception>
    private async Task<bool> Follow(Digest digest)
    {
        var row = await context.Store.Find(state.Repository, state.Id, CancellationToken.None) ?? throw UploadErrors.Unknown(state.Id);
        if (row.Claim != digest)
            throw UploadErrors.OutOfOrder(row, "another request took over this upload");
        state = row;
        claimedAt = context.Time.GetTimestamp();
        claimedHere = false;
        return false;
    }

    private bool IsLateSince(long timestamp) => context.Time.GetElapsedTime(timestamp) > context.Collection.Late;
}
