using System.Text;
using System.Text.Json;
using Xunit.Sdk;

namespace Registry.Tests.Support;

/// <summary>A request and its answer, recorded. Whatever it asserts fails with both of them printed.</summary>
/// <param name="Request">The request as text, for the reader of a failure.</param>
/// <param name="StatusCode">The answer's status.</param>
/// <param name="Headers">The answer's headers; those that came more than once are joined as RFC 9110, section 5.3 joins them.</param>
/// <param name="Content">The answer's body.</param>
public sealed record Exchange(string Request, int StatusCode, IReadOnlyDictionary<string, string> Headers, byte[] Content)
{
    private const int Shown = 2000;

    public string Text => Encoding.UTF8.GetString(Content);

    public string? Header(string name) => Headers.GetValueOrDefault(name);

    /// <summary>Where the answer sends the client.</summary>
    public string Location => Header("Location") ?? throw Failure("a Location");

    public JsonElement Json
    {
        get
        {
            try
            {
                using var json = JsonDocument.Parse(Content);
                return json.RootElement.Clone();
            }
            catch (JsonException e)
            {
                throw Failure($"JSON ({e.Message})");
            }
        }
    }

    /// <summary>The strings of a list in the body: tags, repositories.</summary>
    public IReadOnlyList<string> Names(string property) => [.. Json.GetProperty(property).EnumerateArray().Select(n => n.GetString()!)];

    /// <summary>The digests of an index's descriptors.</summary>
    public IReadOnlyList<string> Digests => [.. Json.GetProperty("manifests").EnumerateArray().Select(d => d.GetProperty("digest").GetString()!)];

    public Exchange Is(int status) => StatusCode == status ? this : throw Failure($"status {status}");

    public Exchange Has(string header, string? value) => Header(header) == value ? this : throw Failure(value is null ? $"no {header}" : $"{header}: {value}");

    public Exchange HasBody(ReadOnlySpan<byte> expected) => expected.SequenceEqual(Content) ? this : throw Failure($"a body of {expected.Length} bytes: {Show(expected)}");

    /// <summary>A refusal: this status, and the envelope with these codes, in this order (distribution-spec, "Error Codes").</summary>
    public Exchange IsError(int status, params string[] codes)
    {
        Is(status).Has("Content-Type", "application/json").Has("Content-Length", $"{Content.Length}");
        return Codes().SequenceEqual(codes) ? this : throw Failure($"the codes {string.Join(", ", codes)}");
    }

    /// <summary>The codes of the envelope, each of whose entries must be well-formed.</summary>
    public IReadOnlyList<string> Codes() =>
        [.. Json.TryGetProperty("errors", out var errors) ? errors.EnumerateArray().Select(Code) : throw Failure("an error envelope")];

    /// <summary>What one error of the envelope is about.</summary>
    public JsonElement Detail(int index = 0) =>
        Json.GetProperty("errors")[index].TryGetProperty("detail", out var detail) ? detail : throw Failure("a detail");

    /// <summary>To be thrown when the answer is not what the test expects.</summary>
    public XunitException Failure(string expected)
    {
        var text = new StringBuilder($"Expected {expected}.\n\n{Request}\n\n").Append(StatusCode).Append('\n');
        foreach (var (name, value) in Headers)
            text.Append(name).Append(": ").Append(value).Append('\n');
        return new XunitException(text.Append('\n').Append(Show(Content)).ToString());
    }

    public override string ToString() => $"{Request.Split('\n')[0]} → {StatusCode}";

    /// <summary>Bytes for a reader: as text where they are text, and not too many.</summary>
    public static string Show(ReadOnlySpan<byte> bytes)
    {
        var shown = bytes[..Math.Min(bytes.Length, Shown)];
        var text = shown.ContainsAnyExceptInRange((byte)' ', (byte)'~') && shown.ContainsAnyInRange((byte)0, (byte)8)
            ? Convert.ToHexStringLower(shown)
            : Encoding.UTF8.GetString(shown);
        return bytes.Length > Shown ? $"{text}… ({bytes.Length} bytes)" : text;
    }

    private string Code(JsonElement error)
    {
        var wellFormed = error.TryGetProperty("code", out var code) && code.ValueKind == JsonValueKind.String
            && error.TryGetProperty("message", out var message) && message.GetString() is { Length: > 0 };
        return wellFormed ? code.GetString()! : throw Failure("a code and a message in each error");
    }
}
