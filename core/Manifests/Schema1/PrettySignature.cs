using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Registry.Jose;

namespace Registry.Manifests.Schema1;

/// <summary>One entry of <c>signatures</c>: <c>{"header":{"jwk":{…},"alg":…},"signature":…,"protected":…}</c>.</summary>
internal sealed class PrettySignature
{
    private readonly JoseKey key;
    private readonly byte[] signature;
    private readonly byte[] protectedText;

    private PrettySignature(JoseKey key, string keyId, byte[] signature, byte[] protectedText, int formatLength, byte[] formatTail)
    {
        this.key = key;
        this.signature = signature;
        this.protectedText = protectedText;
        KeyId = keyId;
        FormatLength = formatLength;
        FormatTail = formatTail;
    }

    public string KeyId { get; }

    /// <summary>Bytes of the payload that stand at the beginning of the signed document.</summary>
    public int FormatLength { get; }

    /// <summary>The payload's bytes after those.</summary>
    public byte[] FormatTail { get; }

    /// <exception cref="JoseException">It is no signature, or not one that is accepted.</exception>
    public static PrettySignature Read(JsonElement entry)
    {
        var header = Member(entry, "header");
        var text = entry.FindString("protected") ?? throw new JoseException("'protected' is missing");
        using var protectedHeader = JoseJson.Parse(JoseJson.Base64Url(text, "'protected'"), "'protected'");
        RequireNoMore(header, protectedHeader.RootElement);
        var (key, id) = ReadKey(header);
        return new PrettySignature(
            key,
            id,
            JoseJson.Base64Url(entry.FindString("signature"), "'signature'"),
            Encoding.ASCII.GetBytes(text),
            protectedHeader.RootElement.TryGetProperty("formatLength", out var length) && length.ValueKind == JsonValueKind.Number && length.TryGetInt32(out var bytes)
                ? bytes
                : throw new JoseException("'formatLength' is no number of bytes"),
            JoseJson.Base64Url(protectedHeader.RootElement.FindString("formatTail"), "'formatTail'"));
    }

    /// <param name="payload">The payload in base64url: what is signed is the protected header as it came, a dot, and that (RFC 7515, section 5.2).</param>
    public bool Verifies(ReadOnlySpan<byte> payload)
    {
        using var hash = IncrementalHash.CreateHash(key.Algorithm.Hash);
        hash.AppendData(protectedText);
        hash.AppendData("."u8);
        hash.AppendData(payload);
        return key.Verifies(hash.GetHashAndReset(), signature);
    }

    // RFC 7515: what "crit" names must be understood, and nothing is (4.1.11); no name is in both headers (7.2.1).
    private static void RequireNoMore(JsonElement header, JsonElement protectedHeader)
    {
        if (header.TryGetProperty("crit", out _) || protectedHeader.TryGetProperty("crit", out _))
            throw new JoseException("it has critical extensions");

        // libtrust takes the key of the first certificate then, and not the one in "jwk".
        if (header.TryGetProperty("x5c", out _))
            throw new JoseException("it is signed by a certificate ('x5c'); the key must be in 'jwk'");
        foreach (var member in header.EnumerateObject())
        {
            if (protectedHeader.TryGetProperty(member.Name, out _))
                throw new JoseException("'header' and 'protected' have a member of one name");
        }
    }

    private static (JoseKey Key, string Id) ReadKey(JsonElement header)
    {
        var jwk = Member(header, "jwk");
        var key = JoseKey.Read(jwk) ?? throw new JoseException("the key is of no kind that is accepted: EC on P-256 or P-384, or RSA of 2048 to 8192 bits");
        if (jwk.TryGetProperty("d", out _))
            throw new JoseException("the key is a private one, which everybody has now");
        if (header.FindString("alg") is var algorithm && algorithm != key.Algorithm.Name)
            throw new JoseException($"the algorithm is '{algorithm}'; a key of this kind signs with {key.Algorithm}");

        // libtrust: a key need not have an id, but a wrong one is refused.
        var id = LibtrustKeyId.Of(key.ExportSubjectPublicKeyInfo());
        if (jwk.TryGetProperty("kid", out _) && jwk.FindString("kid") != id)
            throw new JoseException($"'kid' is not the key's id, which is {id}");
        return (key, id);
    }

    private static JsonElement Member(JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Object
            ? value
            : throw new JoseException($"'{name}' is missing");
}
