using System.Diagnostics;
using Registry.Tests.Faults.Pushers;
using Registry.Tests.Support;

namespace Registry.Tests.Faults;

/// <summary>Clients that stall, trickle, go away in mid-chunk and lie, at one instance; and the other instance continues what they began.</summary>
[Collection("Fault lab, waiting")]
public sealed class ClientMisbehaviourTests(AzuriteFixture azurite) : IAsyncLifetime
{
    /// <summary>Kestrel's request buffer: what is in it when a connection ends is not given to anybody any more.</summary>
    private const int Buffered = 1024 * 1024;

    private readonly Promises promises = new();
    private readonly TestBlob blob = TestBlob.Of(TestSeed.Current, 3_000_001);
    private FaultLab lab = null!;
    private UploadClient client = null!;
    private string location = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        lab = await FaultLab.Open(azurite, Cancellation);
        client = new UploadClient(new FrontDoor(lab.Other), promises, "clients");
        location = await client.Begin(blob, Cancellation);
    }

    public ValueTask DisposeAsync() => lab.DisposeAsync();

    [Fact]
    public async Task A_client_that_goes_away_in_mid_chunk_leaves_what_was_received()
    {
        await using (var rude = await Connect())
        {
            await rude.Head("PATCH", location, Cancellation, "Content-Length: 3000001", "Content-Range: 0-3000000");
            await rude.Send(blob.Content.AsMemory(0, 2_500_000), Cancellation);
        }

        await Recorded(2_500_000 - Buffered, 2_500_000);
        await promises.Verify(client, Cancellation);
    }

    [Fact]
    public async Task A_client_whose_connection_is_reset_leaves_what_was_recorded()
    {
        await using (var rude = await Connect())
        {
            await rude.Head("PATCH", location, Cancellation, "Content-Length: 3000001", "Content-Range: 0-3000000");
            await rude.Send(blob.Content.AsMemory(0, 1_500_000), Cancellation);

            // A reset throws away what is still on the way: so it goes when the registry has all of it.
            await Recorded(1_500_000, 1_500_000);
            rude.Reset();
        }

        await promises.Verify(client, Cancellation);
    }

    [Fact]
    public async Task A_client_that_stalls_has_what_it_sent_recorded_and_may_go_on()
    {
        await using var slow = await Connect();
        await slow.Head("PATCH", location, Cancellation, "Content-Length: 3000001");
        await slow.Send(blob.Content.AsMemory(0, 700_001), Cancellation);
        await Recorded(700_001, 700_001);
        await slow.Send(blob.Content.AsMemory(700_001), Cancellation);

        Assert.Contains("202 Accepted", await slow.Answer(Cancellation), StringComparison.Ordinal);
        Assert.Equal(blob.Content.Length, await client.Status(location, Cancellation));
        await promises.Verify(client, Cancellation);
    }

    [Fact]
    public async Task A_client_that_trickles_single_bytes_is_served()
    {
        await using var slow = await Connect();
        await slow.Head("PATCH", location, Cancellation, "Transfer-Encoding: chunked");
        for (var at = 0; at < 500; at++)
            await slow.Chunk(blob.Content.AsMemory(at, 1), Cancellation);
        await slow.Chunk(default, Cancellation);

        Assert.Contains("Range: 0-499\r\n", await slow.Answer(Cancellation), StringComparison.Ordinal);
        for (var at = 500; at < 530; at++)
            Assert.Equal(new UploadAnswer(UploadOutcome.Accepted, at + 1), await client.Patch(location, blob.Content.AsMemory(at, 1), at, chunked: false, Cancellation));
        await promises.Verify(client, Cancellation);
    }

    [Fact]
    public async Task A_length_that_is_longer_than_what_comes_keeps_what_came()
    {
        await using var liar = await Connect();
        await liar.Head("PATCH", location, Cancellation, "Content-Length: 2000000");
        await liar.Send(blob.Content.AsMemory(0, 1_900_000), Cancellation);
        liar.End();

        await Recorded(1_900_000 - Buffered, 1_900_000);
        await promises.Verify(client, Cancellation);
    }

    [Fact]
    public async Task A_length_that_is_shorter_than_what_comes_is_what_counts()
    {
        await using var liar = await Connect();
        await liar.Head("PATCH", location, Cancellation, "Content-Length: 1000000");
        await liar.Send(blob.Content.AsMemory(0, 1_000_100), Cancellation);

        Assert.Contains("Range: 0-999999\r\n", await liar.Answer(Cancellation), StringComparison.Ordinal);
        Assert.Contains("400 Bad Request", await liar.Answer(Cancellation), StringComparison.Ordinal);
        Assert.Equal(1_000_000, await client.Status(location, Cancellation));
        await promises.Verify(client, Cancellation);
    }

    [Fact]
    public async Task A_range_that_contradicts_the_body_is_refused_and_the_upload_goes_on()
    {
        await using var liar = await Connect();
        await liar.Head("PATCH", location, Cancellation, "Transfer-Encoding: chunked", "Content-Range: 0-999999");
        await liar.Chunk(blob.Content.AsMemory(0, 1_000_001), Cancellation);
        await liar.Chunk(default, Cancellation);

        Assert.Contains("400 Bad Request", await liar.Answer(Cancellation), StringComparison.Ordinal);
        await promises.Verify(client, Cancellation);
    }

    [Fact]
    public async Task A_put_that_goes_away_in_mid_body_can_be_continued()
    {
        await using (var rude = await Connect())
        {
            await rude.Head("PUT", $"{location}?digest={blob.Digest}", Cancellation, "Content-Length: 3000001");
            await rude.Send(blob.Content.AsMemory(0, 2_000_000), Cancellation);
        }

        await Recorded(2_000_000 - Buffered, 2_000_000);
        await promises.Verify(client, Cancellation);
    }

    private async Task<RawClient> Connect() => await RawClient.Connect((await lab.One.Process()).BaseAddress, Cancellation);

    /// <summary>Waits until the other instance tells an offset of that range. Nobody is told when a client that went away is dealt with, so it is asked for.</summary>
    private async Task Recorded(long least, long most)
    {
        var limit = Stopwatch.StartNew();
        var stands = await client.Status(location, Cancellation);
        while (stands < least)
        {
            Assert.True(limit.Elapsed < Patience.Limit, $"the upload stands at {stands}, not at {least} to {most}");
            await Task.Delay(TimeSpan.FromMilliseconds(100), Cancellation);
            stands = await client.Status(location, Cancellation);
        }

        Assert.InRange(stands ?? -1, least, most);
    }
}
