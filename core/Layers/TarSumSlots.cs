namespace Registry.Layers;

/// <summary>How many layers this process sums up at once. An archive of a million entries takes a hundred megabytes until its end: more uploads wait, they do not add to that.</summary>
internal sealed class TarSumSlots
{
    private const int Count = 2;

    private readonly Lock gate = new();
    private readonly Queue<TaskCompletionSource> waiting = new();
    private int free = Count;

    /// <summary>Waits for a slot, in the order of asking; disposing the result gives it back.</summary>
    public async ValueTask<IDisposable> Enter()
    {
        TaskCompletionSource? turn = null;
        lock (gate)
        {
            if (free > 0)
                free--;
            else
                waiting.Enqueue(turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        if (turn is not null)
            await turn.Task;
        return new Slot(this);
    }

    private void Leave()
    {
        lock (gate)
        {
            if (waiting.TryDequeue(out var next))
                next.SetResult();
            else
                free++;
        }
    }

    private sealed class Slot(TarSumSlots slots) : IDisposable
    {
        private TarSumSlots? held = slots;

        public void Dispose() => Interlocked.Exchange(ref held, null)?.Leave();
    }
}
