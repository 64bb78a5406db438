using System.Buffers;
using System.Globalization;
using System.Text.Json;

namespace Registry.Storage.Azure;

/// <summary>Writes rows as the table service reads them: JSON, with the type beside each value that JSON has no type for.</summary>
/// <remarks>Azure Storage, "Payload format for Table service operations": Edm.Int64, Edm.Binary and Edm.DateTime are strings with an <c>@odata.type</c>.</remarks>
internal static class EntityWriter
{
    private const string TypeSuffix = "@odata.type";

    public static void Write(IBufferWriter<byte> output, TableEntity entity)
    {
        // All is ASCII: what is not is escaped, so that nobody on the way can read it in another encoding.
        using var json = new Utf8JsonWriter(output);
        json.WriteStartObject();
        json.WriteString("PartitionKey"u8, entity.Partition);
        json.WriteString("RowKey"u8, entity.Row);
        foreach ((string name, object value) in entity.Properties)
            Write(json, name, value);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, string name, object value)
    {
        switch (value)
        {
            case string text:
                json.WriteString(name, text);
                break;
            case bool flag:
                json.WriteBoolean(name, flag);
                break;
            case long number:
                WriteType(json, name, "Edm.Int64"u8);
                json.WriteString(name, number.ToString(CultureInfo.InvariantCulture));
                break;
            case DateTimeOffset time:
                WriteType(json, name, "Edm.DateTime"u8);
                json.WriteString(name, time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'", CultureInfo.InvariantCulture));
                break;
            case byte[] binary:
                WriteType(json, name, "Edm.Binary"u8);
                json.WriteBase64String(name, binary);
                break;
            default:
                throw new ArgumentException($"the property '{name}' is of a type that no property can have", nameof(value));
        }
    }

    private static void WriteType(Utf8JsonWriter json, string name, ReadOnlySpan<byte> type)
    {
        Span<char> annotated = stackalloc char[256 + TypeSuffix.Length];
        name.CopyTo(annotated);
        TypeSuffix.CopyTo(annotated[name.Length..]);
        json.WriteString(annotated[..(name.Length + TypeSuffix.Length)], type);
    }
}
