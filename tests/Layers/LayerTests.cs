using Registry.Layers;
using Registry.Tests.Support;

namespace Registry.Tests.Layers;

public sealed class LayerTests
{
    private static readonly byte[] content = Content.Bytes(1, 100);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Seeking_and_asking_for_the_end_cost_no_transaction()
    {
        var (lab, layer) = await Open();
        var before = lab.Driver.Calls.Count;

        Assert.Equal(100, layer.Seek(0, SeekOrigin.End));
        Assert.Equal(100, layer.Length);
        Assert.Equal(30, layer.Seek(-70, SeekOrigin.End));
        Assert.Equal(25, layer.Seek(-5, SeekOrigin.Current));
        Assert.Equal(7, layer.Seek(7, SeekOrigin.Begin));
        Assert.Equal(0, await layer.ReadAsync(Memory<byte>.Empty, Cancellation));
        layer.Seek(0, SeekOrigin.End);
        Assert.Equal(0, await layer.ReadAsync(new byte[1], Cancellation));

        Assert.Equal(before, lab.Driver.Calls.Count);
    }

    [Fact]
    public async Task Reading_goes_on_where_it_was_sought_and_on_one_connection()
    {
        var (lab, layer) = await Open();
        var buffer = new byte[10];
        layer.Position = 20;
        await layer.ReadExactlyAsync(buffer, Cancellation);
        Assert.Equal(content[20..30], buffer);
        await layer.ReadExactlyAsync(buffer, Cancellation);
        Assert.Equal(content[30..40], buffer);
        layer.Seek(-40, SeekOrigin.Current);
        await layer.ReadExactlyAsync(buffer, Cancellation);
        Assert.Equal(content[..10], buffer);

        Assert.Equal(["open 20", "open 0"], lab.Driver.Calls.Where(c => c.StartsWith("open", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Past_the_end_can_be_sought_and_is_read_as_the_end()
    {
        var (_, layer) = await Open();
        Assert.Equal(150, layer.Seek(50, SeekOrigin.End));
        Assert.Equal(0, await layer.ReadAsync(new byte[1], Cancellation));
        Assert.Equal(150, layer.Position);
    }

    [Fact]
    public async Task Before_the_beginning_cannot_be_sought_and_the_position_stays()
    {
        var (_, layer) = await Open();
        layer.Position = 10;
        Assert.Throws<IOException>(() => layer.Seek(-11, SeekOrigin.Current));
        Assert.Throws<IOException>(() => layer.Position = -1);
        Assert.Throws<ArgumentOutOfRangeException>(() => layer.Seek(0, (SeekOrigin)7));
        Assert.Equal(10, layer.Position);
    }

    [Fact]
    public async Task A_closed_layer_neither_seeks_nor_reads()
    {
        var (_, layer) = await Open();
        await layer.DisposeAsync();
        Assert.False(layer.CanRead || layer.CanSeek || layer.CanWrite);
        Assert.Throws<ObjectDisposedException>(() => layer.Seek(0, SeekOrigin.Begin));
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => _ = await layer.ReadAsync(new byte[1], Cancellation));
    }

    private static async Task<(UploadLab Lab, Layer Layer)> Open()
    {
        var lab = await UploadLab.Make();
        await lab.Layers.Upload(UploadLab.Here, UploadLab.Sha256(content), UploadLab.Body(content), Cancellation);
        return (lab, await lab.Layers.Open(UploadLab.Here, UploadLab.Sha256(content), Cancellation));
    }
}
