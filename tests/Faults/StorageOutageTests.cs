using Registry.Tests.Faults.Pushers;
using Registry.Tests.Support;

namespace Registry.Tests.Faults;

/// <summary>Storage that is away, or does not answer.</summary>
[Collection("Fault lab, waiting")]
public sealed class StorageOutageTests(AzuriteFixture azurite)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Storage_that_stops_and_starts_in_mid_push_loses_nothing()
    {
        await using var storage = await AzuriteServer.Start(null, Cancellation);
        await using var lab = await FaultLab.Open(storage.NewAccount().ConnectionString, Cancellation);
        var promises = new Promises();
        var door = lab.Door();
        var client = new UploadClient(door, promises, "outage");
        var reached = new Milestone(12);
        lab.One.Follow(reached);

        var push = new RegctlPusher(client).Push(TestBlob.Of(TestSeed.Current, 6_000_000), Cancellation);
        await reached.Task.WaitAsync(Cancellation);
        await storage.Stop();
        await Task.WhenAny(door.TurnedAway, push).WaitAsync(Cancellation);
        Assert.False(push.IsCompleted, "the push did not need storage any more");
        await storage.Start(Cancellation);

        await push;
        await promises.Verify(client, Cancellation);
        LabReport.Count("storage restarts");
    }

    [Theory]
    [InlineData(Fault.HangBefore)]
    [InlineData(Fault.HangAfter)]
    public async Task Storage_that_never_answers_one_request_is_asked_again(Fault hang)
    {
        await using var lab = await FaultLab.Open(azurite, Cancellation);
        var promises = new Promises();
        var client = new UploadClient(lab.Door(), promises, "silence");

        // POST's row, then the first PATCH: find, and then its row.
        var plan = new FaultAt(3, hang);
        lab.One.Follow(plan);
        await new RegctlPusher(client).Push(TestBlob.Of(TestSeed.Current, 100_000), Cancellation);
        await promises.Verify(client, Cancellation);

        Assert.Equal("PUT", plan.Hit?.Method);
    }

    /// <summary>Tells when a request came.</summary>
    private sealed class Milestone(int number) : FaultPlan
    {
        private readonly TaskCompletionSource reached = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Task => reached.Task;

        public override Fault Next(StorageRequest request)
        {
            if (request.Number == number)
                reached.TrySetResult();
            return Fault.None;
        }
    }
}
