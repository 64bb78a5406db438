using Registry.Digests;

namespace Registry.Layers;

/// <summary>Reads a committed layer back once, for its tarsum and, where that is not known yet, its sha256.</summary>
/// <param name="TarSum">The tarsum; null when the content has none.</param>
/// <param name="Canonical">The sha256; null when the tarsum is not the expected one, and so nobody needs it.</param>
/// <param name="Problem">Why the content has no tarsum, for the client.</param>
internal sealed record LayerTarSum(Digest? TarSum, Digest? Canonical, string? Problem)
{
    /// <param name="context">Where the content is.</param>
    /// <param name="state">Whose content.</param>
    /// <param name="expected">The tarsum that it should have.</param>
    /// <param name="onCheckpoint">Called each <see cref="UploadOptions.VerifyCheckpointBytes"/>: reading a large layer takes minutes.</param>
    public static async Task<LayerTarSum> Read(LayerUploadContext context, LayerUploadState state, Digest expected, Func<Task> onCheckpoint)
    {
        using var slot = await context.TarSums.Enter();
        var known = KnownCanonical(state);
        using var hash = known is null ? ResumableHash.Create(DigestAlgorithm.Sha256) : null;
        await using var content = new CheckedStream(await context.Driver.Open(state.Path, 0, null, CancellationToken.None), hash, context.Uploads.VerifyCheckpointBytes, onCheckpoint);
        try
        {
            var actual = await Digests.TarSum.Compute(content, TarSumLimits.For(state.Offset, context.Uploads.MaxBlobSize), CancellationToken.None);
            if (actual != expected)
                return new LayerTarSum(actual, null, null);
            if (hash is not null)
                await content.CopyToAsync(Stream.Null);
            return new LayerTarSum(actual, known ?? hash!.Current(), null);
        }
        catch (TarSumException e)
        {
            return new LayerTarSum(null, null, e.Message);
        }
    }

    /// <summary>The sha256 of an upload that was hashed so as it came.</summary>
    public static Digest? KnownCanonical(LayerUploadState state) =>
        ResumableHash.AlgorithmOf(state.Hash) == DigestAlgorithm.Sha256 ? state.Digest() : null;
}
