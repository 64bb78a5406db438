using Registry.Functions.Access;
using Registry.Repositories;

namespace Registry.Functions.Http;

/// <summary>Where an upload goes on: here, or at the upload lane, by a URL that is signed because clients drop credentials across hosts.</summary>
/// <param name="here">URLs of this process.</param>
/// <param name="lane">URLs of the lane; null where there is none.</param>
/// <param name="signatures">Signs for the lane; null where uploads stay here and need no signature.</param>
internal sealed class UploadUrls(PublicUrls here, PublicUrls? lane, UploadSignatures? signatures)
{
    public string Of(HttpContext context, RepositoryName repository, Guid upload)
    {
        var path = $"/v2/{repository}/blobs/uploads/{upload:D}";
        return signatures is null
            ? here.Of(path)
            : (lane ?? here).Of($"{path}?{UploadSignatures.Parameter}={signatures.Issue(context.Access().Principal, repository, upload)}");
    }
}
