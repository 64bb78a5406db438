using System.Buffers;
using System.Net;
using Registry.Storage.Azure;
using Registry.Tests.Support;

namespace Registry.Tests.Storage.Azure;

public sealed class SequenceStreamTests
{
    private static readonly byte[] content = Content.Bytes(6, 1000);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1, 1)]
    [InlineData(7, 3)]
    [InlineData(3, 7)]
    [InlineData(1000, 999)]
    [InlineData(1000, 4096)]
    [InlineData(250, 250)]
    public async Task It_is_read_whole_in_any_pieces_and_again_after_a_seek(int segment, int piece)
    {
        using var stream = new SequenceStream(Content.Chain(content, segment));

        Assert.Equal(1000, stream.Length);
        Assert.Equal(content, await ReadAll());
        Assert.Equal(1000, stream.Position);
        Assert.Equal(400, stream.Seek(400, SeekOrigin.Begin));
        Assert.Equal(content[400..], await ReadAll());
        Assert.Equal(990, stream.Seek(-10, SeekOrigin.Current));
        Assert.Equal(content[990..], await ReadAll());
        Assert.Equal(0, stream.Seek(-1000, SeekOrigin.End));
        Assert.Equal(content, await ReadAll());

        async Task<byte[]> ReadAll()
        {
            var read = new ArrayBufferWriter<byte>();
            while (await stream.ReadAsync(read.GetMemory(piece)[..piece], Cancel) is var count and > 0)
                read.Advance(count);
            return read.WrittenSpan.ToArray();
        }
    }

    [Fact]
    public void A_slice_of_a_sequence_begins_at_zero()
    {
        using var stream = new SequenceStream(Content.Chain(content, 100).Slice(150, 500));
        var read = new byte[500];

        stream.ReadExactly(read);
        Assert.Equal(content[150..650], read);
        Assert.Equal(0, stream.Read(read));

        stream.Position = 100;
        stream.ReadExactly(read.AsSpan(0, 400));
        Assert.Equal(content[250..650], read[..400]);
    }

    /// <summary>By way of the library: were it to read the stream instead, a buffer would stand between.</summary>
    [Fact]
    public async Task A_block_goes_out_segment_by_segment_again_when_it_is_tried_again()
    {
        var writes = new Writes();
        using var storage = new FaultHandler(
            async (number, request, _) =>
            {
                await request.Content!.CopyToAsync(writes, Cancel);
                return new HttpResponseMessage(number == 1 ? HttpStatusCode.InternalServerError : HttpStatusCode.Created);
            },
            AzureTransport.CreateHandler());
        AzureStorageOptions options = AzuriteAccount.NewPlace() with { Transport = AzureTransport.Create(storage) };
        var azure = AzureStorage.FromConnectionString("AccountName=a;AccountKey=a2V5;BlobEndpoint=http://127.0.0.1:1/a;TableEndpoint=http://127.0.0.1:1/a", options);

        await azure.Blobs.StageBlock("content/1", "1", Content.Chain(content, 300), Cancel);

        Assert.Equal([300, 300, 300, 100, 300, 300, 300, 100], writes.Lengths);
        Assert.Equal([.. content, .. content], writes.ToArray());
    }

    [Fact]
    public async Task A_copy_begins_where_the_stream_stands_and_ends_at_its_end()
    {
        using var stream = new SequenceStream(Content.Chain(content, 300));
        using var copy = new MemoryStream();
        stream.Position = 450;
        await stream.CopyToAsync(copy, Cancel);
        await stream.CopyToAsync(copy, Cancel);

        Assert.Equal(content[450..], copy.ToArray());
        Assert.Equal(1000, stream.Position);
        Assert.Equal(0, stream.Read(new byte[1]));
    }

    [Fact]
    public void Nothing_is_before_its_beginning_or_behind_its_end()
    {
        using var stream = new SequenceStream(Content.Sequence(content));

        Assert.Throws<ArgumentOutOfRangeException>(() => stream.Position = -1);
        Assert.Throws<ArgumentOutOfRangeException>(() => stream.Position = 1001);
        stream.Position = 1000;
        Assert.Equal(0, stream.Read(new byte[1]));
        Assert.Equal(0, new SequenceStream(ReadOnlySequence<byte>.Empty).Read(new byte[1]));
    }

    private sealed class Writes : MemoryStream
    {
        public List<int> Lengths { get; } = [];

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Lengths.Add(buffer.Length);
            return base.WriteAsync(buffer, cancellationToken);
        }
    }
}
