using Registry.Functions.Http;
using Registry.Manifests;

namespace Registry.Functions.TagsList;

/// <summary>GET /v2/NAME/tags/list (end-8): the tags of a repository, a page at a time.</summary>
public sealed class TagsListFunction(ManifestService manifests, PublicUrls urls) : IFunction
{
    public async Task Run(HttpContext context)
    {
        var (repository, _) = context.Target();
        var limit = Paging.Limit(context);
        Tag? last = context.Query("last") is { Length: > 0 } text ? Tag.Parse(text) : null;
        var page = limit == 0 ? new NamePage([], More: false) : await manifests.Tags(repository, last, limit, context.RequestAborted);
        Paging.Link(context, urls, page, limit);
        await context.Response.Json(StatusCodes.Status200OK, new TagList(repository.ToString(), page.Names), WireJson.Default.TagList);
    }
}
