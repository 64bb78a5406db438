using System.Buffers;
using System.Text;
using Registry.Digests;
using Registry.Storage;
using Registry.Tests.Support;

namespace Registry.Tests.Import;

/// <summary>Writes what distribution writes, path by path. (What it really writes is taken over in <see cref="TakeoverTests"/>.)</summary>
internal sealed class DistributionContainer(IStorageDriver driver, string root = "docker/registry/v2/")
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static string Hex(byte[] content) => Digest.Compute(DigestAlgorithm.Sha256, content).Hex.ToString();

    public string BlobPath(byte[] content) => $"{root}blobs/sha256/{Hex(content)[..2]}/{Hex(content)}/data";

    public async Task Add(string repository, TestImage image, params string[] tags)
    {
        foreach (var child in image.Children)
            await Add(repository, child);
        foreach (var blob in image.Blobs)
            await AddLayer(repository, blob);
        await Put(BlobPath(image.Manifest), image.Manifest);
        await Link($"{repository}/_manifests/revisions/sha256/{Hex(image.Manifest)}/link", image.Manifest);
        foreach (var tag in tags)
        {
            await Link($"{repository}/_manifests/tags/{tag}/current/link", image.Manifest);
            await Link($"{repository}/_manifests/tags/{tag}/index/sha256/{Hex(image.Manifest)}/link", image.Manifest);
        }
    }

    public async Task AddLayer(string repository, byte[] blob)
    {
        await Put(BlobPath(blob), blob);
        await Link($"{repository}/_layers/sha256/{Hex(blob)}/link", blob);
        await Put($"{root}repositories/{repository}/_uploads/8f6e/startedat", Encoding.ASCII.GetBytes("2026-01-01T00:00:00Z"));
    }

    public Task Link(string path, byte[] content) => Put($"{root}repositories/{path}", Encoding.ASCII.GetBytes($"sha256:{Hex(content)}"));

    public Task Damage(string path) => Put($"{root}repositories/{path}", []);

    public async Task Remove(string path) => Assert.True(await driver.Delete(path, Cancel), $"nothing was at {path}");

    public Task RemoveLink(string path) => Remove($"{root}repositories/{path}");

    public Task Put(string path, byte[] content) => driver.Put(path, new ReadOnlySequence<byte>(content), BlobMetadata.None, Cancel);
}
