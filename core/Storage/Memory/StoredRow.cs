using System.Globalization;

namespace Registry.Storage.Memory;

/// <summary>A row as it is kept: never changed, so that it can be in any number of states at once.</summary>
/// <remarks>A registry on disk holds all of its rows so, a million links among them: a row keeps nothing that it can make.</remarks>
internal sealed class StoredRow(
    string partition, string row, long version, DateTimeOffset timestamp, KeyValuePair<string, object>[] properties)
{
    // Most rows have a version of their format, and a flag: numbers this small, and both truths, are one object for all rows.
    private static readonly object[] numbers = [.. Enumerable.Range(0, 16).Select(n => (object)(long)n)];
    private static readonly object yes = true;
    private static readonly object no = false;

    private readonly long ticks = timestamp.UtcTicks;

    /// <summary>Ordinal, by partition and then row: the one order of rows.</summary>
    public static readonly Comparer<StoredRow> Order = Comparer<StoredRow>.Create(Compare);

    public string Partition { get; } = partition;

    public string Row { get; } = row;

    /// <summary>The number of the write that made it, of all writes to the store.</summary>
    public long Version { get; } = version;

    public DateTimeOffset Timestamp => new(ticks, TimeSpan.Zero);

    public IReadOnlyList<KeyValuePair<string, object>> Properties => properties;

    public string ETag => ETagOf(Version);

    public static string ETagOf(long version) => version.ToString("x16", CultureInfo.InvariantCulture);

    /// <summary>A row to look others up by. An empty row key sorts before every row of its partition.</summary>
    public static StoredRow Key(string partition, string row) => new(partition, row, 0, default, []);

    public static StoredRow From(TableEntity entity, long version, DateTimeOffset timestamp) => new(
        entity.Partition,
        entity.Row,
        version,
        timestamp,
        [.. entity.Properties.Select(p => KeyValuePair.Create(p.Key, Shared(Copied(p.Value))))]);

    /// <summary>An entity of its own for each reader, who may change it: with the selected properties, or with null all.</summary>
    public TableEntity ToEntity(DateTimeOffset readAt, IReadOnlyList<string>? select = null)
    {
        var entity = new TableEntity(Partition, Row, properties.Length) { ETag = ETag, Timestamp = Timestamp, ReadAt = readAt };
        foreach ((string name, object value) in properties)
        {
            if (select is null || select.Contains(name))
                entity.SetStored(name, Copied(value));
        }

        return entity;
    }

    public bool Has(string name, string value) => properties.Any(p => p.Key == name && p.Value is string text && text == value);

    private static object Shared(object value) => value switch
    {
        long number and >= 0 and < 16 => numbers[number],
        bool truth => truth ? yes : no,
        _ => value,
    };

    private static object Copied(object value) => value is byte[] bytes ? bytes.Clone() : value;

    private static int Compare(StoredRow? one, StoredRow? other)
    {
        int order = string.CompareOrdinal(one?.Partition, other?.Partition);
        return order != 0 ? order : string.CompareOrdinal(one?.Row, other?.Row);
    }
}
