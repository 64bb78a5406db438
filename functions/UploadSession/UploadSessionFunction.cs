using System.IO.Pipelines;
using Registry.Errors;
using Registry.Functions.Http;
using Registry.Layers;

namespace Registry.Functions.UploadSession;

/// <summary>GET, PATCH, PUT and DELETE of an upload's location (end-13, end-5, end-6, end-14).</summary>
internal sealed class UploadSessionFunction(LayerService layers, PublicUrls urls, UploadUrls uploads) : IFunction
{
    public async Task Run(HttpContext context)
    {
        var (repository, id) = context.UploadTarget();
        var upload = await layers.Resume(repository, id, context.RequestAborted);
        switch (context.Request.Method)
        {
            case "PATCH":
                await upload.Append(context.Request.BodyReader, ContentRange.Parse(context.Request), context.RequestAborted);
                context.UploadStatus(uploads, StatusCodes.Status202Accepted, repository, id, upload.Offset);
                break;
            case "PUT":
                await Finish(context, upload);
                break;
            case "DELETE":
                await upload.Cancel(context.RequestAborted);
                context.Response.StatusCode = StatusCodes.Status204NoContent;
                break;
            default:
                await upload.RequireUnfinished(context.RequestAborted);
                context.UploadStatus(uploads, StatusCodes.Status204NoContent, repository, id, upload.Offset);
                break;
        }
    }

    private async Task Finish(HttpContext context, LayerUpload upload)
    {
        var digest = context.QueryDigest("digest") ?? throw new RegistryException(RegistryError.DigestInvalid, "the digest of the blob is missing: PUT …?digest=");
        await upload.Finish(digest, Size(context), Body(context), ContentRange.Parse(context.Request), context.RequestAborted);
        context.BlobCreated(urls, upload.Repository, digest);
    }

    private static PipeReader? Body(HttpContext context) => context.Request.ContentLength == 0 ? null : context.Request.BodyReader;

    private static long? Size(HttpContext context)
    {
        if (context.Query("size") is not { } text)
            return null;
        return long.TryParse(text, out var size) && size >= 0 ? size : throw new RegistryException(RegistryError.SizeInvalid, "size is not a number of bytes");
    }
}
