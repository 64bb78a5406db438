using System.Runtime.CompilerServices;
using System.Text;
using Registry.Digests;
using Registry.Storage;

namespace Registry.Import;

/// <summary>Reads the layout in which docker's distribution (registry:2, registry:3) keeps what it has, as it lies in the storage.</summary>
/// <remarks>
/// <code>
/// docker/registry/v2/
///   blobs/sha256/3f/3f0c...e1/data                                   content: layers, configs and manifests alike
///   repositories/NAME/
///     _layers/sha256/HEX/link                                        the repository holds the layer
///     _manifests/revisions/sha256/HEX/link                           the repository holds the manifest
///     _manifests/tags/TAG/current/link                               the digest that the tag names
///     _manifests/tags/TAG/index/sha256/HEX/link                      what it has ever named: not read
///     _uploads/...                                                   not read
/// </code>
/// A link is a small file with a digest in it. Those of layers and revisions have that digest in their path too, so only tags are read. Names of
/// content in other algorithms (<c>sha512</c>, <c>tarsum</c>) are not looked at: distribution keeps all content by its sha256.
/// </remarks>
/// <param name="driver">The storage.</param>
/// <param name="root">What stands before <c>blobs</c> and <c>repositories</c>; ends with a slash.</param>
internal sealed class DistributionLayout(IStorageDriver driver, string root)
{
    private const string Tree = "docker/registry/v2/";
    private const string Blobs = "blobs/sha256/";
    private const string Repositories = "repositories/";
    private const int HexLength = 64;

    // "sha256:" and the hash: distribution writes nothing behind it.
    private const int LinkLength = 7 + HexLength;

    public string Root => root;

    /// <summary>Where to look: below the prefix, or without one at the top, with and without the slash that the Azure driver of distribution 2 puts in front.</summary>
    /// <exception cref="ArgumentException">The prefix cannot be that of a path.</exception>
    public static IReadOnlyList<string> Roots(string? prefix)
    {
        if (prefix is null)
            return [Tree, "/" + Tree];
        var root = prefix.Length == 0 || prefix.EndsWith('/') ? prefix + Tree : $"{prefix}/{Tree}";
        BlobLimits.CheckPath(root.TrimEnd('/'));
        return [root];
    }

    public string Path(Digest digest) => $"{root}{Blobs}{digest.Hex[..2]}/{digest.Hex}/data";

    /// <summary>Lists the content, in order of digest.</summary>
    public async IAsyncEnumerable<(Digest Digest, long Size)> ListBlobs([EnumeratorCancellation] CancellationToken cancellation)
    {
        await foreach (var blob in driver.List(root + Blobs, cancellation))
        {
            if (blob.Path[(root.Length + Blobs.Length)..].Split('/') is [var folder, var hex, "data"]
                && Sha256(hex) is { } digest
                && hex.StartsWith(folder, StringComparison.Ordinal) && folder.Length == 2)
                yield return (digest, blob.Stat.Length);
        }
    }

    /// <summary>Lists the repositories with what they link to. Names begin with a letter or a digit and folders of links with an underscore, so those of one repository are listed together.</summary>
    public async IAsyncEnumerable<FoundRepository> ListRepositories([EnumeratorCancellation] CancellationToken cancellation)
    {
        FoundRepository? current = null;
        await foreach (var blob in driver.List(root + Repositories, cancellation))
        {
            var path = blob.Path[(root.Length + Repositories.Length)..];
            var end = path.IndexOf("/_", StringComparison.Ordinal);
            if (end < 0)
                continue;
            if (current?.Name != path[..end])
            {
                if (current is not null)
                    yield return current;
                current = new FoundRepository(path[..end]);
            }

            Add(current, path[(end + 1)..], isWhole: blob.Stat.Length == LinkLength);
        }

        if (current is not null)
            yield return current;
    }

    /// <summary>Reads the digest that a tag names; null when there is none in its link.</summary>
    public async Task<Digest?> ReadTag(string repository, string tag, CancellationToken cancellation)
    {
        var bytes = new byte[LinkLength];
        try
        {
            await using var link = await driver.Open($"{root}{Repositories}{repository}/_manifests/tags/{tag}/current/link", 0, LinkLength, cancellation);
            var length = await link.ReadAtLeastAsync(bytes, LinkLength, throwOnEndOfStream: false, cancellation);
            return Digest.TryParse(Encoding.ASCII.GetString(bytes, 0, length), out var digest) ? digest : null;
        }
        catch (StorageNotFoundException)
        {
            // It was removed since it was listed.
            return null;
        }
    }

    private static void Add(FoundRepository repository, string path, bool isWhole)
    {
        switch (path.Split('/'))
        {
            case ["_layers", "sha256", var hex, "link"] when Sha256(hex) is { } digest:
                (isWhole ? repository.Layers : repository.Damaged).Add(digest);
                break;
            case ["_manifests", "revisions", "sha256", var hex, "link"] when Sha256(hex) is { } digest:
                (isWhole ? repository.Revisions : repository.Damaged).Add(digest);
                break;
            case ["_manifests", "tags", var tag, "current", "link"]:
                repository.Tags.Add(tag);
                break;
        }
    }

    private static Digest? Sha256(string hex) => hex.Length == HexLength && Digest.TryParse($"sha256:{hex}", out var digest) ? digest : null;
}

/// <summary>A repository as distribution has it.</summary>
/// <param name="name">Its name, which may be none that is allowed.</param>
internal sealed class FoundRepository(string name)
{
    public string Name => name;

    /// <summary>What it holds as a layer or a config.</summary>
    public HashSet<Digest> Layers { get; } = [];

    /// <summary>The manifests that it holds.</summary>
    public HashSet<Digest> Revisions { get; } = [];

    /// <summary>Its links that are not as long as a link is, as a crash of distribution leaves them: it cannot read them either.</summary>
    public HashSet<Digest> Damaged { get; } = [];

    public List<string> Tags { get; } = [];
}
