using Registry.Storage;

namespace Registry.Access;

/// <summary>A copy of the tables of accounts and rules, so that a request costs no read of them, and a change takes effect everywhere within a minute.</summary>
/// <param name="tables">Where they are.</param>
/// <param name="time">Measures the copy's age.</param>
/// <param name="onFailure">Is told when the copy could not be refreshed and the old one goes on being used. When that is too old, nobody is let in.</param>
public sealed class AccessDirectory(ITableStore tables, TimeProvider time, Action<Exception> onFailure)
{
    private readonly RefreshedCopy<AccessPolicy> copy = new("read access rules", cancellation => Read(tables, cancellation), time, onFailure);

    /// <summary>The rules as they are, or were at most a minute ago.</summary>
    /// <exception cref="StorageFailedException">They cannot be read, and the last copy is too old.</exception>
    public ValueTask<AccessPolicy> Get(CancellationToken cancellation) => copy.Get(cancellation);

    /// <summary>Makes the next request read the tables: for whoever changed them through this instance.</summary>
    public void Expire() => copy.Expire();

    private static async Task<AccessPolicy> Read(ITableStore tables, CancellationToken cancellation)
    {
        var accounts = await tables.ReadAll(Tables.Accounts, Tables.AccountsPartition, null, cancellation);
        var rules = await tables.ReadAll(Tables.Rules, Tables.RulesPartition, null, cancellation);
        return new AccessPolicy(
            accounts.Where(row => !AccessRows.IsFederation(row)).Select(AccessRows.ReadAccount),
            accounts.Where(AccessRows.IsFederation).Select(AccessRows.ReadFederation),
            rules.Select(AccessRows.ReadRule));
    }
}
