namespace Registry.Layers;

/// <summary>The buffers of all uploads of this process: slabs of one size, bounded in number, pinned once and used again.</summary>
/// <remarks>
/// A body is admitted with three slabs of its own: two that fill a smallest block and can be staged, and a third that receives meanwhile.
/// So whoever is admitted can always go on, alone, and nobody who waits holds anything: no deadlock.
/// More slabs than that are lent only while nobody waits for admission: under pressure blocks become smaller, not the pool larger.
/// When no body was received for <see cref="IdleTime"/> the system has the memory back.
/// </remarks>
public sealed class SlabPool
{
    /// <summary>Slabs that an admitted body owns.</summary>
    public const int Reserve = 3;

    /// <summary>How long after the last body the memory of the slabs is kept for the next: pushes come layer by layer.</summary>
    public static readonly TimeSpan IdleTime = TimeSpan.FromSeconds(30);

    private readonly Lock gate = new();
    private readonly Stack<Slab> idle = new();
    private readonly LinkedList<TaskCompletionSource> waiting = new();
    private readonly TimeProvider time;
    private ITimer? idleAlarm;
    private int free;

    public SlabPool(UploadOptions options, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(options);
        this.time = time;
        SlabSize = options.SlabSize;
        free = checked((int)(options.MemoryLimit / Slab.Footprint(SlabSize)));
        ArgumentOutOfRangeException.ThrowIfLessThan(free, Reserve, nameof(options));
        Capacity = free;
    }

    public int SlabSize { get; }

    /// <summary>Slabs there can be at most.</summary>
    public int Capacity { get; }

    /// <summary>Slabs that nobody owns or borrows.</summary>
    public int Free
    {
        get
        {
            lock (gate)
                return free;
        }
    }

    /// <summary>Waits until this body can be received. In the order of asking.</summary>
    public async Task<SlabLease> Enter(CancellationToken cancellation)
    {
        LinkedListNode<TaskCompletionSource> place;
        lock (gate)
        {
            if (waiting.Count == 0 && free >= Reserve)
            {
                free -= Reserve;
                return new SlabLease(this);
            }

            place = waiting.AddLast(new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        await using var abandon = cancellation.Register(() => Abandon(place, cancellation));
        await place.Value.Task;
        return new SlabLease(this);
    }

    internal bool TryBorrow()
    {
        lock (gate)
        {
            if (waiting.Count > 0 || free == 0)
                return false;
            free--;
            return true;
        }
    }

    internal void GiveBack(int slabs)
    {
        lock (gate)
        {
            free += slabs;
            while (waiting.First is { } next && free >= Reserve)
            {
                waiting.RemoveFirst();
                free -= Reserve;
                next.Value.SetResult();
            }

            if (free == Capacity && idle.Count > 0 && Slab.CanVacate(SlabSize))
                AwaitIdleness();
        }
    }

    internal Slab Take()
    {
        lock (gate)
        {
            if (idle.TryPop(out var slab))
                return slab;
        }

        return new Slab(SlabSize);
    }

    internal void Return(Slab slab)
    {
        lock (gate)
            idle.Push(slab);
    }

    // Each body that is the last one puts the alarm off, so when it comes the pool was idle for all that time, or is in use.
    private void AwaitIdleness()
    {
        idleAlarm ??= time.CreateTimer(static pool => ((SlabPool)pool!).Vacate(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        idleAlarm.Change(IdleTime, Timeout.InfiniteTimeSpan);
    }

    private void Vacate()
    {
        lock (gate)
        {
            if (free < Capacity)
                return;
            foreach (var slab in idle)
                slab.Vacate();
        }
    }

    private void Abandon(LinkedListNode<TaskCompletionSource> place, CancellationToken cancellation)
    {
        lock (gate)
        {
            if (place.List is null)
                return;
            waiting.Remove(place);
        }

        place.Value.SetCanceled(cancellation);
    }
}

/// <summary>One body's share of the pool. Slabs are taken by the receiving loop and returned by whichever call has staged them.</summary>
public sealed class SlabLease(SlabPool pool) : IDisposable
{
    private readonly Lock gate = new();
    private int owned = SlabPool.Reserve;
    private int taken;
    private bool closed;

    /// <summary>Gives a slab, or null when this lease has none left and the pool lends none now.</summary>
    public Slab? TryTake()
    {
        lock (gate)
        {
            if (taken == owned)
            {
                if (!pool.TryBorrow())
                    return null;
                owned++;
            }

            taken++;
        }

        return pool.Take();
    }

    public void Return(Slab slab)
    {
        pool.Return(slab);
        lock (gate)
        {
            taken--;
            if (!closed && owned <= SlabPool.Reserve)
                return;
            owned--;
        }

        pool.GiveBack(1);
    }

    /// <summary>Ends the share. Slabs still taken go back as they are returned.</summary>
    public void Dispose()
    {
        int rest;
        lock (gate)
        {
            if (closed)
                return;
            closed = true;
            rest = owned - taken;
            owned = taken;
        }

        pool.GiveBack(rest);
    }
}
