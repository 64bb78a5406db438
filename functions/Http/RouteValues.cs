using Registry.Digests;
using Registry.Errors;
using Registry.Repositories;

namespace Registry.Functions.Http;

/// <summary>What a request names, validated: from the path, which the routes have matched already, and the query.</summary>
internal static class RouteValues
{
    /// <exception cref="RegistryException">No such endpoint: a route's own words match in any case (<c>/V2/</c>). Or <c>NAME_INVALID</c>.</exception>
    public static (RepositoryName Repository, string Reference) Target(this HttpContext context)
    {
        var path = RegistryPath.Parse(context.Request.Path.Value);
        if (path.Kind == EndpointKind.None)
            throw new RegistryException(RegistryError.NotFound);
        return (RepositoryName.Parse(path.Name), path.Reference);
    }

    /// <exception cref="RegistryException"><c>BLOB_UPLOAD_UNKNOWN</c>: the registry hands out UUIDs only.</exception>
    public static (RepositoryName Repository, Guid Upload) UploadTarget(this HttpContext context)
    {
        var (repository, reference) = context.Target();

        // As it was handed out: a Guid is also read from upper case, and with white space around it.
        return Guid.TryParseExact(reference, "D", out var id) && id.ToString("D") == reference
            ? (repository, id)
            : throw new RegistryException(RegistryError.BlobUploadUnknown, "not an upload's id");
    }

    /// <summary>A query parameter that is given once, or null.</summary>
    public static string? Query(this HttpContext context, string name)
    {
        var value = context.Request.Query[name];
        return value.Count == 0 ? null : value[^1] ?? "";
    }

    /// <summary>A digest among the query parameters, or null. The plus of a tarsum arrives as a blank from a client that wrote it plainly, as RFC 3986 lets it, and no digest has a blank.</summary>
    /// <exception cref="RegistryException"><c>DIGEST_INVALID</c></exception>
    public static Digest? QueryDigest(this HttpContext context, string name) =>
        context.Query(name) is { } text ? Digest.Parse(text.Replace(' ', '+')) : null;
}
