using System.Collections.Immutable;

namespace Registry.Storage.FileSystem.Blobs;

/// <summary>A blob to be.</summary>
/// <param name="File">Its file in the staging folder.</param>
/// <param name="End">Where the last block of it ends.</param>
/// <param name="Time">When the last block was staged.</param>
/// <param name="Blocks">The latest block of each id.</param>
internal sealed record StagedBlob(string File, long End, DateTimeOffset Time, ImmutableDictionary<string, BlockRange> Blocks);

/// <summary>What is known of a blob beyond its bytes.</summary>
/// <param name="File">The file in the staging folder that was, or if it is still there is to be, renamed to the blob.</param>
/// <param name="Length">Bytes. Another length means another file, put there by hand, of which nothing is known.</param>
/// <param name="Time">When it was committed.</param>
/// <param name="Metadata">As it was committed.</param>
/// <param name="Blocks">What it was committed of; null for one that was put.</param>
internal sealed record CommittedBlob(string File, long Length, DateTimeOffset Time, BlobMetadata Metadata, CommittedBlocks? Blocks);

/// <summary>One change of the index.</summary>
internal abstract record BlobChange(string Path)
{
    /// <summary>A block is durable in a staging file.</summary>
    public sealed record Staged(string Path, string File, string BlockId, BlockRange Range, DateTimeOffset Time) : BlobChange(Path);

    /// <summary>A file is the blob from now on. Every staged block is dropped.</summary>
    public sealed record Committed(string Path, CommittedBlob Blob) : BlobChange(Path);

    /// <summary>The staging file has this length; the blocks beyond are dropped, and with the last block the blob to be.</summary>
    public sealed record Truncated(string Path, long Length) : BlobChange(Path);

    /// <summary>The blob and its staged blocks are gone.</summary>
    public sealed record Deleted(string Path) : BlobChange(Path);
}

/// <summary>What is staged, and what was committed of which blocks with which metadata, at one moment. It never changes.</summary>
/// <remarks>
/// One journal for all blobs, rather than a file beside each: a block costs one flush that all uploads share, not two and a file's making;
/// metadata is durable before the blob appears, so the two appear together; and looking a blob up or listing opens no file.
/// It takes some 400 bytes of memory a blob, where the tables take several rows.
/// </remarks>
internal sealed class BlobIndex(ImmutableDictionary<string, StagedBlob> staged, ImmutableDictionary<string, CommittedBlob> committed)
{
    public static readonly BlobIndex Empty = new(
        ImmutableDictionary.Create<string, StagedBlob>(StringComparer.Ordinal),
        ImmutableDictionary.Create<string, CommittedBlob>(StringComparer.Ordinal));

    private static readonly ImmutableDictionary<string, BlockRange> noBlocks =
        ImmutableDictionary.Create<string, BlockRange>(StringComparer.Ordinal);

    public IReadOnlyDictionary<string, StagedBlob> Staged => staged;

    public IReadOnlyDictionary<string, CommittedBlob> Committed => committed;

    public BlobIndex Apply(IEnumerable<BlobChange> changes)
    {
        ImmutableDictionary<string, StagedBlob>.Builder nextStaged = staged.ToBuilder();
        ImmutableDictionary<string, CommittedBlob>.Builder nextCommitted = committed.ToBuilder();
        foreach (BlobChange change in changes)
        {
            StagedBlob? before = nextStaged.GetValueOrDefault(change.Path);
            if (After(before, change) is { } after)
                nextStaged[change.Path] = after;
            else
                nextStaged.Remove(change.Path);
            if (change is BlobChange.Committed blob)
                nextCommitted[blob.Path] = blob.Blob;
            else if (change is BlobChange.Deleted)
                nextCommitted.Remove(change.Path);
        }

        return new BlobIndex(nextStaged.ToImmutable(), nextCommitted.ToImmutable());
    }

    private static StagedBlob? After(StagedBlob? before, BlobChange change) => change switch
    {
        BlobChange.Staged block => Join(before, block),
        BlobChange.Truncated truncated => before is null ? null : Truncate(before, truncated.Length),
        _ => null,
    };

    /// <summary>A block of another file than the one before means that the one before is gone.</summary>
    private static StagedBlob Join(StagedBlob? before, BlobChange.Staged block)
    {
        if (before is null || before.File != block.File)
            before = new StagedBlob(block.File, 0, block.Time, noBlocks);
        return new StagedBlob(
            block.File, Math.Max(before.End, block.Range.End), block.Time, before.Blocks.SetItem(block.BlockId, block.Range));
    }

    private static StagedBlob? Truncate(StagedBlob before, long length)
    {
        ImmutableDictionary<string, BlockRange> blocks = before.Blocks.RemoveRange(before.Blocks.Where(b => b.Value.End > length).Select(b => b.Key));
        return blocks.IsEmpty ? null : before with { End = length, Blocks = blocks };
    }
}
