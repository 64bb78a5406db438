using System.Text;
using System.Text.Json.Nodes;
using Registry.Digests;
using Registry.Import;
using Registry.Layers;
using Registry.Manifests;
using Registry.Repositories;
using Registry.Storage;
using Registry.Tests.Collection;
using Registry.Tests.Support;

namespace Registry.Tests.Import;

/// <summary>What an import takes, what it leaves, and what it says.</summary>
public sealed class DistributionImportTests
{
    private static readonly TestImage app = SmallImages.Image("app", "base", "app");
    private static readonly TestImage tool = SmallImages.DockerImage("tool", "base", "tool");
    private static readonly TestImage multi = SmallImages.Index(SmallImages.Image("amd64", "base", "amd64"), SmallImages.Image("arm64", "base", "arm64"));

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Images_indexes_tags_and_repositories_are_taken_and_no_blob_is_touched()
    {
        var lab = await Filled();
        var blobs = await lab.Registry.Blobs();

        var seen = await lab.Import();

        Assert.Empty(seen.Problems);
        Assert.Equal(new ImportTotals { Repositories = 4, Manifests = 6, Tags = 5, Layers = 9, Bytes = seen.Totals.Bytes }, seen.Totals);
        Assert.Equal(blobs, await lab.Registry.Blobs());
        await AssertAllThere(lab);
        var core = new RegistryCore(lab.Registry.Driver, lab.Registry.Tables);
        Assert.Equal(["app", "app/1/deep", "app/deep", "team/tool"], (await core.Catalog.List(null, 10, Cancel)).Names);
        Assert.Equal(["1", "latest"], (await core.Manifests.Tags(RepositoryName.Parse("app"), null, 10, Cancel)).Names);
        Assert.Equal(multi.Digest, (await core.Manifests.Stat(RepositoryName.Parse("app/deep"), Reference.Parse("multi"), Cancel)).Digest);
        var got = await core.Manifests.Get(RepositoryName.Parse("team/tool"), Reference.Parse("v1"), Cancel);
        Assert.Equal(tool.Manifest, got.Content.ToArray());
        Assert.Equal(tool.MediaType, got.Info.MediaType);
    }

    [Fact]
    public async Task The_bytes_that_are_told_are_those_of_every_blob_once()
    {
        var lab = await Filled();
        var size = 0L;
        foreach (var path in (await lab.Registry.Blobs()).Where(b => b.EndsWith("/data", StringComparison.Ordinal)))
            size += (await lab.Registry.Driver.Find(path, Cancel))!.Length;

        Assert.Equal(size, (await lab.Import()).Totals.Bytes);
    }

    [Fact]
    public async Task A_dry_run_tells_the_same_and_writes_nothing()
    {
        var lab = await Filled();
        await lab.Container.RemoveLink($"team/tool/_layers/sha256/{DistributionContainer.Hex(SmallImages.Blob("tool"))}/link");
        var before = await lab.Dump(withVersions: true);

        var dry = await lab.Import(isDryRun: true);

        Assert.Equal(before, await lab.Dump(withVersions: true));
        var real = await lab.Import();
        Assert.Equal(dry.Totals, real.Totals);
        Assert.Equal(dry.Problems, real.Problems);
    }

    [Fact]
    public async Task Again_it_changes_nothing_and_takes_what_is_new()
    {
        var lab = await Filled();
        await lab.Import();
        lab.Registry.Clock.Advance(TimeSpan.FromDays(3));
        var before = await lab.Dump(withVersions: true);

        var again = await lab.Import();

        Assert.Equal(before, await lab.Dump(withVersions: true));
        Assert.Equal(new ImportTotals { KnownManifests = 6, KnownTags = 5 }, again.Totals);

        var later = SmallImages.Image("later", "base", "later");
        await lab.Container.Add("app", later, "2");
        await lab.Container.Add("app", app, "stable");
        var third = await lab.Import();

        Assert.Equal((1, 2, 4), (third.Totals.Manifests, third.Totals.Tags, third.Totals.Layers + third.Totals.Repositories));
        Assert.True(await lab.Registry.CanPull("app", later));
        Assert.Equal(app.Digest, (await Manifests(lab).Stat(RepositoryName.Parse("app"), Reference.Parse("stable"), Cancel)).Digest);
    }

    [Fact]
    public async Task What_was_pushed_here_stays_and_a_tag_that_differs_is_told()
    {
        var lab = await Filled();
        var pushed = SmallImages.Image("pushed here", "mine");
        await lab.Registry.Push("app", pushed, "latest");
        await lab.Registry.Push("team/tool", tool, "v1");
        var mine = (await Manifests(lab).Stat(RepositoryName.Parse("team/tool"), Reference.Parse("v1"), Cancel)).Path;

        var seen = await lab.Import();

        Assert.Equal([ImportProblemKind.Tag], seen.Problems.Select(p => p.Kind));
        Assert.Equal($"it is here already and stays at {pushed.Digest}; in the container it is at {app.Digest}", seen.Problems[0].Reason);
        Assert.Equal(pushed.Digest, (await Manifests(lab).Stat(RepositoryName.Parse("app"), Reference.Parse("latest"), Cancel)).Digest);
        Assert.Equal(mine, (await Manifests(lab).Stat(RepositoryName.Parse("team/tool"), Reference.Parse("v1"), Cancel)).Path);
        await AssertAllThere(lab);
    }

    [Fact]
    public async Task A_digest_that_has_content_here_is_joined_and_a_push_joins_what_was_taken()
    {
        var lab = await Filled();
        var layer = SmallImages.Blob("base");
        var own = await lab.Registry.PushBlob("mine", layer);
        var path = (await Link(lab, "mine", own))!.Path;

        await lab.Import();

        Assert.Equal(path, (await Link(lab, "app", own))!.Path);
        var blobs = await lab.Registry.Blobs();
        var pushed = await lab.Registry.PushBlob("mine", SmallImages.Blob("tool"));
        Assert.Equal(lab.Container.BlobPath(SmallImages.Blob("tool")), (await Link(lab, "mine", pushed))!.Path);
        Assert.Equal(blobs, await lab.Registry.Blobs());
    }

    [Fact]
    public async Task A_subject_lists_its_referrers()
    {
        var lab = await Filled();
        var signature = SmallImages.Artifact("signature", "application/vnd.example.signature", app);
        await lab.Container.Add("app", signature);

        await lab.Import();

        var core = new RegistryCore(lab.Registry.Driver, lab.Registry.Tables);
        Assert.Equal([signature.Digest], (await core.Referrers.List(RepositoryName.Parse("app"), app.Digest, null, null, Cancel)).Referrers.Select(r => r.Info.Digest));
    }

    [Fact]
    public async Task An_index_of_indexes_comes_after_its_children_whatever_the_order_of_their_digests()
    {
        // Eight of each: in whatever order the digests come, some child comes after its parent.
        var lab = await ImportLab.Make();
        var outer = Enumerable.Range(0, 8)
            .Select(i => SmallImages.Index(SmallImages.Index(SmallImages.Image($"i{i}", "base"))).WithAnnotation("number", $"{i}")).ToArray();
        foreach (var index in outer)
            await lab.Container.Add("app", index);

        var seen = await lab.Import();

        Assert.Empty(seen.Problems);
        Assert.Equal(24, seen.Totals.Manifests);
        foreach (var index in outer)
            Assert.True(await lab.Registry.CanPull("app", index));
    }

    [Fact]
    public async Task A_list_of_layers_as_buildkit_writes_its_cache_is_taken()
    {
        var lab = await ImportLab.Make();
        var layer = SmallImages.Blob("cached");
        var cache = SmallImages.Index().With(m => m["manifests"] = new JsonArray(SmallImages.Descriptor(SmallImages.Layer, layer)));
        await lab.Container.AddLayer("cache", layer);
        await lab.Container.Add("cache", cache, "main");

        var seen = await lab.Import();

        Assert.Empty(seen.Problems);
        Assert.True(await lab.Registry.Holds("cache", Digest.Compute(DigestAlgorithm.Sha256, layer)));
    }

    [Theory]
    [InlineData(MediaTypes.OciManifest)]
    [InlineData(MediaTypes.OciIndex)]
    public async Task What_has_no_media_type_in_it_is_told_apart_as_distribution_does(string mediaType)
    {
        var lab = await ImportLab.Make();
        var image = mediaType == MediaTypes.OciIndex ? SmallImages.Index(app) : app;
        var bare = image with { Manifest = Without(image.Manifest, "mediaType") };
        await lab.Container.Add("app", bare, "1");

        await lab.Import();

        Assert.Equal(mediaType, (await Manifests(lab).Stat(RepositoryName.Parse("app"), Reference.Parse("1"), Cancel)).MediaType);
    }

    [Fact]
    public async Task More_tags_than_fit_one_batch_are_all_taken()
    {
        var lab = await ImportLab.Make();
        var tags = Enumerable.Range(0, 250).Select(i => $"build-{i:000}").ToArray();
        await lab.Container.Add("app", app, tags);

        var seen = await lab.Import();

        Assert.Equal(250, seen.Totals.Tags);
        Assert.Equal(tags, (await Manifests(lab).Tags(RepositoryName.Parse("app"), null, 1000, Cancel)).Names);
    }

    [Fact]
    public async Task With_sparse_manifests_allowed_one_whose_layer_is_missing_is_taken()
    {
        var lab = await ImportLab.Make();
        await lab.Container.Add("app", app, "1");
        await lab.Container.Remove(lab.Container.BlobPath(SmallImages.Blob("app")));

        var seen = await lab.Import(new ManifestOptions { AllowSparse = true });

        Assert.Equal((1, 1), (seen.Totals.Manifests, seen.Totals.Tags));
        Assert.True(await lab.Registry.Holds("app", Digest.Compute(DigestAlgorithm.Sha256, SmallImages.Blob("base"))));
    }

    [Fact]
    public async Task A_missing_layer_that_was_pushed_here_will_do()
    {
        var lab = await ImportLab.Make();
        await lab.Container.Add("app", app, "1");
        await lab.Container.Remove(lab.Container.BlobPath(SmallImages.Blob("app")));
        Assert.Contains(await Kinds(lab), k => k.StartsWith("Manifest", StringComparison.Ordinal));

        await lab.Registry.PushBlob("app", SmallImages.Blob("app"));
        await lab.Import();

        Assert.True(await lab.Registry.CanPull("app", app));
    }

    [Fact]
    public async Task Without_anything_of_distributions_it_says_so()
    {
        var lab = await ImportLab.Make();
        await lab.Registry.Push("app", app, "1");

        await Assert.ThrowsAsync<InvalidOperationException>(() => lab.Import());
    }

    /// <summary>What is done to a container in which the image is <c>app:1</c>, and what the import then says.</summary>
    public static TheoryData<string, string[]> Wrong => new()
    {
        { "a layer's content is missing", ["Manifest it needs what is not there: {layer}", "Tag it names {manifest}, which was not taken over", "Link its content is not there"] },
        { "the repository does not link a layer", ["Manifest it needs what is not there: {layer}", "Tag it names {manifest}, which was not taken over"] },
        { "a layer's link is damaged", ["Manifest it needs what is not there: {layer}", "Tag it names {manifest}, which was not taken over", "Link the link is damaged"] },
        { "the manifest's content is missing", ["Manifest its content is not there", "Tag it names {manifest}, which was not taken over"] },
        { "the manifest's content is another", ["Manifest its bytes have the digest {other}", "Tag it names {manifest}, which was not taken over"] },
        { "the manifest was deleted and its tag stayed", ["Tag it names {manifest}, which was not taken over"] },
        { "a tag's link is empty", ["Tag its link names no digest"] },
        { "a tag has no name that is allowed", ["Tag the name is none that OCI allows"] },
        { "a link leads to no content and nothing needs it", ["Link its content is not there"] },
        { "a repository has no name that is allowed", ["Repository the name is none that OCI allows"] },
        { "a manifest is of schema 1", ["Manifest it is a manifest of schema 1, which is not taken over"] },
        { "a manifest is no JSON", ["Manifest the manifest is not JSON: line 1, byte 2"] },
        { "a manifest is too large", ["Manifest it has 4194305 bytes, and may have 4194304"] },
        { "an index lacks a child", ["Manifest it needs what is not there: {other}"] },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public async Task What_is_wrong_is_told_and_left_and_all_else_is_taken(string what, string[] told)
    {
        var lab = await Filled();
        var other = await Break(lab, what);

        var seen = await lab.Import();

        string Fill(string text) => text
            .Replace("{layer}", $"sha256:{DistributionContainer.Hex(SmallImages.Blob("lost"))}", StringComparison.Ordinal)
            .Replace("{manifest}", Lost.Digest.ToString(), StringComparison.Ordinal)
            .Replace("{other}", other.ToString(), StringComparison.Ordinal);
        Assert.Equal(told.Select(Fill).Order(StringComparer.Ordinal), seen.Problems.Select(p => $"{p.Kind} {p.Reason}").Order(StringComparer.Ordinal));
        await AssertAllThere(lab);

        // Whatever was written can be read: nothing leads nowhere.
        foreach (var tag in (await lab.Registry.Tables.Query(Tables.Manifests, new TableQuery(), Cancel)).Entities)
            Assert.NotNull(await lab.Registry.Driver.Find(tag.GetString("blob"), Cancel));
    }

    private static TestImage Lost => SmallImages.Image("lost", "base", "lost");

    private static async Task<Digest> Break(ImportLab lab, string what)
    {
        var (container, lost) = (lab.Container, DistributionContainer.Hex(SmallImages.Blob("lost")));
        var link = $"_layers/sha256/{lost}/link";
        switch (what)
        {
            case "a layer's content is missing":
                await container.Add("broken", Lost, "1");
                await container.Remove(container.BlobPath(SmallImages.Blob("lost")));
                break;
            case "the repository does not link a layer":
                await container.Add("broken", Lost, "1");
                await container.RemoveLink($"broken/{link}");
                break;
            case "a layer's link is damaged":
                await container.Add("broken", Lost, "1");
                await container.Damage($"broken/{link}");
                break;
            case "the manifest's content is missing":
                await container.Add("broken", Lost, "1");
                await container.Remove(container.BlobPath(Lost.Manifest));
                break;
            case "the manifest's content is another":
                await container.Add("broken", Lost, "1");
                await container.Put(container.BlobPath(Lost.Manifest), app.Manifest);
                return app.Digest;
            case "the manifest was deleted and its tag stayed":
                await container.Add("broken", Lost, "1");
                await container.RemoveLink($"broken/_manifests/revisions/sha256/{DistributionContainer.Hex(Lost.Manifest)}/link");
                break;
            case "a tag's link is empty":
                await container.Damage("app/_manifests/tags/empty/current/link");
                break;
            case "a tag has no name that is allowed":
                await container.Link("app/_manifests/tags/-x/current/link", app.Manifest);
                break;
            case "a link leads to no content and nothing needs it":
                await container.Link($"app/{link}", SmallImages.Blob("lost"));
                break;
            case "a repository has no name that is allowed":
                await container.Add("Upper/Case", app, "1");
                break;
            case "a manifest is of schema 1":
                await container.Add("broken", Lost with { Manifest = Encoding.UTF8.GetBytes("""{"schemaVersion":1,"name":"broken","tag":"1","fsLayers":[]}""") });
                break;
            case "a manifest is no JSON":
                await container.Add("broken", Lost with { Manifest = [.. "not JSON"u8] });
                break;
            case "a manifest is too large":
                await container.Add("broken", Lost with { Manifest = new byte[(4 * 1024 * 1024) + 1] });
                break;
            case "an index lacks a child":
                await container.Add("broken", SmallImages.Index(Lost, app));
                await container.RemoveLink($"broken/_manifests/revisions/sha256/{DistributionContainer.Hex(Lost.Manifest)}/link");
                return Lost.Digest;
            default:
                throw new ArgumentException(what);
        }

        return Lost.Digest;
    }

    private static async Task<ImportLab> Filled()
    {
        var lab = await ImportLab.Make();
        await lab.Container.Add("app", app, "1", "latest");
        await lab.Container.Add("app/1/deep", app, "1");
        await lab.Container.Add("app/deep", multi, "multi");
        await lab.Container.Add("team/tool", tool, "v1");
        return lab;
    }

    private static async Task AssertAllThere(ImportLab lab)
    {
        Assert.True(await lab.Registry.CanPull("app", app));
        Assert.True(await lab.Registry.CanPull("app/1/deep", app));
        Assert.True(await lab.Registry.CanPull("app/deep", multi));
        Assert.True(await lab.Registry.CanPull("team/tool", tool));
    }

    private static async Task<IEnumerable<string>> Kinds(ImportLab lab) => (await lab.Import()).Problems.Select(p => p.Kind.ToString());

    private static ManifestService Manifests(ImportLab lab) => new RegistryCore(lab.Registry.Driver, lab.Registry.Tables).Manifests;

    private static Task<LayerLink?> Link(ImportLab lab, string repository, Digest digest) =>
        new LayerLinks(lab.Registry.Tables, lab.Registry.Options).Find(RepositoryName.Parse(repository), digest, Cancel);

    private static byte[] Without(byte[] json, string name)
    {
        var document = JsonNode.Parse(json)!.AsObject();
        document.Remove(name);
        return Encoding.UTF8.GetBytes(document.ToJsonString());
    }
}
