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

    private readonly LayerClaim claim = new(context, start);
    private long committedAt;

    private LayerUploadState State => claim.State;

    // How long ago it was certain that the row is ours, if there is one, and that the blob is there: whichever is longer.
    private bool IsLate => claim.IsLate || IsLateSince(committedAt);

    public async Task<LayerLink> Run(Digest digest)
    {
        for (var round = 0; round < MaxRounds; round++)
        {
            await claim.Take(digest);
            if (State.HasRow && !claim.IsOwn && await context.Links.FindRenewed(State.Repository, digest, CancellationToken.None) is { } done)
                return done;
            try
            {
                if (await Commit(digest) && await IsVerified(digest) && !IsLate)
                    return await Name(digest, await Link(State.Canonical ?? digest));
            }
            catch (StorageNotFoundException)
            {
                // The content is gone: another finisher linked, found that the digest had content, and dropped this blob; or the upload was cancelled or purged.
                return await FindLinked(digest) ?? throw UploadErrors.Unknown(State.Id);
            }
        }

        throw new StorageFailedException("finish upload", State.Path, 0, "contended");
    }

    /// <summary>Makes the content. Between this and the link its blob must not go: the purge spares what was claimed lately, so an old claim is made anew first.</summary>
    /// <returns>False when another finisher of the same digest moved the row.</returns>
    private async Task<bool> Commit(Digest digest)
    {
        committedAt = context.Time.GetTimestamp();
        if (State.HasRow && IsLate && !await claim.Save(State.Phase, digest, State.Verified))
            return await claim.Follow(digest);

        // What the blob says of itself is the digest whose content row will name it.
        var content = digest.Algorithm.IsHash ? digest : State.Canonical ?? LayerTarSum.KnownCanonical(State) ?? digest;
        var metadata = new BlobMetadata(State.Repository.ToString(), content.ToString());
        var tail = new ReadOnlySequence<byte>(State.Tail);
        if (State.Blocks.Count == 0)
        {
            await context.Driver.Put(State.Path, tail, metadata, CancellationToken.None);
            return true;
        }

        var ids = State.Blocks.Ids().ToList();
        if (!tail.IsEmpty)
        {
            await context.Driver.StageBlock(State.Path, BlockList.TailId, tail, CancellationToken.None);
            ids.Add(BlockList.TailId);
        }

        await context.Driver.CommitBlocks(State.Path, ids, metadata, CancellationToken.None);
        return true;
    }

    private async Task<bool> IsVerified(Digest digest)
    {
        if (!digest.Algorithm.IsHash)
            return State.Canonical is not null || await VerifyTarSum(digest);
        return State.Phase != UploadPhase.Sealed || await Verify(digest);
    }

    /// <summary>Reads the committed content back once, in the digest's algorithm.</summary>
    /// <returns>False when another finisher of the same digest moved the row.</returns>
    /// <exception cref="RegistryException"><c>DIGEST_INVALID</c>: the upload stays sealed, and a later PUT may name another digest.</exception>
    private async Task<bool> Verify(Digest digest)
    {
        using var hash = State.Verified is { } saved ? ResumableHash.Restore(saved) : ResumableHash.Create(digest.Algorithm);
        var recorded = hash.Length;
        var buffer = ArrayPool<byte>.Shared.Rent(256 * 1024);
        try
        {
            await using var content = await context.Driver.Open(State.Path, hash.Length, null, CancellationToken.None);
            while (await content.ReadAsync(buffer) is > 0 and var read)
            {
                hash.Append(buffer.AsSpan(0, read));
                if (hash.Length - recorded < context.Uploads.VerifyCheckpointBytes)
                    continue;
                if (!await claim.Save(UploadPhase.Sealed, digest, hash.Save()))
                    return await claim.Follow(digest);
                recorded = hash.Length;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        var actual = hash.Current();
        if (!await claim.Save(actual == digest ? UploadPhase.Finishing : UploadPhase.Sealed, actual == digest ? digest : null))
            return await claim.Follow(digest);
        if (actual != digest)
            throw UploadErrors.DigestMismatch(digest, actual);
        return true;
    }

    /// <summary>Reads the committed content back once, for its tarsum. That cannot be saved on the way: after a crash it begins again.</summary>
    /// <returns>False when the blob was committed before its sha256 was known, and is to be committed with that.</returns>
    /// <exception cref="RegistryException"><c>DIGEST_INVALID</c>: the upload stays sealed, and a later PUT may name another digest.</exception>
    private async Task<bool> VerifyTarSum(Digest digest)
    {
        var read = await LayerTarSum.Read(context, State, digest, () => KeepClaim(digest));
        var isRight = read.Canonical is not null;

        // Another finisher of the same tarsum moves the row on its way, and neither takes anything from the other. The first to end decides for both.
        while (State.HasRow && State.Phase != UploadPhase.Finishing
            && !await claim.Save(isRight ? UploadPhase.Finishing : UploadPhase.Sealed, isRight ? digest : null, canonical: read.Canonical))
            await claim.Follow(digest);
        if (isRight)
        {
            var isCommittedSo = LayerTarSum.KnownCanonical(State) is not null;
            claim.Learn(read.Canonical!.Value);
            return isCommittedSo;
        }

        if (!State.HasRow)
            await context.Driver.Delete(State.Path, CancellationToken.None);
        throw read.TarSum is { } actual
            ? UploadErrors.DigestMismatch(digest, actual)
            : new RegistryException(RegistryError.DigestInvalid, $"the content has no tarsum: {read.Problem}", new DigestDetail(digest.ToString()));
    }

    /// <summary>Writes the row while the content is read: so the claim stays young, and this finisher learns when another digest takes over.</summary>
    private async Task KeepClaim(Digest digest)
    {
        if (State.HasRow && State.Phase == UploadPhase.Sealed && !await claim.Save(UploadPhase.Sealed, digest))
            await claim.Follow(digest);
    }

    private async Task<LayerLink> Name(Digest digest, LayerLink link) =>
        digest.Algorithm.IsHash ? link : await context.Links.Name(digest, link, CancellationToken.None);

    /// <summary>Finds what another finisher of this digest has linked. It may have died before it gave the content its tarsum.</summary>
    private async Task<LayerLink?> FindLinked(Digest digest)
    {
        if (await context.Links.FindRenewed(State.Repository, digest, CancellationToken.None) is { } link)
            return link;
        if (digest.Algorithm.IsHash
            || !State.HasRow
            || await context.Store.Find(State.Repository, State.Id, CancellationToken.None) is not { Canonical: { } canonical } row
            || row.Claim != digest
            || await context.Links.FindRenewed(State.Repository, canonical, CancellationToken.None) is not { } content)
            return null;
        return await Name(digest, content);
    }

    private async Task<LayerLink> Link(Digest digest)
    {
        var linkingAt = context.Time.GetTimestamp();
        if (await context.Links.Link(State.Repository, digest, State.Path, State.Offset, CancellationToken.None) is not { } link)
        {
            // Linked once before, and found since to hold other bytes than it was given: this upload can give no others (docs/verification.md).
            if (State.HasRow)
                await context.Store.Delete(State, CancellationToken.None);
            throw UploadErrors.Unknown(State.Id);
        }

        if (link.Path != State.Path)
        {
            // Long after the link another finisher may have brought this blob back, because the digest's content had gone; it is then the purge's to judge.
            if (!IsLateSince(linkingAt))
                await context.Driver.Delete(State.Path, CancellationToken.None);
            return link;
        }

        // The purge removes a claimed upload, and its blob, only when the claim is older than the grace period: only a link that came late can lead to nothing.
        if (IsLate && await context.Driver.Find(State.Path, CancellationToken.None) is null)
        {
            await context.Links.Undo(link, CancellationToken.None);
            throw UploadErrors.Unknown(State.Id);
        }

        return link;
    }

    private bool IsLateSince(long timestamp) => context.Time.GetElapsedTime(timestamp) > context.Collection.Late;
}
