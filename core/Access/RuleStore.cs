using Registry.Storage;

namespace Registry.Access;

/// <summary>The rules, in their table: at most one for a name and a pattern.</summary>
public sealed class RuleStore(ITableStore tables)
{
    /// <summary>Adds a rule, or gives the one with the same name and pattern these actions instead.</summary>
    /// <returns><see cref="AccessChange.Unknown"/>: there is neither an account nor a federation of that name.</returns>
    public async Task<AccessChange> Add(AccessRule rule, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(rule);
        if (!rule.Name.IsAnonymous && await tables.Find(Tables.Accounts, Tables.AccountsPartition, rule.Name.ToString(), cancellation) is null)
            return AccessChange.Unknown;
        await Put(rule, cancellation);
        return AccessChange.Done;
    }

    public async Task<AccessChange> Remove(AccountName name, RepositoryGlob repositories, CancellationToken cancellation)
    {
        var operation = TableOperation.Delete(Tables.RulesPartition, Tables.RuleRow(name, repositories), etag: null);
        return (await tables.Write(Tables.Rules, operation, cancellation)).IsDone ? AccessChange.Done : AccessChange.Unknown;
    }

    /// <summary>All rules, in order of name and pattern.</summary>
    public async Task<IReadOnlyList<AccessRule>> List(CancellationToken cancellation) =>
        [.. (await tables.ReadAll(Tables.Rules, Tables.RulesPartition, null, cancellation)).Select(AccessRows.ReadRule)];

    internal Task Put(AccessRule rule, CancellationToken cancellation) =>
        tables.Write(Tables.Rules, TableOperation.Upsert(AccessRows.Write(rule)), cancellation);

    internal async Task RemoveAll(AccountName name, CancellationToken cancellation)
    {
        foreach (var row in await tables.ReadAll(Tables.Rules, Tables.RulesPartition, Tables.RulesPrefix(name), cancellation))
            await tables.Write(Tables.Rules, TableOperation.Delete(row.Partition, row.Row, etag: null), cancellation);
    }
}
