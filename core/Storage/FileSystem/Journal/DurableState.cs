using System.Diagnostics.CodeAnalysis;

namespace Registry.Storage.FileSystem.Journal;

/// <summary>A state in memory whose every change is in a journal on disk before anybody can know of it.</summary>
/// <remarks>
/// There are two states. A writer's conditions are checked against the <b>latest</b>, which has every change that was accepted, and is seen by
/// writers only, under a lock. Readers have the <b>durable</b> one, which is replaced after the flush of the frame that made the changes durable.
/// So a read never sees what a loss of power could undo, and sees a write as soon as its writer is told of it.
/// <para>
/// A refusal tells of the state as well ("the row is there already"), so it waits like a success until what it was decided on is durable.
/// </para>
/// <para>
/// Writers that come while a flush is under way share the next one: one frame, one flush, for all of them. Where appending fails, every writer of the
/// frame and of the queue behind it is told so, for they were decided on what is not to be, and the latest state goes back to the durable one. After a failed
/// flush nothing more is written: the system may have dropped the pages, and only reading the file again, at the next start, tells what is in it.
/// </para>
/// </remarks>
internal sealed class DurableState<TState, TChange> : IAsyncDisposable
    where TState : class
    where TChange : class
{
    private readonly IJournaled<TState, TChange> model;
    private readonly Compaction<TState, TChange> compaction;
    private readonly FrameBuffer<TState, TChange> buffer;
    private readonly Lock gate = new();
    private readonly Queue<Waiter> queue = [];
    private JournalWriter journal;
    private TState latest;
    private volatile TState durable;
    private Task flushing = Task.CompletedTask;
    private bool isFlushing;
    private bool isClosed;
    private Exception? broken;

    private DurableState(IJournaled<TState, TChange> model, Compaction<TState, TChange> compaction, JournalWriter journal, TState state)
    {
        this.model = model;
        this.compaction = compaction;
        buffer = new FrameBuffer<TState, TChange>(model);
        latest = durable = state;
        this.journal = compaction.RollIfDue(journal, state);
    }

    /// <summary>The durable state.</summary>
    public TState Current => durable;

    /// <summary>A flush failed: whether the updates that failed with it are on disk, only opening the journal again can tell.</summary>
    public bool IsBroken
    {
        get
        {
            lock (gate)
                return broken is not null;
        }
    }

    /// <inheritdoc cref="Compaction{TState, TChange}.Failure"/>
    public Exception? CompactionFailure => compaction.Failure;

    /// <inheritdoc cref="Compaction{TState, TChange}.Running"/>
    public Task Compaction => compaction.Running;

    /// <summary>Reads the state from a folder that is there. Nobody else must have it open.</summary>
    /// <exception cref="InvalidDataException">A file is corrupt or missing.</exception>
    public static DurableState<TState, TChange> Open(
        string path, IJournaled<TState, TChange> model, Disk disk, IdSource ids, JournalOptions options)
    {
        TState state = model.Empty;
        var folder = new JournalFolder(path, disk, ids);
        JournalWriter journal = folder.Load(frame => state = model.Apply(state, FrameBuffer<TState, TChange>.Read(model, frame)));
        return new DurableState<TState, TChange>(model, new Compaction<TState, TChange>(model, folder, options), journal, state);
    }

    /// <summary>Decides on the latest state what to change, if anything, and returns when that is durable. Once begun it is not cancelled, only no longer waited for.</summary>
    /// <exception cref="IOException">The change could not be written. Whether the next start finds it is then unknown.</exception>
    public async Task<TResult> Update<TResult>(Func<TState, (TResult Result, TChange? Change)> decide, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        TResult result;
        Waiter waiter;
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(isClosed, this);
            if (broken is not null)
                throw new IOException($"the journal is not written to until it is opened again: {broken.Message}", broken);
            (result, TChange? change) = decide(latest);
            if (change is null && ReferenceEquals(latest, durable))
                return result;
            if (change is not null)
                latest = model.Apply(latest, [change]);
            waiter = new Waiter(change, latest);
            queue.Enqueue(waiter);
            if (!isFlushing)
            {
                isFlushing = true;
                flushing = Task.Run(FlushAll, CancellationToken.None);
            }
        }

        await waiter.Task.WaitAsync(cancellation);
        return result;
    }

    /// <summary>Waits for what is under way, and closes the journal.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (gate)
            isClosed = true;
        await flushing;
        await Compaction;
        journal.Dispose();
        buffer.Dispose();
    }

    /// <summary>Writes frames until the queue is empty. Runs at most once at a time.</summary>
    [SuppressMessage("Design", "CA1031", Justification = "Whatever it is, every waiter is told of it; none may wait for ever.")]
    private void FlushAll()
    {
        var batch = new List<Waiter>();
        while (!IsIdle())
        {
            batch.Clear();
            buffer.Clear();
            try
            {
                FillFrame(batch);
                if (!buffer.IsEmpty)
                    journal.Append(buffer.Payload);
            }
            catch (Exception error)
            {
                Fail(batch, error);
                continue;
            }

            durable = batch[^1].After;
            foreach (Waiter waiter in batch)
                waiter.SetResult();
            journal = compaction.RollIfDue(journal, durable);
        }
    }

    private bool IsIdle()
    {
        lock (gate)
        {
            isFlushing = queue.Count > 0;
            return !isFlushing;
        }
    }

    /// <summary>Takes waiters one by one, so that others can decide while their changes are written into the frame.</summary>
    private void FillFrame(List<Waiter> batch)
    {
        while (!buffer.IsFull)
        {
            Waiter? waiter;
            lock (gate)
            {
                if (!queue.TryDequeue(out waiter))
                    return;
            }

            batch.Add(waiter);
            if (waiter.Change is not null)
                buffer.Add(waiter.Change);
        }
    }

    private void Fail(List<Waiter> batch, Exception error)
    {
        lock (gate)
        {
            batch.AddRange(queue);
            queue.Clear();
            latest = durable;
            if (journal.IsBroken)
                broken = error;
        }

        foreach (Waiter waiter in batch)
            waiter.SetException(new IOException(error.Message, error));
    }

    private sealed class Waiter(TChange? change, TState after) : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public TChange? Change => change;

        public TState After => after;
    }
}
