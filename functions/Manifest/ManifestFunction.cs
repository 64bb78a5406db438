using System.Buffers;
using Registry.Errors;
using Registry.Functions.Http;
using Registry.Manifests;
using Registry.Repositories;

namespace Registry.Functions.Manifest;

/// <summary>GET, HEAD, PUT and DELETE /v2/NAME/manifests/REFERENCE (end-3, end-7, end-9).</summary>
public sealed class ManifestFunction(ManifestService manifests, ManifestOptions options, PublicUrls urls) : IFunction
{
    public async Task Run(HttpContext context)
    {
        var (repository, text) = context.Target();
        var reference = Reference.Parse(text);
        switch (context.Request.Method)
        {
            case "PUT":
                await Put(context, repository, reference);
                break;
            case "DELETE":
                await manifests.Delete(repository, reference, context.RequestAborted);
                context.Response.StatusCode = StatusCodes.Status202Accepted;
                context.Response.ContentLength = 0;
                break;
            case "HEAD":
                Begin(context, reference, await manifests.Stat(repository, reference, context.RequestAborted));
                break;
            default:
                var manifest = await manifests.Get(repository, reference, context.RequestAborted);
                if (Begin(context, reference, manifest.Info) is { } range)
                    await context.Response.Body.WriteAsync(manifest.Content.Slice((int)range.Offset, (int)range.Length), context.RequestAborted);
                break;
        }
    }

    // By digest the content never changes, unless the digest is not that of the bytes: a signed manifest may be signed again. A tag may point elsewhere the
    // next moment. In both cases a cache has to ask; the ETag, which is the bytes' digest, makes that cheap.
    private static ByteRange? Begin(HttpContext context, Reference reference, ManifestInfo info)
    {
        context.Response.Headers.CacheControl = reference.Digest is null || info.Bytes != info.Digest ? "no-cache" : Responses.Immutable;
        return ContentWriter.Begin(context, info.Digest.ToString(), info.MediaType, info.Size, info.Bytes.ToString());
    }

    private async Task Put(HttpContext context, RepositoryName repository, Reference reference)
    {
        var tags = context.Request.Query["tag"].Select(t => Tag.Parse(t)).ToList();
        var content = await ReadBody(context);
        var stored = await manifests.Put(repository, reference, tags, context.Request.ContentType, content, context.RequestAborted);

        var headers = context.Response.Headers;
        context.Response.StatusCode = StatusCodes.Status201Created;
        headers.Location = urls.Of($"/v2/{repository}/manifests/{stored.Digest}");
        headers[Responses.DigestHeader] = stored.Digest.ToString();
        if (stored.Subject is { } subject)
            headers["OCI-Subject"] = subject.ToString();
        if (tags.Count > 0)
            headers["OCI-Tag"] = string.Join(", ", tags);
        context.Response.ContentLength = 0;
    }

    // Content-Length may be missing or lie, so the limit is held while reading.
    private async Task<byte[]> ReadBody(HttpContext context)
    {
        var body = context.Request.BodyReader;
        while (true)
        {
            var read = await body.ReadAsync(context.RequestAborted);
            if (read.Buffer.Length > options.MaxSize)
            {
                body.AdvanceTo(read.Buffer.End);
                throw new RegistryException(RegistryError.ManifestTooLarge, $"the manifest has more than {options.MaxSize} bytes");
            }

            if (read.IsCompleted)
            {
                var content = read.Buffer.ToArray();
                body.AdvanceTo(read.Buffer.End);
                return content;
            }

            body.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }
}
