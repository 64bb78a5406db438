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
        var parts = path[4..].Split('/');
        var last = parts[^1];
        return (parts.Length > 2 ? parts[^3] : "", parts.Length > 1 ? parts[^2] : "") switch
        {
            ("blobs", "uploads") when last.Length == 0 => Make(EndpointKind.UploadStart, parts, 3, ""),
            ("blobs", "uploads") => Make(EndpointKind.UploadSession, parts, 3, last),
            (_, "blobs") when last == "uploads" => Make(EndpointKind.UploadStart, parts, 2, ""),
            (_, "blobs") => Make(EndpointKind.Blob, parts, 2, last),
            (_, "manifests") => Make(EndpointKind.Manifest, parts, 2, last),
            ("tags", "list") when last.Length == 0 => Make(EndpointKind.TagsList, parts, 3, ""),
            (_, "tags") when last == "list" => Make(EndpointKind.TagsList, parts, 2, ""),
            (_, "referrers") => Make(EndpointKind.Referrers, parts, 2, last),
            _ => default,
        };
    }

    private static RegistryPath Make(EndpointKind kind, string[] parts, int taken, string reference) =>
        parts.Length > taken ? new(kind, string.Join('/', parts[..^taken]), reference) : default;
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
