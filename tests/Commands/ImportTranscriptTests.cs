using System.Buffers;
using Registry.Storage;
using Registry.Storage.Azure;
using Registry.Storage.Memory;
using Registry.Tests.Import;
using Registry.Tests.Support;

namespace Registry.Tests.Commands;

/// <summary>What <c>registry import</c> shows: what it took, what was here already, and the table of what is wrong.</summary>
public sealed class ImportTranscriptTests
{
    private static readonly TestImage app = SmallImages.Image("app", "base", "app");
    private static readonly TestImage lost = SmallImages.Image("lost", "base", "lost");

    private static readonly string layer = SmallImages.Descriptor(SmallImages.Layer, SmallImages.Blob("lost"))["digest"]!.GetValue<string>();

    /// <summary>What is wrong in <see cref="Fill"/>.</summary>
    private static readonly string table =
        $$"""
        KIND        REPOSITORY   NAME                                                                     WHY
        repository  Upper/Case                                                                            the name is none that OCI allows
        tag         team/app     -x                                                                       the name is none that OCI allows
        manifest    team/broken  {{lost.Digest}}  it needs what is not there: {{layer}}
        tag         team/broken  1                                                                        it names {{lost.Digest}}, which was not taken over
        link        team/broken  {{layer}}  its content is not there
        """;

    public static TheoryData<string> Places => CommandPlace.Names;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory, MemberData(nameof(Places))]
    public async Task Import(string kind)
    {
        await using var place = await CommandPlace.Open(kind);
        await Fill(place, "docker/registry/v2/");
        await Transcript.Replay(
            $$"""
            $ import --dry-run
            {{table}}
            would take over 1 manifest, 2 tags and 3 layers of 1 repository, 661 bytes
            ! 5 things are wrong: see above
            $ import
            {{table}}
            took over 1 manifest, 2 tags and 3 layers of 1 repository, 661 bytes
            ! 5 things are wrong: see above
            $ import
            {{table}}
            nothing was taken over
            here already: 1 manifest and 2 tags
            ! 5 things are wrong: see above
            $ import --json
            {"dryRun":false,"repositories":0,"manifests":0,"tags":0,"layers":0,"bytes":0,"knownManifests":1,"knownTags":2,"problems":5,"items":[{"kind":"repository","repository":"Upper/Case","name":"","reason":"the name is none that OCI allows"},{"kind":"tag","repository":"team/app","name":"-x","reason":"the name is none that OCI allows"},{"kind":"manifest","repository":"team/broken","name":"{{lost.Digest}}","reason":"it needs what is not there: {{layer}}"},{"kind":"tag","repository":"team/broken","name":"1","reason":"it names {{lost.Digest}}, which was not taken over"},{"kind":"link","repository":"team/broken","name":"{{layer}}","reason":"its content is not there"}]}
            """,
            place.Arguments);
    }

    [Theory, MemberData(nameof(Places))]
    public async Task Import_from_below_a_prefix(string kind)
    {
        await using var place = await CommandPlace.Open(kind);
        await Fill(place, "hub/docker/registry/v2/");
        await Transcript.Replay(
            $$"""
            $ import
            ! the storage has no docker/registry/v2/repositories: name what stands before it with --prefix
            = 1
            $ import --prefix pub
            ! the storage has no docker/registry/v2/repositories below 'pub'
            = 1
            $ import --prefix hub
            {{table}}
            took over 1 manifest, 2 tags and 3 layers of 1 repository, 661 bytes
            ! 5 things are wrong: see above
            """,
            place.Arguments);
    }

    /// <summary>A screen or two is enough for a person; a script has <c>--json</c>.</summary>
    [Fact]
    public async Task What_is_wrong_beyond_a_hundred_things_is_counted()
    {
        await using var place = await CommandPlace.Open("folder");
        var driver = new MemoryStorageDriver(TimeProvider.System);
        for (var tag = 0; tag < 102; tag++)
            await new DistributionContainer(driver).Damage($"app/_manifests/tags/t{tag:000}/current/link");
        await Copy(driver, place);
        var rows = Enumerable.Range(0, 100).Select(tag => $"tag   app         t{tag:000}  its link names no digest");
        await Transcript.Replay(
            $"""
            $ import
            KIND  REPOSITORY  NAME  WHY
            {string.Join('\n', rows)}
            … and 2 more: --json has 10000 at most
            nothing was taken over
            ! 102 things are wrong: see above
            """,
            place.Arguments);
    }

    // One image that is whole, one that lacks a layer, and a repository and a tag that nobody could name here.
    private static async Task Fill(CommandPlace place, string root)
    {
        var driver = new MemoryStorageDriver(TimeProvider.System);
        var container = new DistributionContainer(driver, root);
        await container.Add("team/app", app, "1", "2");
        await container.Add("team/broken", lost, "1");
        await container.Remove(container.BlobPath(SmallImages.Blob("lost")));
        await container.Add("Upper/Case", app, "1");
        await container.Link("team/app/_manifests/tags/-x/current/link", app.Manifest);
        await Copy(driver, place);
    }

    private static async Task Copy(MemoryStorageDriver driver, CommandPlace place)
    {
        var put = await Puts(place);
        await foreach (var blob in driver.List("", Cancel))
        {
            await using var content = await driver.Open(blob.Path, 0, null, Cancel);
            using var bytes = new MemoryStream();
            await content.CopyToAsync(bytes, Cancel);
            await put(blob.Path, bytes.ToArray());
        }
    }

    private static async Task<Func<string, byte[], Task>> Puts(CommandPlace place)
    {
        if (place.Settings.TryGetValue("Storage:RootDirectory", out var root))
        {
            return (path, content) =>
            {
                var file = Path.Combine(root, "blobs", path);
                Directory.CreateDirectory(Path.GetDirectoryName(file)!);
                return File.WriteAllBytesAsync(file, content, Cancel);
            };
        }

        var storage = AzureStorage.FromConnectionString(place.Settings["Storage:ConnectionString"], new AzureStorageOptions(place.Settings["Storage:Container"], place.Settings["Storage:TablePrefix"]));
        await storage.Initialize(Cancel);
        return (path, content) => storage.Blobs.Put(path, new ReadOnlySequence<byte>(content), BlobMetadata.None, Cancel);
    }
}
