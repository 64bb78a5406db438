namespace Registry.Tests.Support;

public sealed class TestClockTests
{
    private readonly TestClock clock = new();

    [Fact]
    public void Time_and_timestamps_move_only_when_told()
    {
        DateTimeOffset start = clock.GetUtcNow();
        long timestamp = clock.GetTimestamp();

        Assert.Equal(start, clock.GetUtcNow());
        clock.Advance(TimeSpan.FromSeconds(90));

        Assert.Equal(start.AddSeconds(90), clock.GetUtcNow());
        Assert.Equal(TimeSpan.FromSeconds(90), clock.GetElapsedTime(timestamp));
    }

    [Fact]
    public void Timers_fire_in_order_of_their_time_and_see_it()
    {
        DateTimeOffset start = clock.GetUtcNow();
        var fired = new List<(string Name, double At)>();
        using ITimer late = Timer("late", 30, null);
        using ITimer every = Timer("every", 10, 10);
        using ITimer stopped = Timer("stopped", 15, null);
        stopped.Dispose();

        clock.Advance(TimeSpan.FromSeconds(35));

        Assert.Equal([("every", 10), ("every", 20), ("late", 30), ("every", 30)], fired);
        Assert.False(stopped.Change(TimeSpan.Zero, TimeSpan.Zero));

        ITimer Timer(string name, int due, int? period) => clock.CreateTimer(
            _ => fired.Add((name, (clock.GetUtcNow() - start).TotalSeconds)),
            null,
            TimeSpan.FromSeconds(due),
            period is { } seconds ? TimeSpan.FromSeconds(seconds) : Timeout.InfiniteTimeSpan);
    }

    [Fact]
    public async Task A_delay_on_the_clock_ends_when_its_time_has_come()
    {
        Task delay = Task.Delay(TimeSpan.FromMinutes(1), clock, TestContext.Current.CancellationToken);

        clock.Advance(TimeSpan.FromSeconds(59));
        Assert.False(delay.IsCompleted);
        clock.Advance(TimeSpan.FromSeconds(1));

        await delay;
    }

    [Fact]
    public void Seeded_ids_repeat_with_their_seed()
    {
        var one = new SeededIds(7);
        var two = new SeededIds(7);

        Assert.Equal([one.NewHex(16), one.NewHex(4)], [two.NewHex(16), two.NewHex(4)]);
        Assert.NotEqual(new SeededIds(8).NewUuid(), new SeededIds(7).NewUuid());
    }
}
