using Registry.Tests.Support;

namespace Registry.Tests.Api;

/// <summary>end-8a and end-8b.</summary>
public sealed class TagsListTests(Stands stands) : ApiTests(stands)
{
    // Pushed in this order; bytewise, upper case comes before the underscore, and that before lower case.
    private static readonly string[] tags = ["b", "_x", "a", "B", "a.b", "1", "a-b", "10", "9"];

    public static readonly Row[] Table =
    [
        new("all, bytewise", "GET {list}", 200) { Headers = ["!Link", "Content-Type: application/json"], Body = """{"name":"{repo}","tags":["1","10","9","B","_x","a","a-b","a.b","b"]}""" },
        new("a slash at the end", "GET {list}/", 200) { Body = """{"name":"{repo}","tags":["1","10","9","B","_x","a","a-b","a.b","b"]}""" },
        new("the first page", "GET {list}?n=2", 200) { Headers = ["Link: <{list}?n=2&last=10>; rel=\"next\""], Body = """{"name":"{repo}","tags":["1","10"]}""" },
        new("a page in the middle", "GET {list}?n=3&last=10", 200) { Headers = ["Link: <{list}?n=3&last=_x>; rel=\"next\""], Body = """{"name":"{repo}","tags":["9","B","_x"]}""" },
        new("the last page", "GET {list}?n=3&last=a", 200) { Headers = ["!Link"], Body = """{"name":"{repo}","tags":["a-b","a.b","b"]}""" },
        new("as many as there are", "GET {list}?n=9", 200) { Headers = ["!Link"] },
        new("last without n", "GET {list}?last=a-b", 200) { Headers = ["!Link"], Body = """{"name":"{repo}","tags":["a.b","b"]}""" },
        new("last need not exist", "GET {list}?last=a.", 200) { Body = """{"name":"{repo}","tags":["a.b","b"]}""" },
        new("beyond the end", "GET {list}?last=z", 200) { Headers = ["!Link"], Body = """{"name":"{repo}","tags":[]}""" },
        new("none asked for", "GET {list}?n=0", 200) { Headers = ["!Link"], Body = """{"name":"{repo}","tags":[]}""" },
        new("none asked for, after one", "GET {list}?n=0&last=a", 200) { Headers = ["!Link"], Body = """{"name":"{repo}","tags":[]}""" },
        new("more than a page holds", "GET {list}?n=100000", 200) { Headers = ["!Link"] },
        new("more than a number holds", "GET {list}?n=99999999999999999999", 200) { Headers = ["!Link"] },
        new("fewer than none", "GET {list}?n=-1", 400, "PAGINATION_NUMBER_INVALID"),
        new("no number", "GET {list}?n=two", 400, "PAGINATION_NUMBER_INVALID"),
        new("an empty number", "GET {list}?n=", 400, "PAGINATION_NUMBER_INVALID"),
        new("last is no tag", "GET {list}?last=a%2Fb", 400, "TAG_INVALID"),
        new("an unknown repository", "GET /v2/{repo}/nothing/tags/list", 404, "NAME_UNKNOWN"),
        new("HEAD is not allowed", "HEAD {list}", 405, "UNSUPPORTED") { Headers = ["Allow: GET"] },
        new("DELETE is not allowed", "DELETE {list}", 405, "UNSUPPORTED") { Headers = ["Allow: GET"] },
    ];

    [Theory, EveryStandTimes(nameof(Table))]
    public async Task Listing_tags(string stand, Row row)
    {
        var api = await Open(stand);
        var repository = Repository();
        await PushTagged(api, repository);
        await Check(api, row, ("repo", repository), ("list", $"/v2/{repository}/tags/list"));
    }

    [Theory, EveryStand]
    public async Task Following_the_links_gives_every_tag_once(string stand)
    {
        var api = await Open(stand);
        var repository = Repository();
        await PushTagged(api, repository);

        var seen = new List<string>();
        for (var next = $"/v2/{repository}/tags/list?n=2"; next is not null;)
        {
            var page = (await api.Send($"GET {next}")).Is(200);
            seen.AddRange(page.Names("tags"));
            next = page.Header("Link")?.Split('<', '>')[1];
        }

        Assert.Equal(tags.Order(StringComparer.Ordinal), seen);
    }

    [Theory, EveryStand]
    public async Task A_repository_without_tags_has_an_empty_list_and_not_null(string stand)
    {
        var api = await Open(stand);
        var repository = Repository();
        await api.Push(repository, SmallImages.Image("untagged"));

        (await api.Send($"GET /v2/{repository}/tags/list")).Is(200).HasBody(System.Text.Encoding.UTF8.GetBytes($$"""{"name":"{{repository}}","tags":[]}"""));
    }

    [Theory, EveryStand]
    public async Task A_tag_of_128_characters_is_listed_and_paged(string stand)
    {
        var api = await Open(stand);
        var repository = Repository();
        var longest = new string('t', 128);
        await api.Push(repository, SmallImages.Image("app"), longest);
        await api.Push(repository, SmallImages.Image("app"), "u");

        var page = (await api.Send($"GET /v2/{repository}/tags/list?n=1")).Is(200);
        Assert.Equal([longest], page.Names("tags"));
        Assert.Equal(["u"], (await api.Send($"GET {page.Header("Link")!.Split('<', '>')[1]}")).Names("tags"));
    }

    private static async Task PushTagged(ApiClient api, string repository)
    {
        var image = SmallImages.Image("app");
        await api.Push(repository, image);
        await api.Send(
            $"PUT /v2/{repository}/manifests/{image.Digest}?{string.Join('&', tags.Select(t => $"tag={t}"))}", [$"Content-Type: {image.MediaType}"], image.Manifest);
    }
}
