using System.Buffers;

namespace Registry.Storage;

/// <summary>Content: blobs that are written once, under a name that is never used again.</summary>
/// <remarks>
/// Every method may throw <see cref="StorageFailedException"/>. A blob is either absent or whole: what was put or committed is
/// visible at once and durable when the call returns, and nothing part-written is ever visible.
/// Paths come from <see cref="PathMapper"/>: relative, <c>/</c>-separated (a container taken over may have a leading <c>/</c>).
/// Breaking a limit of <see cref="BlobLimits"/> is a programming error: <see cref="ArgumentException"/>.
/// </remarks>
public interface IStorageDriver
{
    /// <summary>Gives a blob's length, time and metadata, or null when there is none.</summary>
    Task<BlobStat?> Find(string path, CancellationToken cancellation);

    /// <summary>Opens a range of a blob for reading once, forwards. At or past the end the stream is empty.</summary>
    /// <param name="path">The blob.</param>
    /// <param name="offset">The first byte, from 0.</param>
    /// <param name="length">How many bytes at most; null for all that follow.</param>
    /// <param name="cancellation">Ends the call, not the stream.</param>
    /// <exception cref="StorageNotFoundException">No such blob.</exception>
    Task<Stream> Open(string path, long offset, long? length, CancellationToken cancellation);

    /// <summary>Writes a small blob in one call. Repeating it with the same content is harmless.</summary>
    Task Put(string path, ReadOnlySequence<byte> content, BlobMetadata metadata, CancellationToken cancellation);

    /// <summary>Stages a block of a blob to be. It is durable when the call returns, and invisible until it is committed.</summary>
    /// <param name="path">The blob to be.</param>
    /// <param name="blockId">1 to 48 characters of <c>[A-Za-z0-9-]</c>; for one blob always of the same length.</param>
    /// <param name="content">1 byte or more; read again on a retry, so it must not change until the call returns.</param>
    /// <param name="cancellation">Ends the call; whether the block is staged is then unknown.</param>
    Task StageBlock(string path, string blockId, ReadOnlySequence<byte> content, CancellationToken cancellation);

    /// <summary>Makes the blob of staged blocks, in this order, and drops every other staged block of it. An empty list makes an empty blob. Repeating it is harmless.</summary>
    /// <param name="path">The blob.</param>
    /// <param name="blockIds">At most 50,000 ids.</param>
    /// <param name="metadata">Set with the commit.</param>
    /// <param name="cancellation">Ends the call; whether the blob is committed is then unknown.</param>
    /// <exception cref="StorageNotFoundException">A block of the list is neither staged nor in the committed blob.</exception>
    Task CommitBlocks(string path, IReadOnlyList<string> blockIds, BlobMetadata metadata, CancellationToken cancellation);

    /// <summary>Deletes a blob. False when there was none. Blocks staged for a blob that was never committed are dropped where the storage can do it (Azure drops them itself after a week).</summary>
    Task<bool> Delete(string path, CancellationToken cancellation);

    /// <summary>Lists blobs whose path begins with the prefix, in ordinal order of their path.</summary>
    IAsyncEnumerable<BlobListing> List(string prefix, CancellationToken cancellation);

    /// <summary>Makes a URL by which anybody can read this one blob for that long, or null where the storage has no such thing.</summary>
    /// <remarks>The URL outlives a delete of the link by its lifetime, not a delete of the blob.</remarks>
    ValueTask<Uri?> SignReadUrl(string path, TimeSpan lifetime, CancellationToken cancellation);
}

/// <summary>What a blob is, for an operator who looks at the storage and for matching an orphan. Null where it does not apply.</summary>
/// <param name="Repository">The repository it was pushed to.</param>
/// <param name="Digest">Its digest.</param>
public sealed record BlobMetadata(string? Repository = null, string? Digest = null)
{
    public static readonly BlobMetadata None = new();
}

/// <param name="Length">Bytes.</param>
/// <param name="LastModified">Storage's time.</param>
/// <param name="Metadata">As it was put or committed.</param>
public sealed record BlobStat(long Length, DateTimeOffset LastModified, BlobMetadata Metadata);

/// <param name="Path">The blob's path.</param>
/// <param name="Stat">What <see cref="IStorageDriver.Find"/> would tell.</param>
public sealed record BlobListing(string Path, BlobStat Stat);
