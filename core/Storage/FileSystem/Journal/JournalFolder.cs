using System.Globalization;

namespace Registry.Storage.FileSystem.Journal;

/// <summary>The files of one journaled state.</summary>
/// <remarks>
/// <code>
/// snapshot-0000000007    the state before journal 7
/// journal-0000000007     what was done since
/// journal-0000000008     and since: the snapshot that replaces all of the above is being written
/// snapshot-0000000008.tmp
/// </code>
/// Compaction from 7 to 8, and what a crash after each step leaves to the next start:
/// <list type="number">
/// <item>make journal 8, durably: 7 and 8 are read in turn, 8 is empty;</item>
/// <item>write to journal 8 from now on; journal 7 is flushed to its end: 7 and 8 are read in turn;</item>
/// <item>write the state of the moment between 1 and 2 to the temporary file, and flush it: the same, the temporary file is removed;</item>
/// <item>rename it to snapshot 8, durably: snapshot 8 and journal 8 are read, what is older is removed;</item>
/// <item>remove snapshot 7, then journal 7: the same, for whichever is left.</item>
/// </list>
/// Where writing the snapshot failed, the next compaction goes from 7 to 9, over journals 7 and 8.
/// </remarks>
internal sealed class JournalFolder(string path, Disk disk, IdSource ids)
{
    private const string Journal = "journal-";
    private const string Snapshot = "snapshot-";

    /// <summary>The number of the last journal.</summary>
    public long Generation { get; private set; }

    /// <summary>Bytes of the snapshot that the journals continue; 0 without one.</summary>
    public long SnapshotLength { get; private set; }

    /// <summary>Bytes of the journals that are no longer written to, and that no snapshot has replaced.</summary>
    public long ClosedLength { get; private set; }

    /// <summary>Reads every frame from the newest snapshot on, and opens the last journal, or the first.</summary>
    /// <exception cref="InvalidDataException">A file is corrupt, or missing.</exception>
    public JournalWriter Load(Action<ReadOnlyMemory<byte>> frame)
    {
        foreach (string temporary in Directory.EnumerateFiles(path, "*.tmp"))
            disk.Delete(temporary);

        // A process that was killed may have renamed a snapshot without flushing that; what it replaces goes only afterwards.
        disk.FlushDirectory(path);
        long first = Numbers(Snapshot).DefaultIfEmpty(0).Max();
        RemoveBefore(first);
        if (first > 0)
            LoadSnapshot(first, frame);

        long[] journals = [.. Numbers(Journal).Order()];
        if (journals.Length == 0 && first == 0)
            return Begin(0);
        for (int i = 0; i < Math.Max(journals.Length, 1); i++)
        {
            if (journals.Length == 0 || journals[i] != first + i)
                throw new InvalidDataException($"'{File(Journal, first + i)}' is missing");
        }

        return LoadJournals(journals, frame);
    }

    /// <summary>Makes the next journal. The one before must have been flushed, and is written to no more.</summary>
    public JournalWriter Roll(JournalWriter current)
    {
        JournalWriter next = Begin(Generation + 1);
        Generation++;
        ClosedLength += current.Length;
        return next;
    }

    /// <summary>Replaces everything before the last journal by a snapshot. It is not rolled meanwhile, but may be written to.</summary>
    public void Compact(IEnumerable<ReadOnlyMemory<byte>> frames)
    {
        string temporary = File(Snapshot, Generation) + ".tmp";
        long length;
        try
        {
            length = WriteSnapshot(temporary, frames);
            disk.Move(temporary, File(Snapshot, Generation));
        }
        catch
        {
            // Most likely for want of room: what was written of it would take some until the next compaction.
            disk.Delete(temporary);
            throw;
        }

        disk.FlushDirectory(path);
        SnapshotLength = length;
        ClosedLength = 0;
        RemoveBefore(Generation);
    }

    private long WriteSnapshot(string file, IEnumerable<ReadOnlyMemory<byte>> frames)
    {
        using JournalWriter writer = JournalWriter.Create(disk, file, NewSalt());
        foreach (ReadOnlyMemory<byte> frame in frames)
            writer.AppendUnflushed(frame);
        writer.AppendUnflushed(ReadOnlyMemory<byte>.Empty);
        writer.Flush();
        return writer.Length;
    }

    private void LoadSnapshot(long number, Action<ReadOnlyMemory<byte>> frame)
    {
        string file = File(Snapshot, number);
        JournalEnd end = new JournalReader(file, mayBeTorn: false).Read(frame);
        SnapshotLength = new FileInfo(file).Length;
        if (!end.IsEnded || end.Length != SnapshotLength)
            throw new InvalidDataException($"'{file}' is corrupt at offset {end.Length} of {SnapshotLength}");
    }

    private JournalWriter LoadJournals(long[] journals, Action<ReadOnlyMemory<byte>> frame)
    {
        JournalEnd end = default;
        for (int i = 0; i < journals.Length; i++)
        {
            // A journal gets its first frame when the one before is flushed to its end. Until then both can be torn, the later one in its header.
            bool mayBeTorn = journals.Skip(i + 1).All(later => new FileInfo(File(Journal, later)).Length <= JournalFormat.HeaderLength);
            end = new JournalReader(File(Journal, journals[i]), mayBeTorn).Read(frame);
            if (i == journals.Length - 1)
                break;
            ClosedLength += end.Length;
            if (mayBeTorn)
                Continue(journals[i], end).Dispose();
        }

        Generation = journals[^1];
        return Continue(Generation, end);
    }

    private JournalWriter Continue(long generation, JournalEnd end) =>
        end.Length == 0 ? Begin(generation) : JournalWriter.Continue(disk, File(Journal, generation), end);

    private JournalWriter Begin(long generation)
    {
        JournalWriter writer = JournalWriter.Create(disk, File(Journal, generation), NewSalt());
        try
        {
            disk.FlushDirectory(path);
            return writer;
        }
        catch
        {
            writer.Dispose();
            throw;
        }
    }

    private void RemoveBefore(long generation)
    {
        foreach (string kind in (string[])[Snapshot, Journal])
        {
            foreach (long number in Numbers(kind).Where(n => n < generation).Order())
                disk.Delete(File(kind, number));
        }
    }

    private IEnumerable<long> Numbers(string kind) =>
        from file in Directory.EnumerateFiles(path, kind + "*")
        let name = Path.GetFileName(file)[kind.Length..]
        where name.All(char.IsAsciiDigit)
        select long.Parse(name, CultureInfo.InvariantCulture);

    private string File(string kind, long number) => Path.Combine(path, kind + number.ToString("d10", CultureInfo.InvariantCulture));

    private uint NewSalt() => uint.Parse(ids.NewHex(4), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}
