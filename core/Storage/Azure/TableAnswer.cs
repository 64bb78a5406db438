using System.Text.Json;

namespace Registry.Storage.Azure;

/// <summary>The fate of one operation, as the table service tells it.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Code">The service's error code; empty for a success.</param>
/// <param name="Message">The service's error message; empty for a success.</param>
/// <param name="ETag">The row's new version, where there is one.</param>
internal readonly record struct TableAnswer(int Status, string Code, string Message, string? ETag)
{
    public bool IsSuccess => Status is >= 200 and < 300;

    /// <summary>What the answer means to a conditional write; null when it is none of a write's outcomes but a failure.</summary>
    /// <remarks>An absent table is 404 as well, and is a failure: hence the codes.</remarks>
    public TableStatus? Outcome => (Status, Code) switch
    {
        ( >= 200 and < 300, _) => TableStatus.Done,
        (409, "EntityAlreadyExists") => TableStatus.Exists,
        (412, _) => TableStatus.Changed,
        (404, "ResourceNotFound" or "EntityNotFound") => TableStatus.Missing,
        _ => null,
    };

    /// <summary>An answer with its error read from the body: <c>{"odata.error":{"code":"…","message":{"lang":"…","value":"…"}}}</c>.</summary>
    /// <param name="status">The HTTP status.</param>
    /// <param name="body">The answer's body.</param>
    /// <param name="etag">The row's new version.</param>
    /// <param name="code">The code for a failure whose body has none: what stands before the service, a gateway or a load balancer, may tell one in a header.</param>
    public static TableAnswer Read(int status, ReadOnlySpan<byte> body, string? etag, string code = "")
    {
        if (status is >= 200 and < 300)
            return new(status, "", "", etag);
        try
        {
            var json = new Utf8JsonReader(body);
            using JsonDocument document = JsonDocument.ParseValue(ref json);
            JsonElement error = document.RootElement.GetProperty("odata.error");
            return new(status, error.GetProperty("code").GetString() ?? "", error.GetProperty("message").GetProperty("value").GetString() ?? "", null);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return new(status, code, "", null);
        }
    }
}
