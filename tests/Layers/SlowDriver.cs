using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.InteropServices;
using Registry.Storage;

namespace Registry.Tests.Layers;

/// <summary>Takes blocks, keeps none, and gives others their turn before it answers. Counts the buffers that it is ever shown.</summary>
internal sealed class SlowDriver : IStorageDriver
{
    private readonly Lock gate = new();
    private readonly HashSet<byte[]> buffers = new(ReferenceEqualityComparer.Instance);

    /// <summary>Bytes of all different buffers that blocks were staged from.</summary>
    public long BufferBytes { get; private set; }

    public long Staged { get; private set; }

    public async Task StageBlock(string path, string blockId, ReadOnlySequence<byte> content, CancellationToken cancellation)
    {
        await Task.Yield();
        lock (gate)
        {
            Staged += content.Length;
            foreach (var segment in content)
            {
                if (MemoryMarshal.TryGetArray(segment, out var array) && buffers.Add(array.Array!))
                    BufferBytes += array.Array!.Length;
            }
        }

        await Task.Yield();
    }

    public Task<BlobStat?> Find(string path, CancellationToken cancellation) => throw new NotSupportedException();

    public Task<Stream> Open(string path, long offset, long? length, CancellationToken cancellation) => throw new NotSupportedException();

    public Task Put(string path, ReadOnlySequence<byte> content, BlobMetadata metadata, CancellationToken cancellation) => throw new NotSupportedException();

    public Task CommitBlocks(string path, IReadOnlyList<string> blockIds, BlobMetadata metadata, CancellationToken cancellation) => throw new NotSupportedException();

    public Task<bool> Delete(string path, CancellationToken cancellation) => throw new NotSupportedException();

    public IAsyncEnumerable<BlobListing> List(string prefix, CancellationToken cancellation) => throw new NotSupportedException();

    public ValueTask<Uri?> SignReadUrl(string path, TimeSpan lifetime, CancellationToken cancellation) => throw new NotSupportedException();
}

/// <summary>A body that repeats a piece so many times, and is never all in memory.</summary>
internal sealed class RepeatedBody(byte[] piece, int times) : PipeReader
{
    private int left = times;

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) =>
        ValueTask.FromResult(new ReadResult(left == 0 ? default : new ReadOnlySequence<byte>(piece), isCanceled: false, isCompleted: left == 0));

    public override bool TryRead(out ReadResult result) => throw new NotSupportedException();

    public override void AdvanceTo(SequencePosition consumed) => left = Math.Max(0, left - 1);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) => AdvanceTo(consumed);

    public override void CancelPendingRead()
    {
    }

    public override void Complete(Exception? exception = null)
    {
    }
}
