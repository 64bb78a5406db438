namespace Registry.Storage.FileSystem.Journal;

/// <summary>Gathers changes into the payload of one frame, and takes them out of it again.</summary>
internal sealed class FrameBuffer<TState, TChange>(IJournaled<TState, TChange> model) : IDisposable
{
    private readonly MemoryStream buffer = new();
    private BinaryWriter? writer;

    public bool IsEmpty => buffer.Length == 0;

    public bool IsFull => buffer.Length >= JournalFormat.FullFrame;

    /// <summary>Valid until the next change is added.</summary>
    public ReadOnlyMemory<byte> Payload => buffer.GetBuffer().AsMemory(0, (int)buffer.Length);

    public void Add(TChange change)
    {
        writer ??= new BinaryWriter(buffer);
        model.Write(writer, change);
    }

    public void Clear()
    {
        buffer.SetLength(0);

        // A frame with a huge row in it must not keep its memory for ever.
        if (buffer.Capacity > 4 * JournalFormat.FullFrame)
            buffer.Capacity = JournalFormat.FullFrame;
    }

    public static List<TChange> Read(IJournaled<TState, TChange> model, ReadOnlyMemory<byte> payload)
    {
        using var stream = new MemoryStream(payload.ToArray(), writable: false);
        using var reader = new BinaryReader(stream);
        var changes = new List<TChange>();
        while (stream.Position < stream.Length)
            changes.Add(model.Read(reader));
        return changes;
    }

    public void Dispose() => writer?.Dispose();
}
