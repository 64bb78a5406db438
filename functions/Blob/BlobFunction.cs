using Registry.Digests;
using Registry.Functions.Hosting;
using Registry.Functions.Http;
using Registry.Layers;
using Registry.Repositories;
using Registry.Telemetry;

namespace Registry.Functions.Blob;

/// <summary>GET, HEAD and DELETE /v2/NAME/blobs/DIGEST (end-2, end-10).</summary>
public sealed class BlobFunction(LayerService layers, RedirectSettings redirect) : IFunction
{
    private const string ContentType = "application/octet-stream";

    public async Task Run(HttpContext context)
    {
        var (repository, reference) = context.Target();
        var digest = Digest.Parse(reference);
        if (HttpMethods.IsDelete(context.Request.Method))
            await Delete(context, repository, digest);
        else if (HttpMethods.IsHead(context.Request.Method))
            await Head(context, repository, digest);
        else
            await Get(context, repository, digest);
    }

    private async Task Get(HttpContext context, RepositoryName repository, Digest digest)
    {
        await using var layer = await layers.Open(repository, digest, context.RequestAborted);

        // A range that selects nothing is refused here also when the content comes from storage, which would ignore some of those.
        ContentWriter.RequestedRange(context.Request, layer.Digest.ToString(), layer.Length);
        if (redirect.Enabled && !IsSuffix(context.Request) && await layers.SignReadUrl(layer, redirect.Lifetime, context.RequestAborted) is { } url)
        {
            RegistryMetrics.Bytes.Add(layer.Length, RegistryMetrics.Of(RegistryMetrics.Direction, "redirected"));
            context.Response.StatusCode = StatusCodes.Status307TemporaryRedirect;
            context.Response.Headers.Location = url.AbsoluteUri;
            context.Response.Headers[Responses.DigestHeader] = digest.ToString();
            context.Response.Headers.CacheControl = "no-store";
            context.Response.ContentLength = 0;
            return;
        }

        if (Begin(context, digest, layer.Digest, layer.Length) is not { Length: > 0 } range)
            return;
        await using var content = await layer.OpenRange(range.Offset, range.Length, context.RequestAborted);
        await content.CopyTo(context.Response, context.RequestAborted);
        RegistryMetrics.Bytes.Add(range.Length, RegistryMetrics.Of(RegistryMetrics.Direction, "out"));
    }

    // Blob storage does not know "the last n bytes" and would answer with all of them.
    private static bool IsSuffix(HttpRequest request) => request.Headers.Range.ToString().StartsWith("bytes=-", StringComparison.OrdinalIgnoreCase);

    private async Task Head(HttpContext context, RepositoryName repository, Digest digest)
    {
        var link = await layers.Find(repository, digest, context.RequestAborted) ?? throw LayerService.Unknown(digest);
        Begin(context, digest, link.Digest, link.Size);
    }

    // The digest that is told is the one that was asked for. A tarsum may come to stand for another archive, so a cache has to ask, by the digest of the bytes.
    private static ByteRange? Begin(HttpContext context, Digest asked, Digest actual, long size)
    {
        context.Response.Headers.CacheControl = asked == actual ? Responses.Immutable : "no-cache";
        return ContentWriter.Begin(context, asked.ToString(), ContentType, size, actual.ToString());
    }

    private async Task Delete(HttpContext context, RepositoryName repository, Digest digest)
    {
        await layers.Delete(repository, digest, context.RequestAborted);
        context.Response.StatusCode = StatusCodes.Status202Accepted;
        context.Response.ContentLength = 0;
    }
}
