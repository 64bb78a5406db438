using System.Buffers;
using System.IO.Pipelines;

namespace Registry.Bench.Allocation;

/// <summary>A body of any length that is one piece of memory again and again: reading it costs nothing.</summary>
internal sealed class RepeatedBody(ReadOnlyMemory<byte> piece, long length) : PipeReader
{
    private long left = length;
    private long given;

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) => new(Read());

    public override bool TryRead(out ReadResult result)
    {
        result = Read();
        return true;
    }

    public override void AdvanceTo(SequencePosition consumed) => left -= given;

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) => AdvanceTo(consumed);

    public override void CancelPendingRead()
    {
        // No read is ever pending.
    }

    public override void Complete(Exception? exception = null)
    {
        // Nothing is held.
    }

    private ReadResult Read()
    {
        given = Math.Min(left, piece.Length);
        return new ReadResult(new ReadOnlySequence<byte>(piece[..(int)given]), isCanceled: false, isCompleted: given == left);
    }
}
