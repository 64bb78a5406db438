using System.Buffers.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Registry.Access;
using Registry.Repositories;

namespace Registry.Functions.Access;

/// <summary>Signs URLs of uploads, because clients drop credentials when an upload goes on at another host: who may go on with which upload, and until when.</summary>
/// <remarks>
/// It is sealed by the same key ring as tokens, under a purpose of its own, so any instance on the same storage opens it and nothing else does.
/// Who it was issued to is in it: whoever loses an account or a right loses the URL with it.
/// </remarks>
internal sealed partial class UploadSignatures(KeyRing ring, TimeSpan lifetime, TimeProvider time)
{
    /// <summary>The query parameter. Clients add their own (<c>digest</c>) and keep ours.</summary>
    public const string Parameter = "signature";

    /// <summary>Far longer than any that is issued: a name of 255 characters is most of it.</summary>
    private const int MaxLength = 2048;

    private const string Purpose = "Registry.UploadUrl.v1";

    public string Issue(Principal principal, RepositoryName repository, Guid upload)
    {
        var payload = new UploadUrlPayload(principal.Name.ToString(), principal.Version, (time.GetUtcNow() + lifetime).ToUnixTimeSeconds(), repository.ToString(), upload);
        return Base64Url.EncodeToString(ring.Protect(Purpose, JsonSerializer.SerializeToUtf8Bytes(payload, UploadUrlJson.Default.UploadUrlPayload)));
    }

    /// <summary>Opens a signature; null when it is none of ours, altered, or another upload's.</summary>
    public UploadSignature? Find(string text, RepositoryName repository, Guid upload)
    {
        if (text.Length is 0 or > MaxLength || !Base64Url.IsValid(text) || ring.Unprotect(Purpose, Base64Url.DecodeFromChars(text)) is not { } opened)
            return null;

        // What opens was sealed by us, so it is as it was written.
        var payload = JsonSerializer.Deserialize(opened, UploadUrlJson.Default.UploadUrlPayload)!;
        if (payload.Upload != upload || payload.Repository != repository.ToString() || !AccountName.TryParse(payload.Name, out var name))
            return null;
        return new UploadSignature(name.IsAnonymous ? Principal.Anonymous : new Principal(name, payload.Version), time.GetUtcNow().ToUnixTimeSeconds() >= payload.End);
    }

    /// <summary>Short names: it goes with every request of an upload.</summary>
    internal sealed record UploadUrlPayload(
        [property: JsonPropertyName("n")] string Name,
        [property: JsonPropertyName("v")] string Version,
        [property: JsonPropertyName("e")] long End,
        [property: JsonPropertyName("r")] string Repository,
        [property: JsonPropertyName("u")] Guid Upload);

    [JsonSerializable(typeof(UploadUrlPayload))]
    internal sealed partial class UploadUrlJson : JsonSerializerContext;
}

/// <param name="Principal">Who began the upload.</param>
/// <param name="IsOver">Whether its time has passed.</param>
internal sealed record UploadSignature(Principal Principal, bool IsOver);
