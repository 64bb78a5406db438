using Registry.Tests.Support;

namespace Registry.Tests.Api;

/// <summary>end-9.</summary>
public sealed class ManifestDeleteTests(Stands stands) : ApiTests(stands)
{
    private static readonly TestImage image = SmallImages.Image("app", "base");

    public static readonly Row[] Table =
    [
        new("a tag", "DELETE {manifests}/v1", 202) { Headers = ["Content-Length: 0"], Body = "" },
        new("a manifest", "DELETE {manifests}/{digest}", 202) { Headers = ["Content-Length: 0"], Body = "" },
        new("an unknown tag", "DELETE {manifests}/v2", 404, "MANIFEST_UNKNOWN"),
        new("an unknown digest", $"DELETE {{manifests}}/{Absent}", 404, "MANIFEST_UNKNOWN"),
        new("in an unknown repository", "DELETE /v2/{repo}/other/manifests/{digest}", 404, "MANIFEST_UNKNOWN"),
        new("a tag that is none", "DELETE {manifests}/-v1", 400, "TAG_INVALID"),
        new("a digest that is none", "DELETE {manifests}/sha256:x", 400, "DIGEST_INVALID"),
    ];

    [Theory, EveryStandTimes(nameof(Table))]
    public async Task Deleting_a_manifest(string stand, Row row)
    {
        var api = await Open(stand);
        var repository = Repository();
        await api.Push(repository, image, "v1");
        await Check(api, row, ("repo", repository), ("manifests", $"/v2/{repository}/manifests"), ("digest", image.Digest.ToString()));
    }

    [Theory, EveryStand]
    public async Task A_deleted_tag_leaves_the_manifest_and_its_other_tags(string stand)
    {
        var api = await Open(stand);
        var repository = Repository();
        await api.Push(repository, image, "v1");
        await api.Push(repository, image, "v2");

        (await api.Send($"DELETE /v2/{repository}/manifests/v1")).Is(202);

        (await api.Send($"HEAD /v2/{repository}/manifests/v1")).Is(404);
        (await api.Send($"DELETE /v2/{repository}/manifests/v1")).IsError(404, "MANIFEST_UNKNOWN");
        (await api.Send($"GET /v2/{repository}/manifests/v2")).Is(200);
        (await api.Send($"GET /v2/{repository}/manifests/{image.Digest}")).Is(200);
        Assert.Equal(["v2"], (await api.Send($"GET /v2/{repository}/tags/list")).Names("tags"));
    }

    /// <summary>A batch of storage has 100 rows: on both sides of that.</summary>
    public static readonly Row[] Counts = [.. new[] { 0, 1, 98, 99, 100, 150 }.Select(n => new Row($"{n}", "DELETE", n))];

    [Theory, EveryStandTimes(nameof(Counts))]
    public async Task A_deleted_manifest_takes_every_tag_with_it_and_no_other(string stand, Row row)
    {
        var count = row.Status;
        var api = await Open(stand);
        var repository = Repository();
        var subject = SmallImages.Image("subject");
        var doomed = image.WithSubject(subject);
        await api.Push(repository, SmallImages.Image("other"), "keep");
        await api.Push(repository, doomed);
        foreach (var tags in Enumerable.Range(0, count).Select(i => $"tag=t{i}").Chunk(50))
            (await api.Put(repository, doomed, $"{doomed.Digest}?{string.Join('&', tags)}")).Is(201);

        (await api.Send($"DELETE /v2/{repository}/manifests/{doomed.Digest}")).Is(202);

        (await api.Send($"GET /v2/{repository}/manifests/{doomed.Digest}")).IsError(404, "MANIFEST_UNKNOWN");
        (await api.Send($"GET /v2/{repository}/manifests/t{Math.Max(0, count - 1)}")).IsError(404, "MANIFEST_UNKNOWN");
        Assert.Equal(["keep"], (await api.Send($"GET /v2/{repository}/tags/list")).Names("tags"));
        Assert.Empty((await api.Send($"GET /v2/{repository}/referrers/{subject.Digest}")).Is(200).Digests);
        (await api.Send($"DELETE /v2/{repository}/manifests/{doomed.Digest}")).IsError(404, "MANIFEST_UNKNOWN");
    }

    [Theory, EveryStand]
    public async Task A_tag_that_moved_away_is_not_deleted_with_its_old_manifest(string stand)
    {
        var api = await Open(stand);
        var repository = Repository();
        await api.Push(repository, image, "latest");
        await api.Push(repository, SmallImages.Image("next"), "latest");

        (await api.Send($"DELETE /v2/{repository}/manifests/{image.Digest}")).Is(202);

        (await api.Send($"GET /v2/{repository}/manifests/latest")).Is(200).HasBody(SmallImages.Image("next").Manifest);
    }

    [Theory, EveryStand]
    public async Task A_deleted_manifest_can_be_pushed_again(string stand)
    {
        var api = await Open(stand);
        var repository = Repository();
        await api.Push(repository, image, "v1");
        (await api.Send($"DELETE /v2/{repository}/manifests/{image.Digest}")).Is(202);

        await api.Push(repository, image, "v1");

        (await api.Send($"GET /v2/{repository}/manifests/v1")).Is(200).HasBody(image.Manifest);
    }
}
