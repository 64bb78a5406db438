using Registry.Tests.Support;

namespace Registry.Tests.Faults;

/// <summary>Faults at random, from a seed that is told.</summary>
[Collection("Fault lab")]
public sealed class StormTests(AzuriteFixture azurite)
{
    private static readonly int seed = TestSeed.Of("storm");

    [Fact]
    public Task Random_kills_lose_nothing() =>
        Blow(0.008, 4, Fault.KillBefore, Fault.KillAfter);

    [Fact]
    public Task Errors_and_cut_connections_of_storage_lose_nothing() =>
        Blow(0.04, 8, Fault.ServerError, Fault.Busy, Fault.CutBefore, Fault.CutAfter);

    [Fact]
    public Task Kills_and_errors_together_lose_nothing() =>
        Blow(0.02, 6, Fault.KillBefore, Fault.KillAfter, Fault.ServerError, Fault.Busy, Fault.CutBefore, Fault.CutAfter, Fault.CutAfter);

    private async Task Blow(double probability, int clients, params Fault[] kinds)
    {
        await using var lab = await FaultLab.Open(azurite, TestContext.Current.CancellationToken);
        var storm = new Storm(lab, seed, kinds) { Clients = clients, Probability = probability, Duration = TimeSpan.FromSeconds(25) };
        var rounds = await storm.Blow(TestContext.Current.CancellationToken);
        Assert.True(rounds > 0, "not a single push came through");
        LabReport.Note($"storm of {string.Join(", ", kinds.Distinct())}: {rounds} pushes of an image, seed {seed}");
    }
}
