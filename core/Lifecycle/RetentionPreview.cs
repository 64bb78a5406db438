using System.Runtime.CompilerServices;
using Registry.Access;
using Registry.Collection;
using Registry.Digests;
using Registry.Manifests;
using Registry.Repositories;
using Registry.Storage;

namespace Registry.Lifecycle;

/// <summary>Tells what policies make of repositories as they are now: what the collector would do, by the same judge.</summary>
public sealed class RetentionPreview(ITableStore tables, CollectionOptions options)
{
    /// <summary>Is told the number of rows read so far, from time to time.</summary>
    public Func<long, ValueTask> Report { get; init; } = _ => ValueTask.CompletedTask;

    /// <summary>Judges every repository that a policy applies to. One transaction for a thousand rows of a repository.</summary>
    /// <param name="repositories">Only these; null for all.</param>
    /// <param name="policies">What to go by: those that are stored, or others.</param>
    /// <param name="cancellation">Ends the call.</param>
    public async IAsyncEnumerable<PreviewedRepository> Of(RepositoryGlob? repositories, RetentionPolicies policies, [EnumeratorCancellation] CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(policies);
        var before = 0L;
        await foreach (var repository in new RepositoryCatalog(tables).All(cancellation))
        {
            if (repositories?.Matches(repository) == false || policies.Find(repository) is not { } policy)
                continue;
            var graph = await RepositoryGraph.Read(tables, repository, rows => Report(before + rows), cancellation);
            before += graph.Rows;
            yield return Judge(repository, policy, graph);
        }
    }

    private PreviewedRepository Judge(RepositoryName repository, RetentionPolicy policy, RepositoryGraph graph)
    {
        if (graph.IsUnreadable)
            return new(repository, policy, [.. graph.Tags.Select(tag => Previewed(new JudgedTag(tag, true, "kept: the repository has a row that cannot be read, so all of it stays")))], 0);
        var verdict = RetentionJudge.Judge(graph, policy, graph.ReadAt, options.RestorableFor);
        return new(repository, policy, [.. verdict.Tags.Select(Previewed)], verdict.Released.Count);
    }

    private static PreviewedTag Previewed(JudgedTag judged) => new(judged.Tag.Tag, ManifestRows.Target(judged.Tag.Row), judged.Tag.PushedAt, judged.IsKept, judged.Reason);
}

/// <param name="Repository">Which.</param>
/// <param name="Policy">The policy that applies to it.</param>
/// <param name="Tags">Every tag, in ordinal order.</param>
/// <param name="Manifests">How many manifests go: those that the tags lead to which go or went, and nothing else.</param>
public sealed record PreviewedRepository(RepositoryName Repository, RetentionPolicy Policy, IReadOnlyList<PreviewedTag> Tags, int Manifests);

/// <param name="Tag">The tag.</param>
/// <param name="Digest">What it points at.</param>
/// <param name="PushedAt">When it was pushed last.</param>
/// <param name="IsKept">Whether it stays.</param>
/// <param name="Reason">What keeps or takes it: <c>kept: one of the 3 newest (2nd)</c>.</param>
public sealed record PreviewedTag(Tag Tag, Digest Digest, DateTimeOffset PushedAt, bool IsKept, string Reason);
