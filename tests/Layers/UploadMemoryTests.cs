using Registry.Collection;
using Registry.Digests;
using Registry.Layers;
using Registry.Tests.Support;

namespace Registry.Tests.Layers;

public sealed class UploadMemoryTests
{
    /// <summary>2 GiB in 64 bodies, each of which would use 32 MiB of buffers alone. All buffers there ever were are within the limit, and every body ends.</summary>
    [Fact]
    public async Task Sixty_four_bodies_at_once_stay_within_the_limit_and_all_end()
    {
        const int Bodies = 64;
        const int Pieces = 128;
        var lab = await UploadLab.Make(new UploadOptions());
        var driver = new SlowDriver();
        var layers = new LayerService(driver, lab.Tables, lab.Options, new CollectionOptions(), lab.Clock, lab.Ids);
        var piece = Content.Bytes(1, 256 * 1024);

        var offsets = await Task.WhenAll(Enumerable.Range(0, Bodies).Select(_ => Task.Run(async () =>
        {
            var upload = await layers.Start(UploadLab.Here, DigestAlgorithm.Sha256, CancellationToken.None);
            await upload.Append(new RepeatedBody(piece, Pieces), null, CancellationToken.None);
            return upload.Offset;
        })));

        Assert.All(offsets, o => Assert.Equal((long)Pieces * piece.Length, o));

        // Under pressure a body may end with a tail in its row.
        Assert.InRange((long)Bodies * Pieces * piece.Length - driver.Staged, 0, (long)Bodies * (lab.Options.MinBlockSize - 1));
        Assert.InRange(driver.BufferBytes, lab.Options.SlabSize, lab.Options.MemoryLimit);
        Assert.InRange((long)new SlabPool(lab.Options, TimeProvider.System).Capacity * lab.Options.SlabSize, 1, lab.Options.MemoryLimit);
    }

    /// <summary>The smallest memory there can be: one body at a time, block by block.</summary>
    [Fact]
    public async Task Room_for_one_body_is_enough_for_many()
    {
        var lab = await UploadLab.Make(UploadLab.Small with { MemoryLimit = 3 * 32 });
        lab.Driver.BeforeStage = async _ => await Task.Yield();
        var offsets = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Task.Run(async () =>
        {
            var upload = await lab.Start();
            await upload.Append(new RepeatedBody(Content.Bytes(i, 50), 100), null, CancellationToken.None);
            return upload.Offset;
        })));

        Assert.All(offsets, o => Assert.Equal(5000, o));
    }
}
