namespace Registry.Storage.FileSystem.Journal;

/// <summary>A state that can be kept in a journal: what a change does to it, and how a change is written.</summary>
/// <typeparam name="TState">Immutable.</typeparam>
/// <typeparam name="TChange">Immutable; applied to the same state it gives the same state, in every run and version.</typeparam>
internal interface IJournaled<TState, TChange>
{
    /// <summary>The state before the first change.</summary>
    TState Empty { get; }

    TState Apply(TState state, IEnumerable<TChange> changes);

    /// <summary>Changes that make this state of the empty one, each of moderate size.</summary>
    IEnumerable<TChange> Snapshot(TState state);

    void Write(BinaryWriter writer, TChange change);

    /// <exception cref="InvalidDataException">A version of the format that this program does not know.</exception>
    TChange Read(BinaryReader reader);
}
