using System.Buffers;
using System.Text;

namespace Registry.Storage;

/// <summary>The limits of a table service, checked alike by every implementation before anything is sent or stored.</summary>
/// <remarks>
/// From "Understanding the Table service data model" and "Performing entity group transactions" of the Azure Storage documentation. Azurite
/// checks few of them, so a breach would show only on Azure; here it shows in a unit test. Every breach is an <see cref="ArgumentException"/>.
/// </remarks>
public static class TableLimits
{
    /// <summary>Characters of a table's name, a prefix of the account included.</summary>
    public const int MaxTableLength = 63;

    /// <summary>Characters of a partition or row key: 1 KiB of UTF-16, in which the service keeps them.</summary>
    public const int MaxKeyLength = 512;

    /// <summary>Bytes of a binary property, and bytes of a string property in UTF-16.</summary>
    public const int MaxPropertyBytes = 64 * 1024;

    /// <summary>Bytes of an entity, by <see cref="EntitySize"/>.</summary>
    public const int MaxEntityBytes = 1024 * 1024;

    /// <summary>255 of an entity, of which the service has three: the keys and the time.</summary>
    public const int MaxProperties = 252;

    /// <summary>Operations of a batch.</summary>
    public const int MaxBatch = 100;

    /// <summary>Bytes of a batch's request, by <see cref="RequestSize"/>.</summary>
    public const int MaxBatchBytes = 4 * 1024 * 1024;

    /// <summary>Rows of a page.</summary>
    public const int MaxTake = 1000;

    /// <summary>What the multipart envelope and headers of one operation take at most in a batch's request, long keys aside.</summary>
    private const int OperationOverhead = 1024;

    private static readonly DateTimeOffset earliestTime = new(1601, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly SearchValues<char> tableCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789");
    private static readonly SearchValues<char> keyCharacters =
        SearchValues.Create([.. Enumerable.Range(0x20, 0x7f - 0x20).Select(c => (char)c).Except(@"/\#?")]);

    /// <summary>A table's name: 3 to 63 of <c>[a-z0-9]</c>, a letter first. Storage takes upper case as well, but does not tell it from lower.</summary>
    public static void CheckTable(string table)
    {
        ArgumentNullException.ThrowIfNull(table);
        if (table.Length is < 3 or > MaxTableLength || !char.IsAsciiLetterLower(table[0]) || table.AsSpan().ContainsAnyExcept(tableCharacters))
            throw new ArgumentException($"'{table}' is no table name", nameof(table));
    }

    /// <summary>A partition or row key: 1 to 512 characters of printable ASCII without <c>/ \ # ?</c>.</summary>
    public static void CheckKey(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (key.Length is 0 or > MaxKeyLength)
            throw new ArgumentException($"a key has 1 to {MaxKeyLength} characters, not {key.Length}", nameof(key));
        if (key.AsSpan().ContainsAnyExcept(keyCharacters))
            throw new ArgumentException($"the key '{key}' has a character that no key may have", nameof(key));
    }

    /// <summary>What a point read names.</summary>
    public static void CheckFind(string table, string partition, string row)
    {
        CheckTable(table);
        CheckKey(partition);
        CheckKey(row);
    }

    /// <summary>A query: a page of 1 to 1,000 rows, bounds of rows only within a partition.</summary>
    public static void CheckQuery(TableQuery query)
    {
        ArgumentNullException.ThrowIfNull(query);
        if (query.Take is < 1 or > MaxTake)
            throw new ArgumentException($"a page has 1 to {MaxTake} rows, not {query.Take}", nameof(query));
        if (query.Partition is null && (query.FromRow ?? query.BeforeRow) is not null)
            throw new ArgumentException("a bound of rows needs a partition", nameof(query));
        foreach (string? key in (ReadOnlySpan<string?>)[query.Partition, query.FromRow, query.BeforeRow])
        {
            if (key is not null)
                CheckKey(key);
        }

        if (query.Where is { } where)
            CheckName(where.Property);
    }

    /// <summary>One operation: its keys, its condition and its entity.</summary>
    public static void CheckOperation(TableOperation operation)
    {
        ArgumentNullException.ThrowIfNull(operation);
        CheckKey(operation.Entity.Partition);
        CheckKey(operation.Entity.Row);

        // "*" is no version but "whatever is there" on the wire: a condition that was meant would silently be none.
        if (operation.ETag is "" or "*" || (operation.Kind == TableOperationKind.Replace && operation.ETag is null))
            throw new ArgumentException($"'{operation.ETag}' is no ETag of a row", nameof(operation));
        CheckProperties(operation.Entity);
    }

    /// <summary>A batch: 1 to 100 operations on different rows of one partition, at most 4 MiB as a request.</summary>
    public static void CheckBatch(IReadOnlyList<TableOperation> operations)
    {
        ArgumentNullException.ThrowIfNull(operations);
        if (operations.Count is 0 or > MaxBatch)
            throw new ArgumentException($"a batch has 1 to {MaxBatch} operations, not {operations.Count}", nameof(operations));
        long size = 0;
        var rows = new HashSet<string>(StringComparer.Ordinal);
        foreach (TableOperation operation in operations)
        {
            CheckOperation(operation);
            if (operation.Entity.Partition != operations[0].Entity.Partition)
                throw new ArgumentException("a batch is of one partition", nameof(operations));
            if (!rows.Add(operation.Entity.Row))
                throw new ArgumentException($"a batch has the row '{operation.Entity.Row}' twice", nameof(operations));
            size += RequestSize(operation.Entity);
        }

        if (size > MaxBatchBytes)
            throw new ArgumentException($"a batch has at most {MaxBatchBytes} bytes, not {size}", nameof(operations));
    }

    /// <summary>Whether that many operations of that size can be one batch.</summary>
    public static bool FitBatch(IReadOnlyCollection<TableOperation> operations)
    {
        ArgumentNullException.ThrowIfNull(operations);
        return operations.Count is > 0 and <= MaxBatch && operations.Sum(o => RequestSize(o.Entity)) <= MaxBatchBytes;
    }

    /// <summary>The bytes that the service counts for an entity: the formula of its documentation.</summary>
    public static long EntitySize(TableEntity entity)
    {
        ArgumentNullException.ThrowIfNull(entity);
        long size = 4 + (2L * (entity.Partition.Length + entity.Row.Length));
        foreach ((string name, object value) in entity.Properties)
            size += 8 + (2L * name.Length) + ValueSize(value);
        return size;
    }

    /// <summary>An upper bound of what an entity's operation takes in a batch's request, which is JSON: binary as base64, a character as an escape at worst.</summary>
    public static long RequestSize(TableEntity entity)
    {
        ArgumentNullException.ThrowIfNull(entity);
        long size = OperationOverhead + (6L * (entity.Partition.Length + entity.Row.Length));
        foreach ((string name, object value) in entity.Properties)
        {
            // The name stands twice, the second time with the value's type.
            size += (2 * name.Length) + 64 + value switch
            {
                string text => JsonLength(text),
                byte[] binary => (binary.Length + 2L) / 3 * 4,
                _ => 0,
            };
        }

        return size;
    }

    private static void CheckProperties(TableEntity entity)
    {
        if (entity.Properties.Count > MaxProperties)
            throw new ArgumentException($"an entity has at most {MaxProperties} properties, not {entity.Properties.Count}", nameof(entity));
        foreach ((string name, object value) in entity.Properties)
        {
            CheckName(name);
            CheckValue(name, value);
        }

        if (EntitySize(entity) is var size and > MaxEntityBytes)
            throw new ArgumentException($"an entity has at most {MaxEntityBytes} bytes, not {size}", nameof(entity));
    }

    private static void CheckName(string name)
    {
        bool valid = name.Length is > 0 and <= 255
            && char.IsAsciiLetter(name[0])
            && name.All(char.IsAsciiLetterOrDigit)
            && name is not ("PartitionKey" or "RowKey" or "Timestamp");
        if (!valid)
            throw new ArgumentException($"'{name}' is no name of a property", nameof(name));
    }

    private static void CheckValue(string name, object value)
    {
        int size = value switch
        {
            string text => text.Length * sizeof(char),
            byte[] binary => binary.Length,
            _ => 0,
        };
        if (size > MaxPropertyBytes)
            throw new ArgumentException($"the property '{name}' has {size} bytes, and may have {MaxPropertyBytes}", nameof(value));
        if (value is string characters && !IsWellFormed(characters))
            throw new ArgumentException($"the property '{name}' has half a surrogate pair, which storage would replace", nameof(value));
        if (value is DateTimeOffset time && time < earliestTime)
            throw new ArgumentException($"the property '{name}' is a time before 1601", nameof(value));
    }

    private static bool IsWellFormed(string text)
    {
        ReadOnlySpan<char> rest = text;
        while (rest.IndexOfAnyInRange('\ud800', '\udfff') is var at and >= 0)
        {
            if (Rune.DecodeFromUtf16(rest[at..], out _, out int length) != OperationStatus.Done)
                return false;
            rest = rest[(at + length)..];
        }

        return true;
    }

    private static long ValueSize(object value) => value switch
    {
        string text => 4 + (2L * text.Length),
        byte[] binary => 4L + binary.Length,
        bool => 1,
        _ => 8,
    };

    private static long JsonLength(string text)
    {
        long length = 0;
        foreach (char c in text)
            length += c is >= ' ' and <= '~' and not ('"' or '\\' or '&' or '\'' or '+' or '<' or '>' or '`') ? 1 : 6;
        return length;
    }
}
