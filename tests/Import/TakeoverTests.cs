using System.Text.Json;
using Registry.Digests;
using Registry.Storage;
using Registry.Tests.Clients;
using Registry.Tests.Support;

namespace Registry.Tests.Import;

/// <summary>What distribution really wrote, taken over by the command and pulled by a real client.</summary>
[Collection(ClientCollection.Name)]
public sealed class TakeoverTests(DistributionFixture distribution) : IClassFixture<DistributionFixture>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static TheoryData<string> Places => TakeoverPlace.Names;

    [Theory]
    [MemberData(nameof(Places))]
    public async Task Every_image_is_pulled_byte_identical(string kind)
    {
        await using var place = await TakeoverPlace.Open(kind, distribution);
        using var folder = new TemporaryFolder();

        // Of the manifests two are indexes of two. The layers are six, and four configs: each once, whoever holds it.
        const string What = "10 manifests, 7 tags and 10 layers of 5 repositories, ";
        Assert.StartsWith($"would take over {What}", await place.Commands.Give("import", "--dry-run"), StringComparison.Ordinal);
        Assert.StartsWith($"took over {What}", await place.Commands.Give("import"), StringComparison.Ordinal);
        Assert.Equal("nothing was taken over\nhere already: 10 manifests and 7 tags", await place.Commands.Give("import"));

        await using var server = place.Commands.Server is null ? await place.Serve() : null;
        var skopeo = new Skopeo((server?.BaseAddress ?? place.Commands.Server!.BaseAddress).Authority);
        foreach (var (repository, tag) in DistributionFixture.Images)
        {
            var pulled = folder[$"{repository.Replace('/', '-')}-{tag}"];
            await skopeo.PullFiles(repository, tag, pulled, Cancel);
            Assert.Equal(await distribution.Pulled(repository, tag), DistributionFixture.Hashes(pulled));
        }
    }

    [Fact]
    public async Task A_push_of_layers_that_were_taken_over_stores_none_of_them_again()
    {
        await using var place = await TakeoverPlace.Open("container with a leading slash and append blobs", distribution);
        using var folder = new TemporaryFolder();
        await place.Commands.Give("import");
        await using var server = await place.Serve();
        var skopeo = new Skopeo(server.BaseAddress.Authority);

        await skopeo.PushAs($"{distribution.Layout}:app", "new/app", "1", Cancel);

        await skopeo.PullFiles("new/app", "1", folder["pulled"], Cancel);
        Assert.Equal(await distribution.Pulled("library/app", "1"), DistributionFixture.Hashes(folder["pulled"]));
        var written = await place.Storage().Blobs.List(PathMapper.ContentPrefix, Cancel).ToListAsync(Cancel);
        Assert.Equal([distribution.App.Manifest.Digest.ToString()], written.Select(b => b.Stat.Metadata.Digest));
    }

    [Fact]
    public async Task What_is_deleted_is_freed_when_no_repository_needs_it()
    {
        await using var place = await TakeoverPlace.Open("container with a leading slash and append blobs", distribution);
        using var folder = new TemporaryFolder();
        await place.Commands.Give("import");
        await using var server = await place.Serve();
        var skopeo = new Skopeo(server.BaseAddress.Authority);
        var blobs = place.Storage().Blobs;
        var (app, next) = (distribution.App, distribution.Next);
        async Task<bool> IsThere(Digest digest) => await blobs.Find(place.PathOf(digest), Cancel) is not null;

        await skopeo.Delete("library/app", "1", Cancel);
        await Collect(place);

        // The manifest is the deep repository's too.
        Assert.True(await IsThere(app.Manifest.Digest));
        await skopeo.PullFiles("team/deep/er-name/app", "1", folder["deep"], Cancel);
        Assert.Equal(await distribution.Pulled("team/deep/er-name/app", "1"), DistributionFixture.Hashes(folder["deep"]));

        await skopeo.Delete("team/deep/er-name/app", "1", Cancel);
        await skopeo.Delete("schema2/app", "1", Cancel);
        await Collect(place);

        Assert.False(await IsThere(app.Manifest.Digest));
        Assert.False(await IsThere(app.Layers[1].Digest));
        Assert.True(await IsThere(next.Layers[0].Digest));
        Assert.Equal(app.Layers[0], next.Layers[0]);
        foreach (var (repository, tag) in DistributionFixture.Images.Where(i => i is ("library/app", "2") or (_, "1") && i.Repository.EndsWith("multi", StringComparison.Ordinal)))
        {
            await skopeo.PullFiles(repository, tag, folder[$"{repository.Replace('/', '-')}-{tag}"], Cancel);
            Assert.Equal(await distribution.Pulled(repository, tag), DistributionFixture.Hashes(folder[$"{repository.Replace('/', '-')}-{tag}"]));
        }
    }

    /// <summary>Collects until nothing waits for the grace period any more, which is the shortest that there can be.</summary>
    private static async Task Collect(TakeoverPlace place)
    {
        long waiting;
        do
        {
            Cancel.ThrowIfCancellationRequested();
            using var seen = JsonDocument.Parse(await place.Commands.Give("gc", "--json", "--forget-deleted", "--Registry:Collection:GracePeriod=00:00:04", "--Registry:Collection:RenewAfter=00:00:01"));
            waiting = seen.RootElement.GetProperty("waiting").GetInt64();
        }
        while (waiting > 0);
    }
}
