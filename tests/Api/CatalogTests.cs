using Registry.Tests.Support;

namespace Registry.Tests.Api;

/// <summary>Docker's <c>_catalog</c>. Other tests push meanwhile, so each row asks for what follows a name that only this test uses.</summary>
public sealed class CatalogTests(Stands stands) : ApiTests(stands)
{
    public static readonly Row[] Table =
    [
        new("after the first", "GET /v2/_catalog?n=2&last={repo}/a", 200)
        {
            Headers = ["Link: </v2/_catalog?n=2&last={escaped}%2Fa%2Fb>; rel=\"next\"", "Content-Type: application/json"],
            Body = """{"repositories":["{repo}/a-b","{repo}/a/b"]}""",
        },
        new("none asked for", "GET /v2/_catalog?n=0", 200) { Headers = ["!Link"], Body = """{"repositories":[]}""" },
        new("last need not exist", "GET /v2/_catalog?n=1&last={repo}/a0", 200) { Body = """{"repositories":["{repo}/b"]}""" },
        new("beyond the end", "GET /v2/_catalog?last=zzzzzzzzzz", 200) { Headers = ["!Link"], Body = """{"repositories":[]}""" },
        new("fewer than none", "GET /v2/_catalog?n=-1", 400, "PAGINATION_NUMBER_INVALID"),
        new("no number", "GET /v2/_catalog?n=1.5", 400, "PAGINATION_NUMBER_INVALID"),
        new("last is no repository", "GET /v2/_catalog?last=UPPER", 400, "NAME_INVALID"),
        new("POST is not allowed", "POST /v2/_catalog", 405, "UNSUPPORTED") { Headers = ["Allow: GET"] },
        new("HEAD is not allowed", "HEAD /v2/_catalog", 405, "UNSUPPORTED") { Headers = ["Allow: GET"] },
    ];

    [Theory, EveryStandTimes(nameof(Table))]
    public async Task Listing_repositories(string stand, Row row)
    {
        var api = await Open(stand);
        var repository = Repository();

        // In the order of the bytes: '-' before '/' before letters.
        foreach (var name in (string[])["b", "a/b", "a", "a-b"])
            await api.Push($"{repository}/{name}", SmallImages.Image("app"));
        await Check(api, row, ("repo", repository), ("escaped", Uri.EscapeDataString(repository)));
    }

    [Theory, EveryStand]
    public async Task A_repository_is_listed_once_it_has_a_manifest(string stand)
    {
        var api = await Open(stand);
        var repository = Repository();
        var before = $"/v2/_catalog?n=1&last={Uri.EscapeDataString(repository[..^1])}";
        await api.PushBlob(repository, SmallImages.Blob("alone"));
        Assert.DoesNotContain(repository, (await api.Send($"GET {before}")).Is(200).Names("repositories"));

        await api.Push(repository, SmallImages.Image("app"));
        Assert.Equal([repository], (await api.Send($"GET {before}")).Is(200).Names("repositories"));
    }
}
