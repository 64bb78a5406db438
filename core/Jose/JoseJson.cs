using System.Buffers;
using System.Text.Json;

namespace Registry.Jose;

/// <summary>Reads JSON of strangers: no member twice (two readers would each believe another one), no depth, nothing after it.</summary>
internal static class JoseJson
{
    private static readonly JsonDocumentOptions options = new() { AllowDuplicateProperties = false, MaxDepth = 8 };

    private static readonly SearchValues<char> base64Url = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    /// <exception cref="JoseException">It is not a JSON object of that kind.</exception>
    public static JsonDocument Parse(ReadOnlyMemory<byte> json, string what)
    {
        var document = ParseAny(json, what);
        if (document.RootElement.ValueKind == JsonValueKind.Object)
            return document;
        document.Dispose();
        throw new JoseException($"{what} is no JSON object");
    }

    /// <exception cref="JoseException">It is not JSON of that kind.</exception>
    public static JsonDocument ParseAny(ReadOnlyMemory<byte> json, string what)
    {
        try
        {
            return JsonDocument.Parse(json, options);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // The second is what the search for members that are there twice says of a name that is not Unicode.
            throw new JoseException($"{what} is no JSON that can be relied on", e);
        }
    }

    public static string? FindString(this JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.Text() : null;

    /// <exception cref="JoseException">The string is none: half a surrogate pair, or no UTF-8. The parser does not look at that.</exception>
    public static string Text(this JsonElement value)
    {
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException e)
        {
            throw new JoseException("a string is no text", e);
        }
    }

    /// <exception cref="JoseException">It is not base64url without padding (RFC 7515, section 2). The framework's decoder would pass over padding and white space.</exception>
    public static byte[] Base64Url(string? text, string what)
    {
        if (text is null || text.AsSpan().ContainsAnyExcept(base64Url))
            throw new JoseException($"{what} is not base64url");
        try
        {
            return System.Buffers.Text.Base64Url.DecodeFromChars(text);
        }
        catch (FormatException e)
        {
            throw new JoseException($"{what} is not base64url", e);
        }
    }
}
