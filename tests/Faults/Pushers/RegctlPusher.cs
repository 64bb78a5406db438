namespace Registry.Tests.Faults.Pushers;

/// <summary>regctl: chunks with Content-Range; after a failure it asks where the upload stands and continues there. A PUT that failed is repeated.</summary>
public sealed class RegctlPusher(UploadClient client) : Pusher(client)
{
    /// <summary>Neither a multiple nor a part of a block, so that tails, staging and joining all happen.</summary>
    private const int ChunkSize = 700 * 1024;

    protected override Func<CancellationToken, Task> Prepare(TestBlob blob)
    {
        string? location = null;
        var offset = 0L;
        var isAcknowledged = true;
        return async cancellation =>
        {
            location ??= await Client.Begin(blob, cancellation);
            if (!isAcknowledged)
                offset = await Client.Status(location, cancellation) ?? throw new LossException($"{location} stood at {offset} and is unknown");
            while (offset < blob.Content.Length)
            {
                isAcknowledged = false;
                offset = await Append(blob, location, offset, cancellation);
                isAcknowledged = true;
            }

            var put = await Client.Put(location, blob, body: false, cancellation);
            if (put.Outcome != UploadOutcome.Created)
                throw new LossException($"{location} is complete, and PUT says {put}");
        };
    }

    private async Task<long> Append(TestBlob blob, string location, long offset, CancellationToken cancellation)
    {
        var length = (int)Math.Min(ChunkSize, blob.Content.Length - offset);
        var answer = await Client.Patch(location, blob.Content.AsMemory((int)offset, length), offset, chunked: false, cancellation);
        return answer.Outcome switch
        {
            UploadOutcome.Accepted when answer.Offset == offset + length => answer.Offset,

            // A request of before that was still under way on the instance that we left.
            UploadOutcome.OutOfOrder when answer.Offset > offset => answer.Offset,
            _ => throw new LossException($"{location} stood at {offset}, took {length} bytes, and says {answer}"),
        };
    }
}
