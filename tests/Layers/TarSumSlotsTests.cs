using Registry.Layers;

namespace Registry.Tests.Layers;

public sealed class TarSumSlotsTests
{
    [Fact]
    public async Task Two_sum_up_at_once_and_the_others_follow_in_their_order()
    {
        var slots = new TarSumSlots();
        var (first, second) = (await slots.Enter(), await slots.Enter());
        var (third, fourth) = (slots.Enter().AsTask(), slots.Enter().AsTask());
        Assert.False(third.IsCompleted || fourth.IsCompleted);

        first.Dispose();
        first.Dispose();
        var next = await third;
        Assert.False(fourth.IsCompleted);

        second.Dispose();
        (await fourth).Dispose();
        next.Dispose();
        using var one = await slots.Enter();
        using var other = await slots.Enter();
    }
}
