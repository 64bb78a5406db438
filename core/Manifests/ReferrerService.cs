using System.Text.Json;
using Registry.Digests;
using Registry.Errors;
using Registry.Repositories;
using Registry.Storage;

namespace Registry.Manifests;

/// <summary>Lists the manifests that have a given one as their subject (end-12).</summary>
/// <remarks>
/// Every manifest with a subject is indexed when it is put, whatever tag it is put under. So what clients keep in an index under the
/// fallback tag ("Referrers Tag Schema") is listed already, and garbage under such a tag is nothing but a tag.
/// </remarks>
public sealed class ReferrerService(IStorageDriver driver, ITableStore tables)
{
    // Clients read an index of 4 MiB; annotations make descriptors large.
    private const long MaxPageBytes = 4 * 1024 * 1024;

    // What a descriptor takes beside its annotations, generously.
    private const long DescriptorBytes = 512;

    /// <summary>One page, in order of digest. One transaction, and one more for each referrer whose annotations do not fit a row.</summary>
    /// <param name="repository">Where.</param>
    /// <param name="subject">Whose referrers.</param>
    /// <param name="artifactType">Only those of this type; null for all.</param>
    /// <param name="last">The digest that the page before ended with, or null.</param>
    /// <param name="cancellation">Ends the call.</param>
    public async Task<ReferrerPage> List(RepositoryName repository, Digest subject, string? artifactType, Digest? last, CancellationToken cancellation)
    {
        var prefix = Tables.ReferrersPrefix(subject);
        var query = new TableQuery
        {
            Partition = Tables.Key(repository),
            FromRow = last is { } digest ? Tables.After(prefix + digest) : prefix,
            BeforeRow = Tables.PrefixEnd(prefix),
            Where = artifactType is null ? null : ("artifactType", artifactType),
        };
        var page = await tables.Query(Tables.Manifests, query, cancellation);
        while (page is { Entities.Count: 0, Next: { } next })
            page = await tables.Query(Tables.Manifests, query with { Continue = next }, cancellation);

        var referrers = new List<Referrer>();
        var bytes = 0L;
        foreach (var row in page.Entities)
        {
            var referrer = await Read(row, cancellation);
            bytes += DescriptorBytes + (referrer.Annotations?.Length ?? 0);
            if (bytes > MaxPageBytes && referrers.Count > 0)
                return new ReferrerPage(referrers, More: true);
            referrers.Add(referrer);
        }

        return new ReferrerPage(referrers, More: page.Next is not null);
    }

    private async Task<Referrer> Read(TableEntity row, CancellationToken cancellation)
    {
        var info = ManifestRows.Info(row);
        if (row.FindBoolean("whole") == true)
            return new Referrer(info, row.FindString("artifactType"), row.FindString("annotations"));

        try
        {
            await using var content = await driver.Open(info.Path, 0, info.Size, cancellation);
            using var json = await JsonDocument.ParseAsync(content, cancellationToken: cancellation);
            var document = new ManifestReader(json.RootElement, int.MaxValue).Read(info.MediaType);
            return new Referrer(info, document.ArtifactType, document.Annotations);
        }
        catch (Exception e) when (e is StorageNotFoundException or JsonException or RegistryException)
        {
            // Deleted since the row was read, or damaged, which verification tells of. It is a referrer by its row, and the others' list must not fail for it.
            return new Referrer(info, row.FindString("artifactType"), null);
        }
    }
}

/// <param name="Info">The referring manifest.</param>
/// <param name="ArtifactType">Its type, or null.</param>
/// <param name="Annotations">Its <c>annotations</c> as JSON, or null.</param>
public sealed record Referrer(ManifestInfo Info, string? ArtifactType, string? Annotations);

/// <param name="Referrers">The referrers, in order of digest.</param>
/// <param name="More">Whether others follow.</param>
public sealed record ReferrerPage(IReadOnlyList<Referrer> Referrers, bool More);
