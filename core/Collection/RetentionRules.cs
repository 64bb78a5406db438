using Registry.Lifecycle;

namespace Registry.Collection;

/// <summary>The retention policies of a run: read once in a slice, when the first repository is entered.</summary>
internal sealed class RetentionRules(CollectionContext context)
{
    private RetentionPolicies? policies;

    /// <summary>The policy that applies to a repository, by its key; null where none does.</summary>
    public async ValueTask<RetentionPolicy?> Find(string repositoryKey, CancellationToken cancellation)
    {
        policies ??= await Read(cancellation);
        return Storage.Tables.TryRepository(repositoryKey, out var repository) ? policies.Find(repository) : null;
    }

    private async Task<RetentionPolicies> Read(CancellationToken cancellation)
    {
        try
        {
            return new RetentionPolicies(await new RetentionStore(context.Tables).List(cancellation));
        }
        catch (Exception e) when (e is FormatException or OverflowException)
        {
            // One that cannot be read might be the one that keeps: nothing is taken by any.
            context.Keep("retention", null, $"a retention policy cannot be read, so no tag is taken: {e.Message}");
            return RetentionPolicies.None;
        }
    }
}
