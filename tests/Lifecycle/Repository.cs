using System.Text;
using Registry.Digests;
using Registry.Lifecycle;
using Registry.Manifests;
using Registry.Repositories;
using Registry.Storage;

namespace Registry.Tests.Lifecycle;

/// <summary>A repository as rows, by symbolic names: what a graph is made of without a registry.</summary>
internal sealed class Repository
{
    public static readonly DateTimeOffset Now = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);

    private readonly List<TableEntity> rows = [];

    public RepositoryGraph Graph
    {
        get
        {
            var graph = new RepositoryGraph();
            foreach (var row in rows.OrderBy(r => r.Row, StringComparer.Ordinal))
                graph.Add(row);
            return graph;
        }
    }

    public static Digest Digest(string name, DigestAlgorithm? algorithm = null) => Registry.Digests.Digest.Compute(algorithm ?? DigestAlgorithm.Sha256, Encoding.UTF8.GetBytes(name));

    /// <summary>Adds a manifest; what it lists and its subject need not be there.</summary>
    public Repository Manifest(string name, string[]? children = null, string? subject = null, bool isReleased = false, DigestAlgorithm? algorithm = null)
    {
        var digest = Digest(name, algorithm);
        var row = Row(Tables.ManifestRow(digest), digest, TimeSpan.Zero)
            .Set("refs0", ManifestReference.Encode((children ?? []).Select(c => new ManifestReference(ReferenceKind.Child, Digest(c)))))
            .Set("subject", subject is null ? null : Digest(subject).ToString());
        rows.Add(isReleased ? row.Noted(Now, isReleased: true) : row);
        return this;
    }

    /// <summary>Adds a tag that was pushed so many days ago.</summary>
    public Repository Tag(string tag, string manifest, double daysAgo = 1, double? restoredDaysAgo = null)
    {
        var row = Row(Tables.TagRow(Registry.Manifests.Tag.Parse(tag)), Digest(manifest), TimeSpan.FromDays(restoredDaysAgo ?? daysAgo));
        rows.Add(restoredDaysAgo is null ? row : row.Set(ManifestRows.Pushed, Now - TimeSpan.FromDays(daysAgo)));
        return this;
    }

    /// <summary>A tag that is named after a manifest.</summary>
    public static string Named(string manifest, string suffix = ".sig") => $"sha256-{Digest(manifest).Hex}{suffix}";

    public RetentionVerdict Judge(RetentionPolicy policy) => RetentionJudge.Judge(Graph, policy, Now, TimeSpan.FromDays(7));

    /// <summary>The names of released manifests, of those that are asked about.</summary>
    public IReadOnlyList<string> Released(RetentionPolicy policy, params string[] names)
    {
        var released = Judge(policy).Released;
        return [.. names.Where(n => released.Contains(Digest(n).ToString()))];
    }

    private static TableEntity Row(string key, Digest digest, TimeSpan ago) =>
        new TableEntity(Tables.Key(RepositoryName.Parse("here")), key) { ETag = key, Timestamp = Now - ago, ReadAt = Now }.Set("digest", digest.ToString());
}
