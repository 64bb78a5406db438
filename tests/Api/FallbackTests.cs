using Registry.Tests.Support;

namespace Registry.Tests.Api;

/// <summary>What no endpoint takes: the API's own 404 and 405, which say what would have been right.</summary>
public sealed class FallbackTests(Stands stands) : ApiTests(stands)
{
    public static readonly Row[] Table =
    [
        new("no endpoint", "GET /v2/app", 404, "UNSUPPORTED") { Headers = ["Docker-Distribution-Api-Version: registry/2.0", "!Allow"] },
        new("no endpoint, deep", "GET /v2/a/b/c/d/e", 404, "UNSUPPORTED"),
        new("no endpoint, by PUT", "PUT /v2/app/tags", 404, "UNSUPPORTED") { SendBody = "x" },
        new("no name before manifests", "GET /v2/manifests/v1", 404, "UNSUPPORTED"),
        new("no name before the list", "GET /v2/tags/list", 404, "UNSUPPORTED"),
        new("no name before uploads", "POST /v2/blobs/uploads/", 404, "UNSUPPORTED"),
        new("no reference", "GET /v2/app/manifests/", 400, "TAG_INVALID"),
        new("no digest", "GET /v2/app/blobs/", 400, "DIGEST_INVALID"),
        new("a blob by tag", "GET /v2/app/blobs/latest", 400, "DIGEST_INVALID"),
        new("uploads are not listed", "GET /v2/app/blobs/uploads/", 405, "UNSUPPORTED") { Headers = ["Allow: POST"] },
        new("TRACE", "TRACE /v2/app/manifests/v1", 405, "UNSUPPORTED") { Headers = ["Allow: GET, HEAD, PUT, DELETE"] },
        new("OPTIONS", "OPTIONS /v2/app/tags/list", 405, "UNSUPPORTED") { Headers = ["Allow: GET"] },
        new("a method of one's own", "PURGE /v2/app/blobs/" + Absent, 405, "UNSUPPORTED") { Headers = ["Allow: GET, HEAD, DELETE"] },
        new("a wrong method and a wrong name", "POST /v2/UPPER/manifests/v1", 400, "NAME_INVALID"),
        new("a wrong method and a wrong digest", "PUT /v2/app/blobs/sha256:x", 400, "DIGEST_INVALID"),
        new("signatures of docker's content trust", "GET /v2/app/_trust/tuf/root.json", 404, "UNSUPPORTED"),
        new("the case matters", "GET /V2/app/blobs/latest", 404, "UNSUPPORTED"),
        new("the case matters where a route would match without it", "GET /V2/app/manifests/v1", 404, "UNSUPPORTED"),
        new("the case of manifests matters", "GET /v2/app/Manifests/v1", 404, "UNSUPPORTED"),
        new("the case of the list matters", "GET /v2/app/tags/LIST", 404, "UNSUPPORTED"),
        new("the case of uploads matters", "POST /v2/app/blobs/UPLOADS/", 404, "UNSUPPORTED"),
        new("the case of uploads matters, without the slash", "POST /v2/app/blobs/UPLOADS", 400, "DIGEST_INVALID"),
        new("a line break after the list", "GET /v2/app/tags/list%0A", 404, "UNSUPPORTED"),
        new("a line break after the list and its slash", "GET /v2/app/tags/list/%0A", 404, "UNSUPPORTED"),
        new("a line break after uploads", "POST /v2/app/blobs/uploads%0A", 400, "DIGEST_INVALID"),
        new("a line break after uploads and their slash", "POST /v2/app/blobs/uploads/%0A", 405, "UNSUPPORTED") { Headers = ["Allow: GET, PATCH, PUT, DELETE"] },
        new("a line break for an upload", "GET /v2/app/blobs/uploads/%0A", 404, "BLOB_UPLOAD_UNKNOWN"),
        new("a line break after the catalog", "GET /v2/_catalog%0A", 404, "UNSUPPORTED"),
        new("a line break after the version", "GET /v2/%0A", 404, "UNSUPPORTED"),
        new("a slash after the catalog", "POST /v2/_catalog/", 405, "UNSUPPORTED") { Headers = ["Allow: GET"] },
    ];

    [Theory, EveryStandTimes(nameof(Table))]
    public async Task Falling_through(string stand, Row row) => await Check(await Open(stand), row);

    /// <summary>A repository may be called as the API calls its own parts; a path is read from its end.</summary>
    public static readonly Row[] Names = [.. new[] { "manifests", "blobs", "uploads", "tags/list", "blobs/uploads", "v2", "referrers", "a/manifests/b", "a/blobs/uploads/tags" }.Select(n => new Row(n, "PUT", 201))];

    [Theory, EveryStandTimes(nameof(Names))]
    public async Task A_repository_may_be_called_like_an_endpoint(string stand, Row row)
    {
        var api = await Open(stand);
        var repository = $"{Repository()}/{row.Name}";
        var image = SmallImages.Image("app", "base");

        await api.Push(repository, image, "list");

        (await api.Send($"GET /v2/{repository}/manifests/list")).Is(200).HasBody(image.Manifest);
        (await api.Send($"GET /v2/{repository}/tags/list")).Is(200).Has("Content-Type", "application/json");
        (await api.Send($"GET /v2/{repository}/referrers/{image.Digest}")).Is(200);
    }
}
