using System.Buffers;
using System.Runtime.CompilerServices;
using Registry.Storage;

namespace Registry.Tests.Interleaving;

/// <summary>Tables in which every call of an actor is a point of the schedule.</summary>
internal sealed class GatedTables(ITableStore inner) : ITableStore
{
    public Task<TableEntity?> Find(string table, string partition, string row, CancellationToken cancellation) =>
        Schedule.Point($"find {table} {Short(partition)} {Short(row)}", Touch.Read(table, partition, row), () => inner.Find(table, partition, row, cancellation));

    public Task<TablePage> Query(string table, TableQuery query, CancellationToken cancellation) =>
        Schedule.Point($"query {table} {Short(query.Partition)}", Touch.Read(table, query.Partition), () => inner.Query(table, query, cancellation));

    public Task<TableResult> Write(string table, TableOperation operation, CancellationToken cancellation) =>
        Schedule.Point($"{Name(operation)} {table}", Touch.Write(table, [operation]), () => inner.Write(table, operation, cancellation));

    public Task<TableResult> WriteBatch(string table, IReadOnlyList<TableOperation> operations, CancellationToken cancellation) =>
        Schedule.Point($"batch {table} {string.Join(", ", operations.Select(Name))}", Touch.Write(table, operations), () => inner.WriteBatch(table, operations, cancellation));

    public Task CreateTable(string table, CancellationToken cancellation) => inner.CreateTable(table, cancellation);

    private static string Name(TableOperation operation) =>
        $"{operation.Kind} {Short(operation.Entity.Row)} {operation.Entity.FindString("phase")}{operation.Entity.FindInt64("offset")}";

    private static string? Short(string? key) => key is { Length: > 16 } ? key[..16] : key;
}

/// <summary>Content in which every call of an actor is a point of the schedule.</summary>
internal sealed class GatedDriver(IStorageDriver inner, bool promptDeletes) : IStorageDriver
{
    public Task<BlobStat?> Find(string path, CancellationToken cancellation) =>
        Schedule.Point($"stat {path}", Touch.ReadBlob(path), () => inner.Find(path, cancellation));

    public Task<Stream> Open(string path, long offset, long? length, CancellationToken cancellation) =>
        Schedule.Point($"open {path}", Touch.ReadBlob(path), () => inner.Open(path, offset, length, cancellation));

    public Task Put(string path, ReadOnlySequence<byte> content, BlobMetadata metadata, CancellationToken cancellation) =>
        Point($"put {path}", path, () => inner.Put(path, content, metadata, cancellation));

    public Task StageBlock(string path, string blockId, ReadOnlySequence<byte> content, CancellationToken cancellation) =>
        Point($"stage {path} {blockId}", path, () => inner.StageBlock(path, blockId, content, cancellation));

    public Task CommitBlocks(string path, IReadOnlyList<string> blockIds, BlobMetadata metadata, CancellationToken cancellation) =>
        Point($"commit {path} of {blockIds.Count}", path, () => inner.CommitBlocks(path, blockIds, metadata, cancellation));

    public Task<bool> Delete(string path, CancellationToken cancellation) =>
        promptDeletes ? inner.Delete(path, cancellation) : Schedule.Point($"delete {path}", Touch.WriteBlob(path), () => inner.Delete(path, cancellation));

    /// <summary>One call, as a page is of any storage: what it lists is as it was then, and judged later.</summary>
    public async IAsyncEnumerable<BlobListing> List(string prefix, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var page = await Schedule.Point($"list {prefix}", Touch.List(prefix), async () => await inner.List(prefix, cancellation).ToListAsync(cancellation));
        foreach (var blob in page)
            yield return blob;
    }

    public ValueTask<Uri?> SignReadUrl(string path, TimeSpan lifetime, CancellationToken cancellation) => inner.SignReadUrl(path, lifetime, cancellation);

    private static Task<bool> Point(string what, string path, Func<Task> perform) => Schedule.Point(what, Touch.WriteBlob(path), async () =>
    {
        await perform();
        return true;
    });
}
