using System.Buffers;
using System.Collections.Immutable;
using System.Runtime.CompilerServices;

namespace Registry.Storage.Memory;

/// <summary>Content in memory, gone with the process; a blob of less than 2 GiB. Reads take no lock: they have the state they began with.</summary>
public sealed class MemoryStorageDriver(TimeProvider clock) : IStorageDriver
{
    private readonly Lock writing = new();
    private readonly Dictionary<string, Dictionary<string, byte[]>> staged = new(StringComparer.Ordinal);
    private volatile ImmutableSortedSet<MemoryBlob> blobs = ImmutableSortedSet.Create<MemoryBlob>(MemoryBlob.Order);

    public Task<BlobStat?> Find(string path, CancellationToken cancellation) => Immediate.Run(
        () =>
        {
            BlobLimits.CheckPath(path);
            return FindBlob(path)?.Stat;
        },
        cancellation);

    public Task<Stream> Open(string path, long offset, long? length, CancellationToken cancellation) => Immediate.Run<Stream>(
        () =>
        {
            BlobLimits.CheckRange(path, offset, length);
            MemoryBlob blob = FindBlob(path) ?? throw new StorageNotFoundException(path);
            int from = (int)Math.Min(offset, blob.Content.Length);
            int count = (int)Math.Min(length ?? long.MaxValue, blob.Content.Length - from);
            return new MemoryStream(blob.Content, from, count, writable: false);
        },
        cancellation);

    public Task Put(string path, ReadOnlySequence<byte> content, BlobMetadata metadata, CancellationToken cancellation) => Immediate.Run(
        () =>
        {
            BlobLimits.CheckPath(path);
            lock (writing)
                return Store(path, content.ToArray(), MemoryBlob.NoBlocks, metadata);
        },
        cancellation);

    public Task StageBlock(string path, string blockId, ReadOnlySequence<byte> content, CancellationToken cancellation) => Immediate.Run(
        () =>
        {
            BlobLimits.CheckBlock(path, blockId, content);
            lock (writing)
            {
                if (!staged.TryGetValue(path, out Dictionary<string, byte[]>? blocks))
                    staged.Add(path, blocks = new Dictionary<string, byte[]>(StringComparer.Ordinal));
                BlobLimits.CheckSameLength(blockId, blocks.Keys.FirstOrDefault());
                return blocks[blockId] = content.ToArray();
            }
        },
        cancellation);

    public Task CommitBlocks(string path, IReadOnlyList<string> blockIds, BlobMetadata metadata, CancellationToken cancellation) => Immediate.Run(
        () =>
        {
            BlobLimits.CheckBlockList(path, blockIds);
            lock (writing)
                return Commit(path, blockIds, metadata);
        },
        cancellation);

    public Task<bool> Delete(string path, CancellationToken cancellation) => Immediate.Run(
        () =>
        {
            BlobLimits.CheckPath(path);
            lock (writing)
            {
                staged.Remove(path);
                ImmutableSortedSet<MemoryBlob> before = blobs;
                return before != (blobs = before.Remove(MemoryBlob.Key(path)));
            }
        },
        cancellation);

    public async IAsyncEnumerable<BlobListing> List(string prefix, [EnumeratorCancellation] CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        await ValueTask.CompletedTask;
        ImmutableSortedSet<MemoryBlob> all = blobs;
        int index = all.IndexOf(MemoryBlob.Key(prefix));
        for (int at = index < 0 ? ~index : index; at < all.Count && all[at].Path.StartsWith(prefix, StringComparison.Ordinal); at++)
        {
            cancellation.ThrowIfCancellationRequested();
            yield return new BlobListing(all[at].Path, all[at].Stat);
        }
    }

    public ValueTask<Uri?> SignReadUrl(string path, TimeSpan lifetime, CancellationToken cancellation)
    {
        BlobLimits.CheckPath(path);
        return ValueTask.FromResult<Uri?>(null);
    }

    private MemoryBlob Commit(string path, IReadOnlyList<string> blockIds, BlobMetadata metadata)
    {
        Dictionary<string, byte[]>? latest = staged.GetValueOrDefault(path);
        IReadOnlyDictionary<string, ReadOnlyMemory<byte>>? committed = FindBlob(path)?.Blocks;
        var content = new ArrayBufferWriter<byte>();
        var ranges = new List<(string Id, int Offset, int Length)>();
        foreach (string id in blockIds)
        {
            ReadOnlyMemory<byte> block = latest is not null && latest.TryGetValue(id, out byte[]? bytes) ? bytes
                : committed is not null && committed.TryGetValue(id, out ReadOnlyMemory<byte> kept) ? kept
                : throw new StorageNotFoundException(path);
            ranges.Add((id, content.WrittenCount, block.Length));
            content.Write(block.Span);
        }

        byte[] whole = content.WrittenSpan.ToArray();
        var blocks = new Dictionary<string, ReadOnlyMemory<byte>>(StringComparer.Ordinal);
        foreach ((string id, int offset, int length) in ranges)
            blocks[id] = whole.AsMemory(offset, length);
        return Store(path, whole, blocks, metadata);
    }

    private MemoryBlob Store(string path, byte[] content, IReadOnlyDictionary<string, ReadOnlyMemory<byte>> blocks, BlobMetadata metadata)
    {
        var blob = new MemoryBlob(path, content, blocks, new BlobStat(content.Length, clock.GetUtcNow(), metadata));
        staged.Remove(path);
        blobs = blobs.Remove(blob).Add(blob);
        return blob;
    }

    private MemoryBlob? FindBlob(string path) => blobs.TryGetValue(MemoryBlob.Key(path), out MemoryBlob found) ? found : null;
}
