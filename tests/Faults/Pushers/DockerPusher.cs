namespace Registry.Tests.Faults.Pushers;

/// <summary>docker: POST, the whole layer in one PATCH of unknown length, an empty PUT; after a failure from scratch.</summary>
public sealed class DockerPusher(UploadClient client) : Pusher(client)
{
    protected override Func<CancellationToken, Task> Prepare(TestBlob blob) => async cancellation =>
    {
        if (await Client.Exists(blob, cancellation))
            return;
        var location = await Client.Begin(blob, cancellation);
        var patched = await Client.Patch(location, blob.Content, null, chunked: true, cancellation);
        if (patched != new UploadAnswer(UploadOutcome.Accepted, blob.Content.Length))
            throw new LossException($"a new upload took {blob.Content.Length} bytes and says {patched}");
        var put = await Client.Put(location, blob, body: false, cancellation);
        if (put.Outcome != UploadOutcome.Created)
            throw new LossException($"an upload that is complete was not finished: {put}");
    };
}
