using Registry.Digests;
using Registry.Errors;
using Registry.Functions.Http;
using Registry.Manifests;
using Registry.Repositories;

namespace Registry.Functions.Fallback;

/// <summary>Whatever no other route takes under /v2/: says what is wrong with it. Its name sorts last, because the Functions host asks the routes in that order.</summary>
public sealed class FallbackFunction : IFunction
{
    public Task Run(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (context.Request.Path.Value is "/v2/_catalog" or "/v2/_catalog/")
            throw NotAllowed(context, "GET");
        if (context.Request.Path.Value is "/v2" or "/v2/")
            throw NotAllowed(context, "GET, HEAD");

        var path = RegistryPath.Parse(context.Request.Path.Value);
        if (path.Kind == EndpointKind.None)
            throw new RegistryException(RegistryError.NotFound);
        RepositoryName.Parse(path.Name);
        throw path.Kind switch
        {
            EndpointKind.Blob when Digest.Parse(path.Reference) is { } => NotAllowed(context, "GET, HEAD, DELETE"),
            EndpointKind.Manifest when Reference.Parse(path.Reference) is { } => NotAllowed(context, "GET, HEAD, PUT, DELETE"),
            EndpointKind.Referrers when Digest.Parse(path.Reference) is { } => NotAllowed(context, "GET"),
            EndpointKind.UploadStart => NotAllowed(context, "POST"),
            EndpointKind.UploadSession => NotAllowed(context, "GET, PATCH, PUT, DELETE"),
            _ => NotAllowed(context, "GET"),
        };
    }

    private static RegistryException NotAllowed(HttpContext context, string allowed)
    {
        context.Response.Headers.Allow = allowed;
        return new RegistryException(RegistryError.Unsupported, $"{context.Request.Method} is not supported here; {allowed} is");
    }
}
