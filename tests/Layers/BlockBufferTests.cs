using System.Buffers;
using Registry.Layers;
using Registry.Tests.Support;

namespace Registry.Tests.Layers;

public sealed class BlockBufferTests
{
    private static readonly UploadOptions options = new() { MinBlockSize = 16, BlockSize = 16, MemoryLimit = 5 * 8 };

    [Fact]
    public async Task What_is_filled_in_is_cut_off_at_the_front_and_the_rest_stays()
    {
        var pool = new SlabPool(options);
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
        Assert.Equal(content[3..21], buffer.Slices(3, 21).SelectMany(s => s.ToArray()));
        Assert.Equal(content, buffer.ToArray());

        var block = buffer.Cut(16);
        Assert.Equal(content[..16], block.Content.ToArray());
        Assert.Equal(content[16..], buffer.ToArray());
        var rest = buffer.Cut(11);
        Assert.Equal(content[16..], rest.Content.ToArray());
        Assert.Equal(0, buffer.Length);

        block.Dispose();
        rest.Dispose();
        lease.Dispose();
        Assert.Equal(pool.Capacity, pool.Free);
    }

    [Fact]
    public async Task A_buffer_grows_until_the_pool_has_no_more_and_gives_all_back()
    {
        var pool = new SlabPool(options);
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
}
