using Registry.Access;
using Registry.Storage;

namespace Registry.Lifecycle;

/// <summary>The retention policies, in their partition of the table of rules: one for a pattern of repositories.</summary>
public sealed class RetentionStore(ITableStore tables)
{
    /// <summary>Stores a policy, in place of the one for the same repositories.</summary>
    public Task Set(RetentionPolicy policy, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(policy);
        var row = new TableEntity(Tables.RetentionPartition, Tables.RetentionRow(policy.Repositories))
            .Set("version", 1)
            .Set("repositories", policy.Repositories.ToString())
            .Set("newest", policy.KeepNewest)
            .Set("within", Seconds(policy.KeepWithin))
            .Set("keep", policy.Keep.Count == 0 ? null : string.Join('\n', policy.Keep))
            .Set("untagged", Seconds(policy.Untagged));
        return tables.Write(Tables.Rules, TableOperation.Upsert(row), cancellation);
    }

    /// <returns>False when there was none for these repositories.</returns>
    public async Task<bool> Remove(RepositoryGlob repositories, CancellationToken cancellation)
    {
        var operation = TableOperation.Delete(Tables.RetentionPartition, Tables.RetentionRow(repositories), etag: null);
        return (await tables.Write(Tables.Rules, operation, cancellation)).IsDone;
    }

    /// <summary>All policies, in order of their repositories.</summary>
    /// <exception cref="FormatException">One cannot be read. What it would keep is not known, so none may be acted on.</exception>
    public async Task<IReadOnlyList<RetentionPolicy>> List(CancellationToken cancellation) =>
        [.. (await tables.ReadAll(Tables.Rules, Tables.RetentionPartition, null, cancellation)).Select(Read)];

    private static RetentionPolicy Read(TableEntity row) =>
        row.FindInt64("version") != 1
            ? throw new FormatException($"the retention policy '{row.Row}' was written by a newer version")
            : new RetentionPolicy(RepositoryGlob.Parse(row.FindString("repositories")))
            {
                KeepNewest = row.FindInt64("newest") is { } newest ? checked((int)newest) : null,
                KeepWithin = Span(row.FindInt64("within")),
                Keep = [.. (row.FindString("keep")?.Split('\n') ?? []).Select(TagPattern.Parse)],
                Untagged = Span(row.FindInt64("untagged")),
            }.Checked();

    private static long? Seconds(TimeSpan? span) => span is { } some ? (long)some.TotalSeconds : null;

    private static TimeSpan? Span(long? seconds) => seconds is { } some ? TimeSpan.FromSeconds(some) : null;
}
