using Registry.Digests;
using Registry.Errors;
using Registry.Functions.Access;
using Registry.Functions.Http;
using Registry.Layers;
using Registry.Repositories;

namespace Registry.Functions.UploadStart;

/// <summary>POST /v2/NAME/blobs/uploads/ : begins an upload (end-4a, end-4c), stores a whole blob (end-4b), or mounts one (end-11).</summary>
internal sealed class UploadStartFunction(LayerService layers, PublicUrls urls, UploadUrls uploads) : IFunction
{
    public async Task Run(HttpContext context)
    {
        var (repository, _) = context.Target();
        var algorithm = Algorithm(context);
        if (context.QueryDigest("mount") is { } mount && await Mount(context, repository, mount))
        {
            context.BlobCreated(urls, repository, mount);
        }
        else if (context.QueryDigest("digest") is { } digest)
        {
            await layers.Upload(repository, digest, context.Request.BodyReader, context.RequestAborted);
            context.BlobCreated(urls, repository, digest);
        }
        else
        {
            var upload = await layers.Start(repository, algorithm, context.RequestAborted);
            context.UploadStatus(uploads, StatusCodes.Status202Accepted, repository, upload.Id, 0);
        }
    }

    // A mount that cannot be done is an upload that begins, never an error: also when "from" is no name.
    private async Task<bool> Mount(HttpContext context, RepositoryName repository, Digest digest)
    {
        var from = context.Query("from");
        RepositoryName? source = null;
        if (!string.IsNullOrEmpty(from))
        {
            if (!RepositoryName.TryParse(from, out var name))
                return false;
            source = name;
        }

        // What the caller may not pull is not there, as far as a mount goes.
        var access = context.Access();
        if (source is { } held && !access.MayPull(held))
            return false;
        return await layers.Mount(repository, digest, source, mayRead: access.MayPull, context.RequestAborted) is not null;
    }

    private static DigestAlgorithm Algorithm(HttpContext context)
    {
        if (context.Query("digest-algorithm") is not { } name)
            return DigestAlgorithm.Sha256;
        return DigestAlgorithm.Find(name.Replace(' ', '+'))
            ?? throw new RegistryException(RegistryError.DigestInvalid, "unsupported digest algorithm: sha256, sha512 and, for layers, tarsum.v1+sha256 are supported", new DigestDetail(name));
    }
}
