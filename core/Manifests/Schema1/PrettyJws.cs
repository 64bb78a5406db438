using System.Buffers;
using System.Text.Json;
using Registry.Errors;
using Registry.Jose;

namespace Registry.Manifests.Schema1;

/// <summary>A JSON object with its signatures inside, as docker's libtrust writes it ("pretty signature").</summary>
/// <remarks>
/// <code>
/// payload   { "name": …, "schemaVersion": 1 ⏎ }
/// signed    { "name": …, "schemaVersion": 1 , "signatures": [ … ] }
///           |------- formatLength --------|           formatTail: ⏎}
/// </code>
/// What is signed is the payload, byte for byte: the first <c>formatLength</c> bytes, and then <c>formatTail</c>. Both stand in the protected header of
/// every signature. libtrust takes any length and any tail, so that the members of the signed document could be others than those that were signed; here
/// the length must be the end of the last member before the signatures, and the tail nothing but the closing brace and white space. So both have the same members.
/// </remarks>
internal sealed class PrettyJws
{
    public const string Member = "signatures";

    /// <summary>Registries of the time added the signatures of every push to those they had, so that there may be many; each costs a verification.</summary>
    public const int MaxSignatures = 64;

    private static readonly SearchValues<byte> whiteSpace = SearchValues.Create(" \t\r\n"u8);

    private PrettyJws(ReadOnlyMemory<byte>? payload, IReadOnlyList<RegistryException.Problem> problems)
    {
        Payload = payload;
        Problems = problems;
    }

    /// <summary>What was signed; null when it cannot be told.</summary>
    public ReadOnlyMemory<byte>? Payload { get; }

    /// <summary>One <c>MANIFEST_UNVERIFIED</c> for each signature that is wrong; none when all are right.</summary>
    public IReadOnlyList<RegistryException.Problem> Problems { get; }

    /// <summary>Takes the document apart, and verifies every signature.</summary>
    /// <param name="content">A JSON object with signatures, whose syntax has been looked at.</param>
    public static PrettyJws Open(ReadOnlyMemory<byte> content)
    {
        var (length, from, to) = Find(content.Span);
        if (to < 0)
            return new PrettyJws(null, [Problem(null, $"'{Member}' is not the last member of the manifest")]);
        try
        {
            using var list = JoseJson.ParseAny(content[from..to], $"'{Member}'");
            if (list.RootElement.ValueKind != JsonValueKind.Array || list.RootElement.GetArrayLength() is 0 or > MaxSignatures)
                return new PrettyJws(null, [Problem(null, $"'{Member}' is not a list of 1 to {MaxSignatures} signatures")]);
            return Verify(content[..length], list.RootElement);
        }
        catch (JoseException e)
        {
            return new PrettyJws(null, [Problem(null, e.Message)]);
        }
    }

    private static PrettyJws Verify(ReadOnlyMemory<byte> formatted, JsonElement list)
    {
        var problems = new List<RegistryException.Problem>();
        var signatures = new List<(int Index, PrettySignature Signature)>();
        foreach (var (index, entry) in list.EnumerateArray().Index())
        {
            try
            {
                var signature = PrettySignature.Read(entry);
                if (signature.FormatLength != formatted.Length || !IsTail(signature.FormatTail))
                    throw new JoseException("its formatLength and formatTail are not those of this manifest");
                if (signatures.Count > 0 && !signature.FormatTail.AsSpan().SequenceEqual(signatures[0].Signature.FormatTail))
                    throw new JoseException("it signs another payload than the signatures before it");
                signatures.Add((index, signature));
            }
            catch (JoseException e)
            {
                problems.Add(Problem(index, e.Message));
            }
        }

        if (signatures.Count == 0)
            return new PrettyJws(null, problems);
        byte[] payload = [.. formatted.Span, .. signatures[0].Signature.FormatTail];
        var encoded = new byte[System.Buffers.Text.Base64Url.GetEncodedLength(payload.Length)];
        System.Buffers.Text.Base64Url.EncodeToUtf8(payload, encoded);
        problems.AddRange(signatures.Where(s => !s.Signature.Verifies(encoded)).Select(s => Problem(s.Index, $"the signature of key {s.Signature.KeyId} is wrong")));
        return new PrettyJws(payload, problems);
    }

    // The end of the last member before the signatures, and where their list begins and ends; an end of -1 when something follows it.
    private static (int Length, int From, int To) Find(ReadOnlySpan<byte> content)
    {
        var reader = new Utf8JsonReader(content);
        reader.Read();
        var length = (int)reader.BytesConsumed;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var found = reader.ValueTextEquals(Member);
            reader.Read();
            var from = (int)reader.TokenStartIndex;
            reader.Skip();
            var to = (int)reader.BytesConsumed;
            if (found)
                return (length, from, reader.Read() && reader.TokenType == JsonTokenType.EndObject ? to : -1);
            length = to;
        }

        throw new ArgumentException($"a document without '{Member}'", nameof(content));
    }

    private static bool IsTail(ReadOnlySpan<byte> tail)
    {
        var brace = tail.IndexOf((byte)'}');
        return brace >= 0 && !tail[..brace].ContainsAnyExcept(whiteSpace) && !tail[(brace + 1)..].ContainsAnyExcept(whiteSpace);
    }

    private static RegistryException.Problem Problem(int? index, string reason) =>
        new(RegistryError.ManifestUnverified, index is null ? reason : $"{Member}[{index}]: {reason}");
}
