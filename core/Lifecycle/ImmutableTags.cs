using Registry.Errors;
using Registry.Manifests;
using Registry.Repositories;
using Registry.Storage;

namespace Registry.Lifecycle;

/// <summary>Tells which tags do not move. Each instance keeps a copy of the rules: a push costs no read of them, and a change takes effect everywhere within a minute.</summary>
public sealed class ImmutableTags
{
    private readonly Func<CancellationToken, ValueTask<IReadOnlyList<ImmutableTagRule>>> rules;
    private readonly Action expire;

    /// <param name="tables">Where the rules are.</param>
    /// <param name="time">Measures the copy's age.</param>
    /// <param name="onFailure">Is told when the copy could not be refreshed and the old one goes on being used.</param>
    public ImmutableTags(ITableStore tables, TimeProvider time, Action<Exception> onFailure)
    {
        var copy = new RefreshedCopy<IReadOnlyList<ImmutableTagRule>>("read immutable tags", new ImmutableTagStore(tables).List, time, onFailure);
        (rules, expire) = (copy.Get, copy.Expire);
    }

    /// <summary>Rules that nobody changes.</summary>
    internal ImmutableTags(params IReadOnlyList<ImmutableTagRule> rules) => (this.rules, expire) = (_ => ValueTask.FromResult(rules), () => { });

    /// <summary>Makes the next push read the rules: for whoever changed them through this instance.</summary>
    public void Expire() => expire();

    /// <summary>What a put may do to these tags. Without tags nothing is read.</summary>
    /// <exception cref="StorageFailedException">The rules cannot be read, and the last copy is too old.</exception>
    internal async ValueTask<IReadOnlyCollection<TagPut>> Of(RepositoryName repository, IReadOnlyCollection<Tag> tags, CancellationToken cancellation)
    {
        if (tags.Count == 0)
            return [];
        var all = await rules(cancellation);
        return [.. tags.Select(tag => new TagPut(tag, MayMove: !all.Any(rule => rule.Covers(repository, tag))))];
    }

    /// <summary>The refusal of a put: one problem for each tag that it would have moved.</summary>
    internal static RegistryException Refusal(RepositoryName repository, IEnumerable<HeldTag> held) => new(
    [
        .. held.Select(h => new RegistryException.Problem(
            RegistryError.TagImmutable,
            $"tag {h.Tag} of {repository} is immutable and points at {h.Digest}: push under another tag, or delete this one first",
            new ImmutableTagDetail(repository.ToString(), h.Tag.ToString(), h.Digest.ToString()))),
    ]);
}

/// <summary>The detail of a push over an immutable tag.</summary>
/// <param name="Name">The repository.</param>
/// <param name="Tag">The tag.</param>
/// <param name="Digest">What it points at.</param>
public sealed record ImmutableTagDetail(string Name, string Tag, string Digest);
