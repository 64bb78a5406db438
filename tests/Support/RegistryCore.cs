using System.Text;
using System.Text.Json.Nodes;
using Registry.Collection;
using Registry.Digests;
using Registry.Layers;
using Registry.Lifecycle;
using Registry.Manifests;
using Registry.Repositories;
using Registry.Storage;

namespace Registry.Tests.Support;

/// <summary>The services of core on a given storage, without HTTP.</summary>
public sealed class RegistryCore
{
    public RegistryCore(IStorageDriver driver, ITableStore tables)
    {
        var (options, collection) = (new ManifestOptions { AllowSparse = true }, new CollectionOptions());
        Catalog = new RepositoryCatalog(tables);
        Referrers = new ReferrerService(driver, tables);
        Manifests = new ManifestService(driver, tables, new ManifestCache(0), new ImmutableTags(), options, collection, TimeProvider.System, new SeededIds(1));
    }

    public ManifestService Manifests { get; }

    public RepositoryCatalog Catalog { get; }

    public ReferrerService Referrers { get; }

    /// <summary>Puts an image that refers to nothing but a subject, under tags.</summary>
    public Task<ManifestStored> Put(string repository, string name, IEnumerable<string> tags, Digest? subject = null, int annotation = 0)
    {
        var json = new JsonObject { ["name"] = name, ["annotations"] = new JsonObject { ["padding"] = new string('x', annotation) } };
        if (subject is { } digest)
            json["subject"] = new JsonObject { ["digest"] = digest.ToString() };
        var content = Encoding.UTF8.GetBytes(json.ToJsonString());
        return Manifests.Put(
            RepositoryName.Parse(repository), Reference.To(Digest.Compute(DigestAlgorithm.Sha256, content)), [.. tags.Select(t => Tag.Parse(t))], "application/vnd.example+json", content, CancellationToken.None);
    }
}
