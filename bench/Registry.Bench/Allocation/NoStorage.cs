using System.Buffers;
using Registry.Storage;

namespace Registry.Bench.Allocation;

/// <summary>Storage that takes everything at once and keeps nothing: what is left is what the registry itself allocates.</summary>
internal sealed class NoStorage : IStorageDriver
{
    public Task<BlobStat?> Find(string path, CancellationToken cancellation) => Task.FromResult<BlobStat?>(null);

    public Task<Stream> Open(string path, long offset, long? length, CancellationToken cancellation) => throw new StorageNotFoundException(path);

    public Task Put(string path, ReadOnlySequence<byte> content, BlobMetadata metadata, CancellationToken cancellation) => Task.CompletedTask;

    public Task StageBlock(string path, string blockId, ReadOnlySequence<byte> content, CancellationToken cancellation) => Task.CompletedTask;

    public Task CommitBlocks(string path, IReadOnlyList<string> blockIds, BlobMetadata metadata, CancellationToken cancellation) => Task.CompletedTask;

    public Task<bool> Delete(string path, CancellationToken cancellation) => Task.FromResult(false);

    public IAsyncEnumerable<BlobListing> List(string prefix, CancellationToken cancellation) => AsyncEnumerable.Empty<BlobListing>();

    public ValueTask<Uri?> SignReadUrl(string path, TimeSpan lifetime, CancellationToken cancellation) => new((Uri?)null);
}
