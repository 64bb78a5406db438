using System.Buffers.Text;
using System.Text.Json;

namespace Registry.Access.Oidc;

/// <summary>Reads JSON of strangers: no member twice (two readers would each believe another one), no depth, nothing after it.</summary>
internal static class OidcJson
{
    private static readonly JsonDocumentOptions options = new() { AllowDuplicateProperties = false, MaxDepth = 8 };

    /// <exception cref="OidcException">It is not a JSON object of that kind.</exception>
    public static JsonDocument Parse(ReadOnlyMemory<byte> json, string what)
    {
        try
        {
            var document = JsonDocument.Parse(json, options);
            if (document.RootElement.ValueKind == JsonValueKind.Object)
                return document;
            document.Dispose();
        }
        catch (JsonException e)
        {
            throw new OidcException($"{what} is no JSON that can be relied on", e);
        }

        throw new OidcException($"{what} is no JSON object");
    }

    public static string? FindString(this JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.Text() : null;

    /// <exception cref="OidcException">The string is none: half a surrogate pair, or no UTF-8. The parser does not look at that.</exception>
    public static string Text(this JsonElement value)
    {
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException e)
        {
            throw new OidcException("a string is no text", e);
        }
    }

    /// <exception cref="OidcException">It is not base64url without padding.</exception>
    public static byte[] Base64Url(string? text, string what)
    {
        if (text is null || text.Contains('='))
            throw new OidcException($"{what} is not base64url");
        try
        {
            return System.Buffers.Text.Base64Url.DecodeFromChars(text);
        }
        catch (FormatException e)
        {
            throw new OidcException($"{what} is not base64url", e);
        }
    }
}
