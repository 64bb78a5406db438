namespace Registry.Tests.Faults.Pushers;

/// <summary>containerd and oras: POST, one PUT with the whole body; after a failure from scratch.</summary>
public sealed class MonolithicPusher(UploadClient client) : Pusher(client)
{
    protected override Func<CancellationToken, Task> Prepare(TestBlob blob) => async cancellation =>
    {
        var location = await Client.Begin(blob, cancellation);
        var put = await Client.Put(location, blob, body: true, cancellation);
        if (put.Outcome != UploadOutcome.Created)
            throw new LossException($"a new upload with its whole content was not finished: {put}");
    };
}
