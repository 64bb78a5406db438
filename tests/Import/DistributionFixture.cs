using System.Security.Cryptography;
using Registry.Tests.Clients;
using Registry.Tests.Support;
using Registry.Tests.Support.SymbolicImages;

namespace Registry.Tests.Import;

/// <summary>What distribution wrote when skopeo pushed to it, and what skopeo pulled from it: made once, when the first test asks for it.</summary>
public sealed class DistributionFixture : IDisposable
{
    private const int KiB = 1 << 10;

    private readonly TemporaryFolder folder = new();
    private readonly Lazy<Task> filled;

    public DistributionFixture() => filled = new(Fill);

    /// <summary>The images, as they are called. <c>library/app:1</c> and the one in the deep repository are the same manifest.</summary>
    public static IReadOnlyList<(string Repository, string Tag)> Images { get; } =
    [
        ("library/app", "1"),
        ("library/app", "latest"),
        ("library/app", "2"),
        ("library/multi", "1"),
        ("team/deep/er-name/app", "1"),
        ("schema2/app", "1"),
        ("schema2/multi", "1"),
    ];

    /// <summary>The image of <c>library/app:1</c>.</summary>
    public WrittenImage App { get; private set; } = null!;

    /// <summary>The image of <c>library/app:2</c>, which shares its first layer.</summary>
    public WrittenImage Next { get; private set; } = null!;

    /// <summary>The OCI layout of all that was pushed.</summary>
    public string Layout => folder["layout"];

    /// <summary>Distribution's files, by their paths relative to its root directory.</summary>
    public async Task<IReadOnlyList<(string Path, string File)>> Files()
    {
        await filled.Value;
        return
        [
            .. Directory.EnumerateFiles(folder["distribution"], "*", SearchOption.AllDirectories)
                .Select(file => (Path: Path.GetRelativePath(folder["distribution"], file), File: file))
                .Where(f => f.Path.StartsWith("docker/", StringComparison.Ordinal)),
        ];
    }

    /// <summary>What skopeo pulled from distribution: each file of the image, manifests included, with its hash.</summary>
    public async Task<SortedDictionary<string, string>> Pulled(string repository, string tag)
    {
        await filled.Value;
        return Hashes(PulledFolder(repository, tag));
    }

    /// <summary>The files of an image that skopeo has pulled into a folder, with their hashes.</summary>
    public static SortedDictionary<string, string> Hashes(string pulled) =>
        new(Directory.EnumerateFiles(pulled).ToDictionary(f => Path.GetFileName(f), f => Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(f)))), StringComparer.Ordinal);

    public void Dispose() => folder.Dispose();

    // Nowhere the test's cancellation: what is made here outlives the test that happens to ask first.
    private async Task Fill()
    {
        var layout = new OciLayout(Layout);
        App = layout.Add("app", new ImageSpec("amd64", LayerSpec.Gzip("base", 5000 * KiB), LayerSpec.Gzip("app", 300 * KiB)));
        Next = layout.Add("next", new ImageSpec("amd64", LayerSpec.Gzip("base", 5000 * KiB), LayerSpec.Tar("next", 20 * KiB)));
        layout.AddIndex("multi", TestImages.TwoArchitectures);
        Directory.CreateDirectory(folder["distribution"]);
        await using var distribution = await DistributionProcess.Start(folder["distribution"], CancellationToken.None);
        var skopeo = new Skopeo(distribution.Host);
        foreach (var (repository, tag) in Images)
        {
            var image = repository.EndsWith("multi", StringComparison.Ordinal) ? "multi" : tag == "2" ? "next" : "app";
            if (repository.StartsWith("schema2", StringComparison.Ordinal))
                await skopeo.PushAsSchema2($"{Layout}:{image}", repository, tag, CancellationToken.None);
            else
                await skopeo.PushAs($"{Layout}:{image}", repository, tag, CancellationToken.None);
            await skopeo.PullFiles(repository, tag, PulledFolder(repository, tag), CancellationToken.None);
        }
    }

    private string PulledFolder(string repository, string tag) => folder[$"pulled-{repository.Replace('/', '-')}-{tag}"];
}
