using System.Diagnostics.CodeAnalysis;

namespace Registry.Storage.FileSystem.Journal;

/// <summary>Writes snapshots beside the writers, when the journal has become long enough.</summary>
internal sealed class Compaction<TState, TChange>
{
    private readonly IJournaled<TState, TChange> model;
    private readonly JournalFolder folder;
    private readonly JournalOptions options;
    private long compactAt;

    public Compaction(IJournaled<TState, TChange> model, JournalFolder folder, JournalOptions options)
    {
        this.model = model;
        this.folder = folder;
        this.options = options;
        SetNext();
    }

    /// <summary>The compaction under way, or the last one. Never faults.</summary>
    public Task Running { get; private set; } = Task.CompletedTask;

    /// <summary>Why the last one failed; null when it did not. Nothing is lost by it: the journal grows on, and it is tried again when it has doubled.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>Begins one if it is due, and gives the journal to write to from now on. Called between two frames: all of the journal is durable.</summary>
    /// <param name="journal">The journal that is written to.</param>
    /// <param name="state">The state that all of it leads to.</param>
    [SuppressMessage("Design", "CA1031", Justification = "Failure tells of it; writing goes on.")]
    public JournalWriter RollIfDue(JournalWriter journal, TState state)
    {
        if (!Running.IsCompleted || folder.ClosedLength + journal.Length <= compactAt)
            return journal;
        JournalWriter next;
        try
        {
            next = folder.Roll(journal);
        }
        catch (Exception error)
        {
            PutOff(error, journal);
            return journal;
        }

        journal.Dispose();
        Running = Task.Run(() => Run(state, next), CancellationToken.None);
        return next;
    }

    [SuppressMessage("Design", "CA1031", Justification = "Failure tells of it; writing goes on.")]
    private void Run(TState state, JournalWriter journal)
    {
        try
        {
            folder.Compact(Frames(state));
            Failure = null;
            SetNext();
        }
        catch (Exception error)
        {
            PutOff(error, journal);
        }
    }

    private void SetNext() => compactAt = Math.Max(options.MinimumBytes, options.SnapshotFactor * folder.SnapshotLength);

    private void PutOff(Exception error, JournalWriter journal)
    {
        Failure = error;
        compactAt = 2 * (folder.ClosedLength + journal.Length);
    }

    private IEnumerable<ReadOnlyMemory<byte>> Frames(TState state)
    {
        using var frame = new FrameBuffer<TState, TChange>(model);
        foreach (TChange change in model.Snapshot(state))
        {
            frame.Add(change);
            if (!frame.IsFull)
                continue;
            yield return frame.Payload;
            frame.Clear();
        }

        if (!frame.IsEmpty)
            yield return frame.Payload;
    }
}
