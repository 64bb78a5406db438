using Registry.Storage.FileSystem.Blobs;

namespace Registry.Tests.Storage.FileSystem;

public sealed class PathGatesTests
{
    private readonly PathGates gates = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Sharers_enter_together_and_an_owner_waits_for_them()
    {
        PathGates.Lease one = await gates.Share("a", Cancel);
        ValueTask<PathGates.Lease> two = gates.Share("a", Cancel);
        Assert.True(two.IsCompleted);
        Task<PathGates.Lease> owner = gates.Own("a", Cancel).AsTask();

        one.Dispose();
        Assert.False(owner.IsCompleted);
        (await two).Dispose();

        (await owner).Dispose();
    }

    [Fact]
    public async Task Nobody_passes_an_owner_that_waits()
    {
        PathGates.Lease sharer = await gates.Share("a", Cancel);
        Task<PathGates.Lease> owner = gates.Own("a", Cancel).AsTask();
        Task<PathGates.Lease> late = gates.Share("a", Cancel).AsTask();
        Assert.False(late.IsCompleted);

        sharer.Dispose();
        PathGates.Lease owned = await owner;
        Assert.False(late.IsCompleted);
        owned.Dispose();

        (await late).Dispose();
    }

    [Fact]
    public async Task Other_paths_are_not_concerned()
    {
        using PathGates.Lease owned = await gates.Own("a", Cancel);

        ValueTask<PathGates.Lease> other = gates.Own("b", Cancel);

        Assert.True(other.IsCompleted);
        (await other).Dispose();
    }

    [Fact]
    public async Task A_waiter_that_is_cancelled_is_passed_over()
    {
        using var cancel = new CancellationTokenSource();
        PathGates.Lease sharer = await gates.Share("a", Cancel);
        Task<PathGates.Lease> cancelled = gates.Own("a", cancel.Token).AsTask();
        Task<PathGates.Lease> next = gates.Share("a", Cancel).AsTask();

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        sharer.Dispose();
        (await next).Dispose();
        (await gates.Own("a", Cancel)).Dispose();
    }

    [Fact]
    public async Task Owners_never_meet_anybody()
    {
        int inside = 0;
        int meetings = 0;
        await Task.WhenAll(Enumerable.Range(0, 8).Select(worker => Task.Run(
            async () =>
            {
                for (int i = 0; i < 500; i++)
                {
                    bool owns = (worker + i) % 3 == 0;
                    using PathGates.Lease lease = owns ? await gates.Own("a", Cancel) : await gates.Share("a", Cancel);
                    int weight = owns ? 1000 : 1;
                    int now = Interlocked.Add(ref inside, weight);
                    if (now > 1000 || (!owns && now > 8))
                        Interlocked.Increment(ref meetings);
                    await Task.Yield();
                    Interlocked.Add(ref inside, -weight);
                }
            },
            Cancel)));

        Assert.Equal(0, meetings);
    }
}
