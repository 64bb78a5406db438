using System.Buffers;
using Microsoft.Extensions.Configuration;
using Registry.Digests;
using Registry.Functions.Commands;
using Registry.Functions.Hosting;
using Registry.Storage;
using Registry.Tests.Clients;
using Registry.Tests.Faults;
using Registry.Tests.Support;
using Registry.Tests.Support.SymbolicImages;

namespace Registry.Tests.Commands;

/// <summary>What somebody sees who verifies: transcripts, and the way from damage to a healed image with a real client.</summary>
[Collection(ClientCollection.Name)]
public sealed class VerifyCommandTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("folder")]
    [InlineData("azurite")]
    public async Task Verified_by_command(string kind)
    {
        await using var place = await CommandPlace.Open(kind);
        await Transcript.Replay(
            """
            $ verify report
            nothing was verified yet
            $ verify
            looked at 0 contents, 0 links, 0 manifests and 0 tags, and read 0 bytes
            all of it is whole
            $ verify report --json
            {"passes":[{"kind":"now","phase":"finished","isFinished":true,"startedAt":"TIME","recordedAt":"TIME","contents":0,"links":0,"manifests":0,"tags":0,"bytes":0,"corrupt":0,"missing":0,"dangling":0,"unreadable":0}],"findings":[]}
            $ verify nonsense
            ! 'nonsense' is not understood here: see registry verify --help
            = 2
            """,
            place.Arguments);
        await Place(place, "the layer", "the lauer");
        await Transcript.Replay(
            """
            $ verify
            KIND     WHAT     REPOSITORY  NAME                                                                     FOUND                                                                               EXPECTED                                                                            PATH
            corrupt  content              sha256:DIGEST  9 bytes of sha256:ACTUAL  9 bytes of sha256:DIGEST  content/3f/3f0c000000000000000000000000000e
            looked at 1 content, 0 links, 0 manifests and 0 tags, and read 9 bytes
            1 corrupt, 0 missing, 0 dangling, 0 unreadable
            ! --repair takes what is corrupt or missing out of use, so that a new push brings it anew
            = 1
            $ verify report --json
            {"passes":[{"kind":"now","phase":"finished","isFinished":true,"startedAt":"TIME","recordedAt":"TIME","contents":1,"links":0,"manifests":0,"tags":0,"bytes":9,"corrupt":1,"missing":0,"dangling":0,"unreadable":0}],"findings":[{"kind":"corrupt","thing":"content","repository":null,"name":"sha256:DIGEST","path":"content/3f/3f0c000000000000000000000000000e","expected":"9 bytes of sha256:DIGEST","found":"9 bytes of sha256:ACTUAL","repaired":false,"firstSeen":"TIME","lastSeen":"TIME"}]}
            = 1
            $ verify --repair --json
            {"repair":true,"contents":1,"links":0,"manifests":0,"tags":0,"bytes":9,"corrupt":1,"missing":0,"dangling":0,"unreadable":0,"repaired":1,"findings":[{"kind":"corrupt","thing":"content","repository":null,"name":"sha256:DIGEST","path":"content/3f/3f0c000000000000000000000000000e","expected":"9 bytes of sha256:DIGEST","found":"9 bytes of sha256:ACTUAL","repaired":true,"firstSeen":null,"lastSeen":null}],"leftOut":0}
            = 1
            $ verify
            looked at 1 content, 0 links, 0 manifests and 0 tags, and read 0 bytes
            all of it is whole
            """.Replace("DIGEST", Hex("the layer"), StringComparison.Ordinal).Replace("ACTUAL", Hex("the lauer"), StringComparison.Ordinal),
            place.Arguments);
    }

    [Fact]
    public async Task Skopeo_pushes_a_damaged_layer_anew_once_a_repair_has_made_way()
    {
        await using var place = await CommandPlace.Open("server");
        using var folder = new TemporaryFolder();
        var layout = new OciLayout(folder["pushed"]);
        var image = layout.Add("1", TestImages.ManyLayers);
        var skopeo = new Skopeo($"127.0.0.1:{place.Server!.BaseAddress.Port}");
        await skopeo.Push(layout.Path, "1", "team/app", Cancel);

        // A bit of the largest blob, in its file, as a disk loses one.
        var file = Directory.EnumerateFiles(Path.Combine(place.Settings["Storage:RootDirectory"], "blobs", "content"), "*", SearchOption.AllDirectories).MaxBy(f => new FileInfo(f).Length)!;
        await using (var disk = new FileStream(file, FileMode.Open, FileAccess.ReadWrite))
        {
            disk.Position = disk.Length / 2;
            var bit = disk.ReadByte() ^ 1;
            disk.Position--;
            disk.WriteByte((byte)bit);
        }

        var (code, told) = await Run(place, "verify");
        Assert.Equal((1, true), (code, told.Contains("corrupt", StringComparison.Ordinal) && told.Contains(Path.GetFileName(file), StringComparison.Ordinal)));
        await skopeo.FailToPull("team/app", "1", folder["damaged"], Cancel);

        // Until it is repaired a push finds that the registry has it, and sends nothing.
        await skopeo.Push(layout.Path, "1", "team/app", Cancel);
        Assert.Equal(1, (await Run(place, "verify")).Code);

        var (repaired, how) = await Run(place, "verify", "--repair");
        Assert.Equal((1, true), (repaired, how.Contains("corrupt, repaired", StringComparison.Ordinal)));
        await skopeo.FailToPull("team/app", "1", folder["quarantined"], Cancel);
        await skopeo.Push(layout.Path, "1", "team/app", Cancel);
        await skopeo.Pull("team/app", "1", folder["pulled"], Cancel);

        Assert.Equal([image.Manifest.Digest.ToString()], OciLayout.Tagged(folder["pulled"]));
        Assert.NotEmpty(await OciLayout.VerifiedBlobs(folder["pulled"], Cancel));
        Assert.Equal(0, (await Run(place, "verify")).Code);
    }

    private static async Task<(int Code, string Told)> Run(CommandPlace place, params string[] words)
    {
        using var output = new StringWriter();
        using var errors = new StringWriter();
        var code = await CommandLine.Run([.. words, .. place.Arguments], new Terminal(TextReader.Null, output, errors), Cancel);
        return (code, $"{output}{errors}");
    }

    private static string Hex(string content) => new(Digest.Compute(DigestAlgorithm.Sha256, System.Text.Encoding.ASCII.GetBytes(content)).Hex);

    /// <summary>Content with other bytes than its row says.</summary>
    private static async Task Place(CommandPlace place, string expected, string actual)
    {
        const string Path = "content/3f/3f0c000000000000000000000000000e";
        var settings = Settings.Read(new ConfigurationBuilder().AddInMemoryCollection(place.Settings.Select(s => KeyValuePair.Create($"Registry:{s.Key}", (string?)s.Value))).Build());
        await using var storage = await OpenStorage.Open(settings.Storage, TimeProvider.System, IdSource.Random, Cancel);
        await storage.Driver.Put(Path, new ReadOnlySequence<byte>(System.Text.Encoding.ASCII.GetBytes(actual)), new BlobMetadata("app", $"sha256:{Hex(expected)}"), Cancel);
        var row = new TableEntity($"sha256:{Hex(expected)}", Tables.ContentRow).Set("version", 1).Set("blob", Path).Set("size", expected.Length);
        await storage.Tables.Write(Tables.Content, TableOperation.Insert(row), Cancel);
    }
}
