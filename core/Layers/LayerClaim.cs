using Registry.Digests;
using Registry.Errors;

namespace Registry.Layers;

/// <summary>The row of an upload that is being finished, as one of its finishers knows it.</summary>
/// <remarks>A single POST has no row: nothing is to be taken, and nothing can be late. It is neither saved nor followed.</remarks>
internal sealed class LayerClaim(LayerUploadContext context, LayerUploadState start)
{
    private long knownAt = context.Time.GetTimestamp();

    public LayerUploadState State { get; private set; } = start;

    /// <summary>Whether this finisher wrote the row last, as far as it knows.</summary>
    public bool IsOwn { get; private set; }

    /// <summary>Whether it is so long ago that the row was certainly ours that the purge could come near it.</summary>
    public bool IsLate => State.HasRow && State.Idle + context.Time.GetElapsedTime(knownAt) > context.Collection.Late;

    /// <summary>Takes the row for this digest, so that no other writer can add to it any more.</summary>
    /// <exception cref="RegistryException"><c>DIGEST_INVALID</c>, <c>BLOB_UPLOAD_UNKNOWN</c>, or <c>BLOB_UPLOAD_INVALID</c> (416): another request wrote to it first.</exception>
    public async Task Take(Digest digest)
    {
        while (State.HasRow && State.Claim != digest)
        {
            if (State.Phase == UploadPhase.Finishing)
                throw UploadErrors.DigestMismatch(digest, State.Claim!.Value);

            // Content that was hashed in this algorithm was compared before we came here, unless another request sealed it.
            var hashed = ResumableHash.AlgorithmOf(State.Hash) == digest.Algorithm;
            if (hashed && State.Phase == UploadPhase.Sealed && State.Digest() is var actual && actual != digest)
                throw UploadErrors.DigestMismatch(digest, actual);
            if (await Save(hashed ? UploadPhase.Finishing : UploadPhase.Sealed, digest))
                return;

            // A claim under verification may be replaced: its verifier writes the row before it links, and then sees that it lost.
            var row = await Read();
            if (row.Phase == UploadPhase.Open)
                throw UploadErrors.OutOfOrder(row, "another request wrote to this upload first");
            Know(row);
        }
    }

    /// <summary>Writes the row. False when another finisher moved it.</summary>
    public async Task<bool> Save(UploadPhase phase, Digest? claim, byte[]? verified = null, Digest? canonical = null)
    {
        var next = State with { Phase = phase, Claim = claim, Verified = verified, Canonical = canonical ?? State.Canonical };
        if (await context.Store.Save(next, CancellationToken.None) is not { } saved)
            return false;
        Know(saved);
        IsOwn = true;
        return true;
    }

    /// <summary>Another request moved the row. When it finishes with the same digest, this one goes on from where the row stands.</summary>
    /// <returns>False, for what was being done is to be done again.</returns>
    /// <exception cref="RegistryException"><c>BLOB_UPLOAD_UNKNOWN</c>, or <c>BLOB_UPLOAD_INVALID</c> (416): another digest took over.</exception>
    public async Task<bool> Follow(Digest digest)
    {
        var row = await Read();
        if (row.Claim != digest)
            throw UploadErrors.OutOfOrder(row, "another request took over this upload");
        Know(row);
        IsOwn = false;
        return false;
    }

    /// <summary>The content's sha256 is known from here on; it is in the row, where there is one.</summary>
    public void Learn(Digest canonical) => State = State with { Canonical = canonical };

    private async Task<LayerUploadState> Read() =>
        await context.Store.Find(State.Repository, State.Id, CancellationToken.None) ?? throw UploadErrors.Unknown(State.Id);

    private void Know(LayerUploadState row)
    {
        State = row;
        knownAt = context.Time.GetTimestamp();
    }
}
