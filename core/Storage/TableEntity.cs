namespace Registry.Storage;

/// <summary>A row: its two keys, its properties, and what storage tells of it.</summary>
/// <remarks>Properties are <see cref="string"/>, <see cref="long"/>, <see cref="bool"/>, <see cref="DateTimeOffset"/> (kept in UTC) or <c>byte[]</c>. A property that is set to null is not stored. Names are ASCII letters and digits, case-sensitive, and not PartitionKey, RowKey or Timestamp.</remarks>
public sealed class TableEntity(string partition, string row)
{
    private readonly Dictionary<string, object> properties = new(StringComparer.Ordinal);

    /// <summary>A row of as many properties as are known to come.</summary>
    internal TableEntity(string partition, string row, int properties)
        : this(partition, row) => this.properties.EnsureCapacity(properties);

    public string Partition { get; } = partition;

    public string Row { get; } = row;

    /// <summary>The row's version; empty for a row that was not read from storage.</summary>
    public string ETag { get; init; } = "";

    /// <summary>When the row was last written, in storage's time.</summary>
    public DateTimeOffset Timestamp { get; init; }

    /// <summary>When the row was read, in storage's time.</summary>
    public DateTimeOffset ReadAt { get; init; }

    /// <summary>How long ago the row was written, by storage's clock alone.</summary>
    public TimeSpan Age => ReadAt - Timestamp;

    public IReadOnlyDictionary<string, object> Properties => properties;

    public TableEntity Set(string name, string? value) => SetValue(name, value);

    public TableEntity Set(string name, long? value) => SetValue(name, value);

    public TableEntity Set(string name, bool? value) => SetValue(name, value);

    public TableEntity Set(string name, DateTimeOffset? value) => SetValue(name, value?.ToUniversalTime());

    public TableEntity Set(string name, byte[]? value) => SetValue(name, value);

    /// <summary>The same keys and properties, to be written once more: that gives the row a new ETag and a new age.</summary>
    public TableEntity Copy() => CopyTo(Row);

    /// <summary>The same properties under another key of the partition.</summary>
    public TableEntity CopyTo(string row)
    {
        var copy = new TableEntity(Partition, row, properties.Count);
        foreach (var (name, value) in properties)
            copy.properties[name] = value;
        return copy;
    }

    public string? FindString(string name) => properties.GetValueOrDefault(name) as string;

    public long? FindInt64(string name) => properties.GetValueOrDefault(name) as long?;

    public bool? FindBoolean(string name) => properties.GetValueOrDefault(name) as bool?;

    public DateTimeOffset? FindTime(string name) => properties.GetValueOrDefault(name) as DateTimeOffset?;

    public byte[]? FindBinary(string name) => properties.GetValueOrDefault(name) as byte[];

    public string GetString(string name) => FindString(name) ?? throw Lacks(name);

    public long GetInt64(string name) => FindInt64(name) ?? throw Lacks(name);

    public DateTimeOffset GetTime(string name) => FindTime(name) ?? throw Lacks(name);

    public byte[] GetBinary(string name) => FindBinary(name) ?? throw Lacks(name);

    /// <summary>Sets what a row of storage in this process holds: a value that was checked when it was written, in the box that it is kept in.</summary>
    internal void SetStored(string name, object value) => properties[name] = value;

    private TableEntity SetValue(string name, object? value)
    {
        if (value is null)
            properties.Remove(name);
        else
            properties[name] = value;
        return this;
    }

    private InvalidDataException Lacks(string name) => new($"row '{Partition}' '{Row}' has no usable property '{name}'");
}
