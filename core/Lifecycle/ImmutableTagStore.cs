using Registry.Access;
using Registry.Storage;

namespace Registry.Lifecycle;

/// <summary>The rules of immutable tags, in their partition of the table of rules.</summary>
public sealed class ImmutableTagStore(ITableStore tables)
{
    /// <summary>Adds a rule; one that is there already stays.</summary>
    public Task Add(ImmutableTagRule rule, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(rule);
        var row = new TableEntity(Tables.ImmutableTagsPartition, Tables.ImmutableTagsRow(rule.Repositories, rule.Tags))
            .Set("version", 1)
            .Set("repositories", rule.Repositories.ToString())
            .Set("tags", rule.Tags.ToString());
        return tables.Write(Tables.Rules, TableOperation.Upsert(row), cancellation);
    }

    /// <returns>False when there was no such rule.</returns>
    public async Task<bool> Remove(ImmutableTagRule rule, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(rule);
        var row = Tables.ImmutableTagsRow(rule.Repositories, rule.Tags);
        return (await tables.Write(Tables.Rules, TableOperation.Delete(Tables.ImmutableTagsPartition, row, etag: null), cancellation)).IsDone;
    }

    /// <summary>All rules, in order of their patterns.</summary>
    public async Task<IReadOnlyList<ImmutableTagRule>> List(CancellationToken cancellation) =>
        [.. (await tables.ReadAll(Tables.Rules, Tables.ImmutableTagsPartition, null, cancellation)).Select(Read)];

    private static ImmutableTagRule Read(TableEntity row) =>
        new(RepositoryGlob.Parse(row.GetString("repositories")), TagPattern.Parse(row.GetString("tags")));
}
