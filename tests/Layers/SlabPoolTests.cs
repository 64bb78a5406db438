using FsCheck;
using FsCheck.Fluent;
using Registry.Layers;
using Registry.Tests.Support;

namespace Registry.Tests.Layers;

public sealed class SlabPoolTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Bodies_are_admitted_in_the_order_of_asking_as_others_end()
    {
        var pool = Pool(7);
        var first = await pool.Enter(Cancellation);
        var second = await pool.Enter(Cancellation);
        var third = pool.Enter(Cancellation);
        var fourth = pool.Enter(Cancellation);
        Assert.False(third.IsCompleted);

        second.Dispose();
        using var admitted = await third;
        Assert.False(fourth.IsCompleted);
        first.Dispose();
        (await fourth).Dispose();
    }

    [Fact]
    public async Task Slabs_beyond_the_reserve_are_lent_only_while_nobody_waits()
    {
        var pool = Pool(8);
        using var body = await pool.Enter(Cancellation);
        for (var i = 0; i < 7; i++)
            Assert.NotNull(body.TryTake());

        var waiting = pool.Enter(Cancellation);
        Assert.Equal(1, pool.Free);
        Assert.Null(body.TryTake());
        Assert.False(waiting.IsCompleted);
        body.Dispose();
        Assert.False(waiting.IsCompleted);
    }

    [Fact]
    public async Task A_borrowed_slab_that_is_returned_goes_to_who_waits()
    {
        var pool = Pool(6);
        using var body = await pool.Enter(Cancellation);
        var slabs = Enumerable.Range(0, 6).Select(_ => body.TryTake()!).ToList();
        var waiting = pool.Enter(Cancellation);

        body.Return(slabs[0]);
        body.Return(slabs[1]);
        Assert.False(waiting.IsCompleted);
        body.Return(slabs[2]);

        using var admitted = await waiting;
        body.Return(slabs[3]);
        Assert.NotNull(body.TryTake());
        Assert.Null(body.TryTake());
    }

    [Fact]
    public async Task Who_stops_waiting_is_forgotten_and_whoever_is_behind_moves_up()
    {
        var pool = Pool(3);
        var body = await pool.Enter(Cancellation);
        using var impatient = new CancellationTokenSource();
        var gone = pool.Enter(impatient.Token);
        var next = pool.Enter(Cancellation);

        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => gone);
        body.Dispose();

        (await next).Dispose();
        Assert.Equal(3, pool.Free);
    }

    [Fact]
    public async Task Slabs_in_flight_when_a_share_ends_come_back_as_they_are_returned()
    {
        var pool = Pool(3);
        var body = await pool.Enter(Cancellation);
        var slab = body.TryTake()!;
        body.Dispose();
        body.Dispose();
        Assert.Equal(2, pool.Free);

        body.Return(slab);
        Assert.Equal(3, pool.Free);
    }

    [Fact]
    public void A_limit_below_one_body_is_refused() => Assert.Throws<ArgumentOutOfRangeException>(() => Pool(2));

    /// <summary>Whatever is asked in whatever order: never more slabs than there are, nobody waits while there is room, and all come back.</summary>
    [Fact]
    public void Any_sequence_of_requests_stays_within_the_pool_and_gives_all_of_it_back() =>
        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(100).WithReplay((ulong)(uint)TestSeed.Current, 1),
            Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), moves =>
            {
                var pool = Pool(11);
                var model = new Model(pool);
                foreach (var move in moves)
                    model.Move(move);
                model.EndAll();
                return pool.Free == pool.Capacity;
            }));

    [Fact]
    public async Task Half_a_minute_after_the_last_body_the_system_has_the_memory_of_the_slabs_back()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "madvise(2)");
        var clock = new TestClock();
        var pool = new SlabPool(new UploadOptions { MemoryLimit = 1024 * 1024 }, clock);
        var body = await pool.Enter(Cancellation);
        var slab = body.TryTake()!;
        slab.Bytes.Fill(1);
        body.Return(slab);
        body.Dispose();

        clock.Advance(SlabPool.IdleTime - TimeSpan.FromTicks(1));
        using (var next = await pool.Enter(Cancellation))
        {
            clock.Advance(TimeSpan.FromTicks(1));
            Assert.Equal(pool.SlabSize, slab.Bytes.Count((byte)1));
        }

        // Memory that the system has had is zeros, and can be written to again.
        clock.Advance(SlabPool.IdleTime);
        Assert.Equal(pool.SlabSize, slab.Bytes.Count((byte)0));
        slab.Bytes.Fill(2);
        Assert.Equal(pool.SlabSize, slab.Bytes.Count((byte)2));
    }

    [Fact]
    public async Task A_slab_begins_at_a_page()
    {
        var pool = new SlabPool(new UploadOptions { MemoryLimit = 1024 * 1024 }, TimeProvider.System);
        using var body = await pool.Enter(Cancellation);
        var slab = body.TryTake()!;
        slab.Follow(null);
        using var pin = slab.Memory.Pin();
        unsafe
        {
            Assert.Equal(0, (nint)pin.Pointer % Slab.Alignment);
        }

        Assert.Equal(pool.SlabSize, slab.Memory.Length);
        body.Return(slab);
    }

    private static SlabPool Pool(int slabs) => new(new UploadOptions { MinBlockSize = 8, BlockSize = 8, MemoryLimit = slabs * 4 }, TimeProvider.System);

    private sealed class Model(SlabPool pool)
    {
        private readonly List<(SlabLease Lease, List<Slab> Slabs)> bodies = [];
        private readonly List<Task<SlabLease>> waiting = [];

        public void Move(byte move)
        {
            var which = move >> 2;
            switch (move & 3)
            {
                case 0:
                    waiting.Add(pool.Enter(CancellationToken.None));
                    break;
                case 1 when bodies.Count > 0 && bodies[which % bodies.Count] is var body && body.Lease.TryTake() is { } slab:
                    body.Slabs.Add(slab);
                    break;
                case 2 when bodies.Count > 0 && bodies[which % bodies.Count] is { Slabs.Count: > 0 } body:
                    Return(body);
                    break;
                case 3 when bodies.Count > 0:
                    End(which % bodies.Count);
                    break;
            }

            Admit();
            Assert.InRange(pool.Free, 0, pool.Capacity);
            Assert.Equal(pool.Capacity, Owned + pool.Free);
            Assert.True(waiting.Count == 0 || pool.Free < SlabPool.Reserve, "somebody waits while there is room");
        }

        public void EndAll()
        {
            while (bodies.Count > 0)
            {
                End(0);
                Admit();
            }

            Assert.Empty(waiting);
        }

        private static void Return((SlabLease Lease, List<Slab> Slabs) body)
        {
            body.Lease.Return(body.Slabs[^1]);
            body.Slabs.RemoveAt(body.Slabs.Count - 1);
        }

        private void End(int index)
        {
            var body = bodies[index];
            body.Lease.Dispose();
            while (body.Slabs.Count > 0)
                Return(body);
            bodies.RemoveAt(index);
        }

        private int Owned => bodies.Sum(b => Math.Max(b.Slabs.Count, SlabPool.Reserve));

        // A place is given under the pool's lock, and its task completes on another thread a moment later: the pool's count is what tells.
        private void Admit()
        {
            while (Owned + pool.Free <= pool.Capacity - SlabPool.Reserve)
            {
                bodies.Add((waiting[0].GetAwaiter().GetResult(), []));
                waiting.RemoveAt(0);
            }
        }
    }
}
