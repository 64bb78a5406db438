using Registry.Functions.Access;
using Registry.Functions.Http;
using Registry.Manifests;
using Registry.Repositories;

namespace Registry.Functions.Catalog;

/// <summary>GET /v2/_catalog (docker): the repositories that the caller may see, a page at a time.</summary>
public sealed class CatalogFunction(RepositoryCatalog catalog, PublicUrls urls) : IFunction
{
    public async Task Run(HttpContext context)
    {
        var limit = Paging.Limit(context);
        RepositoryName? last = context.Query("last") is { Length: > 0 } text ? RepositoryName.Parse(text) : null;
        var page = limit == 0 ? new NamePage([], More: false) : await List(context, last, limit);
        Paging.Link(context, urls, page, limit);
        await context.Response.Json(StatusCodes.Status200OK, new RepositoryList(page.Names), WireJson.Default.RepositoryList);
    }

    private Task<NamePage> List(HttpContext context, RepositoryName? last, int limit)
    {
        var access = context.Access();
        return access.IsUnlimited
            ? catalog.List(last, limit, context.RequestAborted)
            : catalog.List(last, limit, access.MayList, context.RequestAborted);
    }
}
