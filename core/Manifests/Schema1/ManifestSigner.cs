using System.Buffers;
using System.Security.Cryptography;
using System.Text.Json;

namespace Registry.Manifests.Schema1;

/// <summary>Signs JSON as docker's libtrust does ("pretty signature"): for clients of old registries, and for tests.</summary>
/// <remarks>The registry itself never signs: what it serves was signed by who pushed it.</remarks>
public sealed class ManifestSigner(TimeProvider time)
{
    /// <summary>Adds the signatures to a payload, in libtrust's order and indentation.</summary>
    /// <param name="payload">A JSON object with at least one member, and without signatures.</param>
    /// <param name="keys">One or more private keys: <see cref="ECDsa"/> on P-256 or P-384, or <see cref="RSA"/> of 2048 to 8192 bits.</param>
    /// <returns>The signed document; its digest is that of the payload.</returns>
    /// <exception cref="ArgumentException">The payload cannot be signed, a key is of another kind, or there is none.</exception>
    public byte[] Sign(ReadOnlyMemory<byte> payload, params IReadOnlyList<AsymmetricAlgorithm> keys)
    {
        ArgumentNullException.ThrowIfNull(keys);
        ArgumentOutOfRangeException.ThrowIfZero(keys.Count);
        var length = FormatLength(payload);
        var protectedText = Protect(length, payload.Span[length..]);
        var encoded = System.Buffers.Text.Base64Url.EncodeToString(payload.Span);
        var signatures = keys.Select(k => SigningKey.Of(k)).Select(k => (Key: k, Text: System.Buffers.Text.Base64Url.EncodeToString(k.Sign($"{protectedText}.{encoded}"))))
            .OrderBy(s => s.Key.Id, StringComparer.Ordinal).ThenBy(s => s.Text, StringComparer.Ordinal);

        var indent = Indent(payload.Span);
        var output = new ArrayBufferWriter<byte>();
        output.Write(payload.Span[..length]);
        output.Write(indent.Length == 0 ? ",\"signatures\":"u8 : [.. ",\n"u8, .. indent, .. "\"signatures\": "u8]);
        output.Write(Indented(Json(signatures.Select(s => (s.Key, s.Text)), protectedText, indent), indent));
        output.Write(indent.Length == 0 ? "}"u8 : "\n}"u8);
        return output.WrittenSpan.ToArray();
    }

    // The end of the last member: what is before the closing brace and the white space around it.
    private static int FormatLength(ReadOnlyMemory<byte> payload)
    {
        try
        {
            using var json = JsonDocument.Parse(payload);
            if (json.RootElement.ValueKind != JsonValueKind.Object || json.RootElement.GetPropertyCount() == 0 || json.RootElement.TryGetProperty(PrettyJws.Member, out _))
                throw new ArgumentException("the payload is no JSON object with members and without signatures", nameof(payload));
        }
        catch (JsonException e)
        {
            throw new ArgumentException("the payload is not JSON", nameof(payload), e);
        }

        var brace = payload.Span.LastIndexOf((byte)'}');
        return payload.Span[..brace].TrimEnd(" \t\r\n"u8).Length;
    }

    private string Protect(int length, ReadOnlySpan<byte> tail)
    {
        var output = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(output))
        {
            json.WriteStartObject();
            json.WriteNumber("formatLength", length);
            json.WriteString("formatTail", System.Buffers.Text.Base64Url.EncodeToString(tail));
            json.WriteString("time", time.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture));
            json.WriteEndObject();
        }

        return System.Buffers.Text.Base64Url.EncodeToString(output.WrittenSpan);
    }

    // What the first member is indented by, if the payload has a line for each; else nothing, and the signatures come on the same line.
    private static byte[] Indent(ReadOnlySpan<byte> payload)
    {
        if (!payload.StartsWith("{\n"u8))
            return [];
        var indent = payload[2..(payload[2..].IndexOf((byte)'"') + 2)];
        var isOne = indent.Length is > 0 and <= 127 && indent[0] is (byte)' ' or (byte)'\t' && !indent.ContainsAnyExcept(indent[0]);
        return isOne ? indent.ToArray() : [];
    }

    private static byte[] Json(IEnumerable<(SigningKey Key, string Text)> signatures, string protectedText, byte[] indent)
    {
        var output = new ArrayBufferWriter<byte>();
        var options = indent.Length == 0
            ? default
            : new JsonWriterOptions { Indented = true, IndentCharacter = (char)indent[0], IndentSize = indent.Length, NewLine = "\n" };
        using (var json = new Utf8JsonWriter(output, options))
        {
            json.WriteStartArray();
            foreach (var (key, text) in signatures)
            {
                json.WriteStartObject();
                json.WriteStartObject("header");
                json.WriteStartObject("jwk");
                foreach (var (name, value) in key.Members)
                    json.WriteString(name, value);
                json.WriteEndObject();
                json.WriteString("alg", key.Algorithm.Name);
                json.WriteEndObject();
                json.WriteString("signature", text);
                json.WriteString("protected", protectedText);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        return output.WrittenSpan.ToArray();
    }

    // The list stands within the payload, so each line of it is indented once more. No string of it has a line break.
    private static byte[] Indented(byte[] json, byte[] indent)
    {
        var output = new ArrayBufferWriter<byte>();
        foreach (var line in json.AsSpan().Split((byte)'\n'))
        {
            if (line.Start.Value > 0)
                output.Write([(byte)'\n', .. indent]);
            output.Write(json.AsSpan(line));
        }

        return output.WrittenSpan.ToArray();
    }
}
