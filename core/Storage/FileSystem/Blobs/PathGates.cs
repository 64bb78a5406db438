namespace Registry.Storage.FileSystem.Blobs;

/// <summary>Lets calls on one path share it or own it: a shared one waits for an owner, an owner for everybody. First come, first served.</summary>
internal sealed class PathGates
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, Gate> gates = new(StringComparer.Ordinal);

    /// <summary>Enters beside others that share. Completes at once when no owner is in or waiting.</summary>
    public ValueTask<Lease> Share(string path, CancellationToken cancellation) => Enter(path, owns: false, cancellation);

    /// <summary>Enters alone.</summary>
    public ValueTask<Lease> Own(string path, CancellationToken cancellation) => Enter(path, owns: true, cancellation);

    private ValueTask<Lease> Enter(string path, bool owns, CancellationToken cancellation)
    {
        Waiter waiter;
        lock (gate)
        {
            if (!gates.TryGetValue(path, out Gate? of))
                gates.Add(path, of = new Gate());
            if (of.Waiting.Count == 0 && of.TryTake(owns))
                return new ValueTask<Lease>(new Lease(this, path, owns));
            waiter = new Waiter(owns);
            of.Waiting.Enqueue(waiter);
        }

        return new ValueTask<Lease>(Wait(path, waiter, cancellation));
    }

    private async Task<Lease> Wait(string path, Waiter waiter, CancellationToken cancellation)
    {
        // A cancelled waiter stays in the queue, and is passed over when its turn comes.
        await using CancellationTokenRegistration registration = cancellation.Register(() => waiter.TrySetCanceled(cancellation));
        await waiter.Task;
        return new Lease(this, path, waiter.Owns);
    }

    private void Leave(string path, bool owns)
    {
        lock (gate)
        {
            Gate left = gates[path];
            left.Give(owns);
            while (left.Waiting.TryPeek(out Waiter? next))
            {
                if (!left.TryTake(next.Owns))
                    return;
                left.Waiting.Dequeue();
                if (!next.TrySetResult())
                    left.Give(next.Owns);
            }

            if (left.IsFree)
                gates.Remove(path);
        }
    }

    /// <summary>To be disposed when the call is over.</summary>
    internal readonly struct Lease(PathGates gates, string path, bool owns) : IDisposable
    {
        public void Dispose() => gates.Leave(path, owns);
    }

    private sealed class Waiter(bool owns) : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public bool Owns => owns;
    }

    private sealed class Gate
    {
        private int sharers;
        private bool isOwned;

        public Queue<Waiter> Waiting { get; } = [];

        public bool IsFree => sharers == 0 && !isOwned;

        public bool TryTake(bool owns)
        {
            if (isOwned || (owns && sharers > 0))
                return false;
            isOwned = owns;
            sharers += owns ? 0 : 1;
            return true;
        }

        public void Give(bool owns)
        {
            isOwned = false;
            sharers -= owns ? 0 : 1;
        }
    }
}
