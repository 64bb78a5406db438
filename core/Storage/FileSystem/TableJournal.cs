using Registry.Storage.FileSystem.Journal;
using Registry.Storage.Memory;

namespace Registry.Storage.FileSystem;

/// <summary>How tables are written to a journal.</summary>
/// <remarks>
/// <code>
/// change    1  table  version  puts:count (partition row version ticks properties:count (name type value)*)*  deletes:count (partition row)*
/// </code>
/// Strings are UTF-8 after their length, numbers have 7 bits a byte, a time is its ticks in UTC. The first byte is the version of the format.
/// </remarks>
internal sealed class TableJournal : IJournaled<TableState, TableChange>
{
    private const byte FormatVersion = 1;

    private enum ValueType : byte
    {
        String = 1,
        Int64 = 2,
        Boolean = 3,
        Time = 4,
        Binary = 5,
    }

    public TableState Empty => TableState.Empty;

    public TableState Apply(TableState state, IEnumerable<TableChange> changes) => state.Apply(changes);

    public IEnumerable<TableChange> Snapshot(TableState state)
    {
        foreach ((string table, IReadOnlyCollection<StoredRow> rows) in state.Tables)
        {
            yield return new TableChange(table, state.Version, [], []);
            foreach (StoredRow row in rows)
                yield return new TableChange(table, state.Version, [row], []);
        }
    }

    public void Write(BinaryWriter writer, TableChange change)
    {
        writer.Write(FormatVersion);
        writer.Write(change.Table);
        writer.Write7BitEncodedInt64(change.Version);
        writer.Write7BitEncodedInt(change.Puts.Count);
        foreach (StoredRow row in change.Puts)
            WriteRow(writer, row);
        writer.Write7BitEncodedInt(change.Deletes.Count);
        foreach (StoredRow key in change.Deletes)
        {
            writer.Write(key.Partition);
            writer.Write(key.Row);
        }
    }

    public TableChange Read(BinaryReader reader)
    {
        if (reader.ReadByte() is var version && version != FormatVersion)
            throw new InvalidDataException($"a change of tables has version {version}, and this program reads {FormatVersion}");
        string table = reader.ReadString();
        long last = reader.Read7BitEncodedInt64();
        var puts = new StoredRow[reader.Read7BitEncodedInt()];
        for (int i = 0; i < puts.Length; i++)
            puts[i] = ReadRow(reader);
        var deletes = new StoredRow[reader.Read7BitEncodedInt()];
        for (int i = 0; i < deletes.Length; i++)
            deletes[i] = StoredRow.Key(reader.ReadString(), reader.ReadString());
        return new TableChange(table, last, puts, deletes);
    }

    private static void WriteRow(BinaryWriter writer, StoredRow row)
    {
        writer.Write(row.Partition);
        writer.Write(row.Row);
        writer.Write7BitEncodedInt64(row.Version);
        writer.Write7BitEncodedInt64(row.Timestamp.UtcTicks);
        writer.Write7BitEncodedInt(row.Properties.Count);
        foreach ((string name, object value) in row.Properties)
        {
            writer.Write(name);
            WriteValue(writer, value);
        }
    }

    private static StoredRow ReadRow(BinaryReader reader)
    {
        string partition = reader.ReadString();
        string row = reader.ReadString();
        long version = reader.Read7BitEncodedInt64();
        var timestamp = new DateTimeOffset(reader.Read7BitEncodedInt64(), TimeSpan.Zero);
        var properties = new KeyValuePair<string, object>[reader.Read7BitEncodedInt()];

        // The same few names come in every row: one copy of each serves them all.
        for (int i = 0; i < properties.Length; i++)
            properties[i] = KeyValuePair.Create(string.Intern(reader.ReadString()), ReadValue(reader));
        return new StoredRow(partition, row, version, timestamp, properties);
    }

    private static void WriteValue(BinaryWriter writer, object value)
    {
        switch (value)
        {
            case string text:
                writer.Write((byte)ValueType.String);
                writer.Write(text);
                break;
            case long number:
                writer.Write((byte)ValueType.Int64);
                writer.Write7BitEncodedInt64(number);
                break;
            case bool flag:
                writer.Write((byte)ValueType.Boolean);
                writer.Write(flag);
                break;
            case DateTimeOffset time:
                writer.Write((byte)ValueType.Time);
                writer.Write7BitEncodedInt64(time.UtcTicks);
                break;
            case byte[] bytes:
                writer.Write((byte)ValueType.Binary);
                writer.Write7BitEncodedInt(bytes.Length);
                writer.Write(bytes);
                break;
            default:
                throw new InvalidOperationException($"no row holds a {value.GetType()}");
        }
    }

    private static object ReadValue(BinaryReader reader) => (ValueType)reader.ReadByte() switch
    {
        ValueType.String => reader.ReadString(),
        ValueType.Int64 => reader.Read7BitEncodedInt64(),
        ValueType.Boolean => reader.ReadBoolean(),
        ValueType.Time => new DateTimeOffset(reader.Read7BitEncodedInt64(), TimeSpan.Zero),
        ValueType.Binary => reader.ReadBytes(reader.Read7BitEncodedInt()),
        var type => throw new InvalidDataException($"a property has type {type}, which this program does not know"),
    };
}
