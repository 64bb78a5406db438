using System.Globalization;
using System.Text.Json;

namespace Registry.Storage.Azure;

/// <summary>Reads rows as the table service writes them with minimal metadata, straight from the response.</summary>
internal sealed class EntityReader(DateTimeOffset readAt)
{
    // The keys, the ETag and the time must be known to make a row, and may come after its properties.
    private readonly List<(string Name, object Value)> properties = [];

    /// <summary>Reads an answer that is one row.</summary>
    /// <exception cref="JsonException">It is not.</exception>
    /// <exception cref="FormatException">A value is not of its type.</exception>
    public TableEntity ReadOne(ReadOnlySpan<byte> answer)
    {
        var json = new Utf8JsonReader(answer);
        Expect(json.Read() && json.TokenType == JsonTokenType.StartObject);
        return ReadEntity(ref json);
    }

    /// <summary>Reads an answer that is a page of rows.</summary>
    /// <exception cref="JsonException">It is not.</exception>
    /// <exception cref="FormatException">A value is not of its type.</exception>
    public List<TableEntity> ReadPage(ReadOnlySpan<byte> answer)
    {
        var json = new Utf8JsonReader(answer);
        Expect(json.Read() && json.TokenType == JsonTokenType.StartObject);
        var rows = new List<TableEntity>();
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            bool isRows = json.ValueTextEquals("value"u8);
            Expect(json.Read());
            if (!isRows)
            {
                json.Skip();
                continue;
            }

            Expect(json.TokenType == JsonTokenType.StartArray);
            while (json.Read() && json.TokenType == JsonTokenType.StartObject)
                rows.Add(ReadEntity(ref json));
        }

        return rows;
    }

    private TableEntity ReadEntity(ref Utf8JsonReader json)
    {
        properties.Clear();
        string? partition = null, row = null, etag = null, typed = null, type = null;
        DateTimeOffset? timestamp = null;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            string name = json.GetString()!;
            Expect(json.Read());
            switch (name)
            {
                case "PartitionKey":
                    partition = json.GetString();
                    break;
                case "RowKey":
                    row = json.GetString();
                    break;
                case "Timestamp":
                    timestamp = json.GetDateTimeOffset();
                    break;
                case "odata.etag":
                    etag = json.GetString();
                    break;
                case var _ when name.StartsWith("odata.", StringComparison.Ordinal):
                    json.Skip();
                    break;
                case var _ when name.EndsWith("@odata.type", StringComparison.Ordinal):
                    (typed, type) = (name[..^"@odata.type".Length], json.GetString());
                    Expect(!properties.Exists(p => p.Name == typed));
                    break;
                default:
                    properties.Add((name, ReadValue(ref json, typed == name ? type : null)));
                    break;
            }
        }

        Expect(json.TokenType == JsonTokenType.EndObject && partition is not null && row is not null && etag is not null && timestamp is not null);
        var entity = new TableEntity(partition!, row!) { ETag = etag!, Timestamp = timestamp!.Value, ReadAt = readAt };
        foreach ((string name, object value) in properties)
            Set(entity, name, value);
        return entity;
    }

    /// <summary>Reads a value of the type that stood before it; without one it is what JSON says. 32-bit numbers are read, too, though we write none.</summary>
    private static object ReadValue(ref Utf8JsonReader json, string? type) => (type, json.TokenType) switch
    {
        (null or "Edm.String", JsonTokenType.String) => json.GetString()!,
        (null or "Edm.Boolean", JsonTokenType.True or JsonTokenType.False) => json.GetBoolean(),
        (null or "Edm.Int32", JsonTokenType.Number) => (long)json.GetInt32(),
        ("Edm.Int64", JsonTokenType.String) => long.Parse(json.GetString()!, CultureInfo.InvariantCulture),
        ("Edm.DateTime", JsonTokenType.String) => json.GetDateTimeOffset().ToUniversalTime(),
        ("Edm.Binary", JsonTokenType.String) => json.GetBytesFromBase64(),
        _ => throw new JsonException($"a property of type {type ?? json.TokenType.ToString()}"),
    };

    private static void Set(TableEntity entity, string name, object value) => _ = value switch
    {
        string text => entity.Set(name, text),
        long number => entity.Set(name, number),
        bool flag => entity.Set(name, flag),
        DateTimeOffset time => entity.Set(name, time),
        _ => entity.Set(name, (byte[])value),
    };

    private static void Expect(bool condition)
    {
        if (!condition)
            throw new JsonException("the answer is no row, or no page of rows");
    }
}
