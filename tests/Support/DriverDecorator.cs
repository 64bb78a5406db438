using System.Buffers;
using Registry.Storage;

namespace Registry.Tests.Support;

/// <summary>Content as it is, to break one thing of it.</summary>
internal abstract class DriverDecorator(IStorageDriver inner) : IStorageDriver
{
    public virtual Task<BlobStat?> Find(string path, CancellationToken cancellation) => inner.Find(path, cancellation);

    public virtual Task<Stream> Open(string path, long offset, long? length, CancellationToken cancellation) => inner.Open(path, offset, length, cancellation);

    public virtual Task Put(string path, ReadOnlySequence<byte> content, BlobMetadata metadata, CancellationToken cancellation) => inner.Put(path, content, metadata, cancellation);

    public virtual Task StageBlock(string path, string blockId, ReadOnlySequence<byte> content, CancellationToken cancellation) =>
        inner.StageBlock(path, blockId, content, cancellation);

    public Task CommitBlocks(string path, IReadOnlyList<string> blockIds, BlobMetadata metadata, CancellationToken cancellation) =>
        inner.CommitBlocks(path, blockIds, metadata, cancellation);

    public virtual Task<bool> Delete(string path, CancellationToken cancellation) => inner.Delete(path, cancellation);

    public IAsyncEnumerable<BlobListing> List(string prefix, CancellationToken cancellation) => inner.List(prefix, cancellation);

    public ValueTask<Uri?> SignReadUrl(string path, TimeSpan lifetime, CancellationToken cancellation) => inner.SignReadUrl(path, lifetime, cancellation);
}
