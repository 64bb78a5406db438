using Registry.Access;
using Registry.Errors;
using Registry.Functions.Hosting;
using Registry.Functions.Http;

namespace Registry.Functions.Access;

/// <summary>Stands before the functions of the upload lane, in the place of <see cref="AccessGate"/>: lets an upload through by the signature in its URL, and by nothing else.</summary>
/// <remarks>
/// Credentials that come along are not looked at: a client that sends them to any host would be refused otherwise when its token is over in mid-push.
/// Decided when a request starts, like every right.
/// <list type="table">
/// <item><term>no signature, a forged one, another upload's or repository's</term><description>403 <c>DENIED</c></description></item>
/// <item><term>a genuine one whose time has passed</term><description>404 <c>BLOB_UPLOAD_UNKNOWN</c>: clients begin anew, at the front</description></item>
/// <item><term>one of somebody whose account or right is gone</term><description>403 <c>DENIED</c></description></item>
/// </list>
/// </remarks>
/// <param name="signatures">Opens them.</param>
/// <param name="directory">Accounts and rules; null where there is no access control.</param>
/// <param name="time">The clock.</param>
internal sealed class UploadLaneGate(UploadSignatures signatures, AccessDirectory? directory, TimeProvider time)
{
    private const AccessActions Needed = AccessActions.Pull | AccessActions.Push;

    public async Task Invoke(HttpContext context, RequestDelegate next)
    {
        if (context.GetEndpoint()?.Metadata.GetMetadata<FunctionName>()?.Name == "UploadSession")
            await Require(context);
        await next(context);
    }

    private async Task Require(HttpContext context)
    {
        var (repository, upload) = context.UploadTarget();
        if (context.Query(UploadSignatures.Parameter) is not { } text || signatures.Find(text, repository, upload) is not { } signature)
            throw new RegistryException(RegistryError.Denied, "the URL of this upload is not one that the registry gave out for it");
        if (signature.IsOver)
            throw new RegistryException(RegistryError.BlobUploadUnknown, "the URL of this upload has been left alone for too long; begin again at the registry");
        if (directory is not null)
        {
            var policy = await directory.Get(context.RequestAborted);
            if (!policy.IsCurrent(signature.Principal, time.GetUtcNow()) || !policy.Allows(signature.Principal, repository, Needed))
                throw new RegistryException(RegistryError.Denied);
        }

        context.Features.Set(new RequestAccess(signature.Principal, other => other == repository ? Needed : AccessActions.None));
    }
}
