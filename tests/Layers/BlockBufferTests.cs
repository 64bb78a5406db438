using System.Buffers;
using Registry.Digests;
using Registry.Layers;
using Registry.Tests.Support;

namespace Registry.Tests.Layers;

public sealed class BlockBufferTests
{
    private static readonly UploadOptions options = new() { MinBlockSize = 16, BlockSize = 16, MemoryLimit = 5 * 8 };

    [Fact]
    public async Task What_is_filled_in_is_cut_off_at_the_front_and_the_rest_stays()
    {
        var pool = new SlabPool(options, TimeProvider.System);
        var lease = await pool.Enter(TestContext.Current.CancellationToken);
        var buffer = new BlockBuffer(lease, pool.SlabSize);
        var content = Content.Bytes(1, 27);
        Assert.True(buffer.Room.IsEmpty);
        foreach (var slab in content.Chunk(8))
        {
            Assert.True(buffer.TryGrow());
            buffer.Fill(slab);
        }

        Assert.Equal((27, 24, 5), (buffer.Length, buffer.FullLength, buffer.Room.Length));
        Assert.Equal(Digest.Compute(DigestAlgorithm.Sha256, content.AsSpan(3, 18)), Hashed(buffer, 3, 21));
        Assert.Equal(Digest.Compute(DigestAlgorithm.Sha256, []), Hashed(buffer, 21, 3));
        Assert.Equal(content, buffer.ToArray());

        var block = buffer.Cut(16);
        Assert.Equal(content[..16], block.Content.ToArray());
        Assert.Equal(content[16..], buffer.ToArray());
        var rest = buffer.Cut(11);
        Assert.Equal(content[16..], rest.Content.ToArray());
        Assert.Equal(0, buffer.Length);
        Assert.Equal(content[..16], block.Content.ToArray());

        block.Dispose();
        rest.Dispose();
        lease.Dispose();
        Assert.Equal(pool.Capacity, pool.Free);
    }

    [Fact]
    public async Task A_buffer_grows_until_the_pool_has_no_more_and_gives_all_back()
    {
        var pool = new SlabPool(options, TimeProvider.System);
        using (var lease = await pool.Enter(TestContext.Current.CancellationToken))
        {
            var buffer = new BlockBuffer(lease, pool.SlabSize);
            for (var i = 0; i < pool.Capacity; i++)
            {
                Assert.True(buffer.TryGrow());
                buffer.Fill(new byte[8]);
            }

            Assert.False(buffer.TryGrow());
            buffer.Clear();
            Assert.Equal(0, buffer.Length);
        }

        Assert.Equal(pool.Capacity, pool.Free);
    }

    [Fact]
    public async Task Slabs_that_come_back_from_one_block_make_up_another()
    {
        var pool = new SlabPool(options, TimeProvider.System);
        using var lease = await pool.Enter(TestContext.Current.CancellationToken);
        var buffer = new BlockBuffer(lease, pool.SlabSize);
        for (var round = 0; round < 5; round++)
        {
            var content = Content.Bytes(round, 40);
            foreach (var slab in content.Chunk(8))
            {
                Assert.True(buffer.TryGrow());
                buffer.Fill(slab);
            }

            using var front = buffer.Cut(8 + (8 * (round % 4)));
            using var rest = buffer.Cut(buffer.Length);
            byte[] both = [.. front.Content.ToArray(), .. rest.Content.ToArray()];
            Assert.Equal(content, both);
            Assert.Equal(content.Length, front.Content.Length + rest.Content.Length);
        }
    }

    private static Digest Hashed(BlockBuffer buffer, int from, int to)
    {
        using var hash = ResumableHash.Create(DigestAlgorithm.Sha256);
        buffer.HashTo(hash, from, to);
        return hash.Current();
    }
}
