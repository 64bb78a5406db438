using Registry.Tests.Faults.Pushers;
using Registry.Tests.Support;

namespace Registry.Tests.Faults;

/// <summary>A registry is killed at the k-th request that a push makes to storage, for every k, and the client goes on at another instance.</summary>
[Collection("Fault lab")]
public sealed class KillSweepTests(AzuriteFixture azurite)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(Fault.KillBefore)]
    [InlineData(Fault.KillAfter)]
    public Task A_blob_in_one_PUT_survives_a_kill_at_any_request_to_storage(Fault kill) => Sweep(PushShape.SmallBlob, kill);

    [Theory]
    [InlineData(Fault.KillBefore)]
    [InlineData(Fault.KillAfter)]
    public Task A_blob_that_is_known_already_survives_a_kill_at_any_request_to_storage(Fault kill) => Sweep(PushShape.KnownBlob, kill);

    [Theory]
    [InlineData(Fault.KillBefore)]
    [InlineData(Fault.KillAfter)]
    public Task A_blob_in_chunks_survives_a_kill_at_any_request_to_storage(Fault kill) => Sweep(PushShape.Chunks, kill);

    [Theory]
    [InlineData(Fault.KillBefore)]
    [InlineData(Fault.KillAfter)]
    public Task A_blob_of_many_blocks_in_one_body_survives_a_kill_at_any_request_to_storage(Fault kill) => Sweep(PushShape.LargeBody, kill);

    [Theory]
    [InlineData(Fault.KillBefore)]
    [InlineData(Fault.KillAfter)]
    public Task An_image_survives_a_kill_at_any_request_to_storage(Fault kill) => Sweep(PushShape.Image, kill);

    private async Task Sweep(PushShape shape, Fault kill)
    {
        await using var lab = await FaultLab.Open(azurite, Cancellation);
        var round = 1;
        while (await Survives(lab, shape, round, kill))
            round++;

        // POST, claim, commit and link at the least.
        Assert.InRange(round - 1, 4, 100);
        LabReport.Note($"{shape}, {kill}: {round - 1} rounds");
    }

    /// <summary>False when the push needed fewer requests than that: there was nobody to kill.</summary>
    private static async Task<bool> Survives(FaultLab lab, PushShape shape, int request, Fault kill)
    {
        var seed = TestSeed.Of($"{shape} {kill} {request}");
        var promises = new Promises();
        var plan = new FaultAt(request, kill);
        var other = new UploadClient(new FrontDoor(lab.Other), promises, $"sweep/{shape}/{kill}/{request}".ToLowerInvariant());
        if (shape == PushShape.KnownBlob)
            await new UploadClient(new FrontDoor(lab.Other), new Promises(), "sweep/known").Push(shape, seed, Cancellation);
        await lab.One.Process();
        lab.One.Follow(plan);
        try
        {
            await new UploadClient(lab.Door(), promises, other.Repository).Push(shape, seed, Cancellation);
            await promises.Verify(other, Cancellation);
        }
        catch (LossException e)
        {
            throw await lab.Explain($"{shape}, {kill} at {plan.Hit}", e);
        }

        LabReport.Count("rounds");
        return plan.Hit is not null;
    }
}
