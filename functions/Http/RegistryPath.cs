namespace Registry.Functions.Http;

/// <summary>What a path under <c>/v2/</c> names, as text: nothing is validated yet.</summary>
/// <param name="Kind">The endpoint.</param>
/// <param name="Name">The repository.</param>
/// <param name="Reference">The digest, tag or upload id; empty where the endpoint has none.</param>
public readonly record struct RegistryPath(EndpointKind Kind, string Name, string Reference)
{
    /// <summary>Takes a path apart, from its end: a repository may itself be called <c>a/blobs/b</c>.</summary>
    public static RegistryPath Parse(string? path)
    {
        if (path is null || !path.StartsWith("/v2/", StringComparison.Ordinal))
            return default;
        var whole = new Rest(path.AsSpan("/v2/".Length));
        var two = whole.Before(out var last).Before(out var kind);
        var three = two.Before(out var above);
        if (above is "blobs" && kind is "uploads")
            return three.Name(last.IsEmpty ? EndpointKind.UploadStart : EndpointKind.UploadSession, last);
        if (above is "tags" && kind is "list" && last.IsEmpty)
            return three.Name(EndpointKind.TagsList, "");
        return kind switch
        {
            "blobs" when last is "uploads" => two.Name(EndpointKind.UploadStart, ""),
            "blobs" => two.Name(EndpointKind.Blob, last),
            "manifests" => two.Name(EndpointKind.Manifest, last),
            "tags" when last is "list" => two.Name(EndpointKind.TagsList, ""),
            "referrers" => two.Name(EndpointKind.Referrers, last),
            _ => default,
        };
    }

    /// <summary>What is left of a path when parts were taken from its end. Of "" a part is left, which is empty; of nothing none is.</summary>
    private readonly ref struct Rest(ReadOnlySpan<char> text, bool isThere = true)
    {
        private readonly ReadOnlySpan<char> text = text;

        public Rest Before(out ReadOnlySpan<char> last)
        {
            var slash = text.LastIndexOf('/');
            last = text[(slash + 1)..];
            return slash < 0 ? new Rest([], isThere: false) : new Rest(text[..slash]);
        }

        public RegistryPath Name(EndpointKind kind, ReadOnlySpan<char> reference) =>
            isThere ? new(kind, text.ToString(), reference.ToString()) : default;
    }
}

public enum EndpointKind
{
    None,
    Blob,
    UploadStart,
    UploadSession,
    Manifest,
    TagsList,
    Referrers,
}
