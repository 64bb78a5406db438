using Registry.Tests.Faults.Pushers;

namespace Registry.Tests.Faults;

/// <summary>What is pushed, and how.</summary>
public enum PushShape
{
    /// <summary>A blob of 20 KiB by POST and PUT.</summary>
    SmallBlob,

    /// <summary>A blob that another repository holds already.</summary>
    KnownBlob,

    /// <summary>3 MiB and some by chunks of 700 KiB: tails, blocks and their joining.</summary>
    Chunks,

    /// <summary>20 MiB in one body: several blocks in flight.</summary>
    LargeBody,

    /// <summary>A config, two layers, and the manifest by tag.</summary>
    Image,
}

public static class PushShapes
{
    /// <summary>Pushes one, through a client's own front door.</summary>
    /// <param name="shape">What.</param>
    /// <param name="seed">Its content.</param>
    /// <param name="client">By whom.</param>
    /// <param name="cancellation">Ends it.</param>
    public static Task Push(this UploadClient client, PushShape shape, int seed, CancellationToken cancellation) => shape switch
    {
        PushShape.SmallBlob or PushShape.KnownBlob => new MonolithicPusher(client).Push(TestBlob.Of(seed, 20 * 1024), cancellation),
        PushShape.Chunks => new RegctlPusher(client).Push(TestBlob.Of(seed, (3 * 1024 * 1024) + 777), cancellation),
        PushShape.LargeBody => new DockerPusher(client).Push(TestBlob.Of(seed, 20 * 1024 * 1024), cancellation),
        _ => new ImagePush(seed, "latest", 100_000, 900_000).Run(new DockerPusher(client), client, cancellation),
    };
}
