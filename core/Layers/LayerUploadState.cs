using Registry.Digests;
using Registry.Repositories;
using Registry.Storage;

namespace Registry.Layers;

/// <summary>What is known of an upload: one row, and all that any instance needs to go on from it.</summary>
public sealed record LayerUploadState
{
    public required RepositoryName Repository { get; init; }

    /// <summary>The session id, a UUID; it names the content too.</summary>
    public required Guid Id { get; init; }

    public UploadPhase Phase { get; init; }

    /// <summary>The staged blocks, in order. <see cref="Tail"/> follows them.</summary>
    public BlockList Blocks { get; init; } = new();

    /// <summary>The saved <see cref="ResumableHash"/> over <see cref="Blocks"/>; the tail is not in it.</summary>
    public required byte[] Hash { get; init; }

    /// <summary>The last bytes, fewer than a smallest block. They live in the row because a staged block can neither be read nor extended.</summary>
    public ReadOnlyMemory<byte> Tail { get; init; }

    /// <summary>The digest that a PUT named: in <see cref="UploadPhase.Sealed"/> yet to be verified. Null where there is none.</summary>
    public Digest? Claim { get; init; }

    /// <summary>The saved hash of what was read back so far to verify <see cref="Claim"/>, or null.</summary>
    public byte[]? Verified { get; init; }

    /// <summary>The sha256 of the content, once it is verified that its tarsum is <see cref="Claim"/>. Null before, and for any other claim.</summary>
    public Digest? Canonical { get; init; }

    /// <summary>The row's version; empty for an upload without a row.</summary>
    public string ETag { get; init; } = "";

    /// <summary>Whether there is a row, and so anything that another request could take up.</summary>
    public bool HasRow => ETag.Length > 0;

    /// <summary>How long ago the row was written, in storage's time.</summary>
    public TimeSpan Idle { get; init; }

    /// <summary>When the row was read, in storage's time.</summary>
    public DateTimeOffset ReadAt { get; init; }

    /// <summary>A time not after the last block was staged, in storage's time: from then on Azure keeps uncommitted blocks for a week. Null when nothing is staged.</summary>
    public DateTimeOffset? StagedAt { get; init; }

    /// <summary>Whether the staged blocks may soon be dropped by storage, or the upload was left alone for as long.</summary>
    public bool IsExpired(TimeSpan maxIdle) =>
        Phase == UploadPhase.Open && (Idle > maxIdle || (StagedAt is { } staged && ReadAt - staged > maxIdle));

    /// <summary>Bytes received and stored. What a client has been told is never more, and never shrinks.</summary>
    public long Offset => Blocks.Length + Tail.Length;

    /// <summary>The digest of all bytes so far, in the algorithm that the upload is hashed with.</summary>
    public Digest Digest()
    {
        using var whole = ResumableHash.Restore(Hash);
        whole.Append(Tail.Span);
        return whole.Current();
    }

    /// <summary>Where the content lies once it is committed.</summary>
    public string Path => PathMapper.Content(Id.ToString("N"));
}

/// <summary>How far an upload is. It only moves forward.</summary>
public enum UploadPhase
{
    /// <summary>Takes bytes.</summary>
    Open,

    /// <summary>
    /// The content is final, and no digest is verified yet: a PUT named one in another algorithm than the upload was hashed with, and the content is
    /// committed to be read back. When it does not match, a later PUT may name another digest; but bytes are never taken again,
    /// so that a finisher who was held up can only ever commit what the others commit.
    /// </summary>
    Sealed,

    /// <summary>The content is final and the claim is verified. Whoever repeats the finish brings it to its end.</summary>
    Finishing,
}
