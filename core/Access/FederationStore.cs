using Registry.Storage;

namespace Registry.Access;

/// <summary>The federations, in the table of the accounts: no name is both.</summary>
public sealed class FederationStore(ITableStore tables, RuleStore rules, AccountSecrets secrets, TimeProvider time)
{
    /// <summary>Adds a federation.</summary>
    /// <param name="name">What its callers log in as.</param>
    /// <param name="issuer">An https URL, as <c>iss</c> has it.</param>
    /// <param name="audience">What <c>aud</c> must hold.</param>
    /// <param name="subjectPattern">What <c>sub</c> must match. Never a bare <c>*</c>: at a public issuer that is everybody.</param>
    /// <param name="cancellation">Ends the call.</param>
    /// <exception cref="ArgumentException">One of them is not as it must be; the message says how.</exception>
    public async Task<AccessChange> Add(AccountName name, Uri issuer, string audience, string subjectPattern, CancellationToken cancellation)
    {
        if (name.IsAnonymous)
            throw new ArgumentException("'anonymous' is everybody, and no federation", nameof(name));
        Check(issuer, audience, subjectPattern);

        var federation = new Federation(name, issuer, audience, subjectPattern, secrets.NewVersion(), time.GetUtcNow());
        if (await tables.Find(Tables.Accounts, Tables.AccountsPartition, name.ToString(), cancellation) is not null)
            return AccessChange.Exists;
        await rules.RemoveAll(name, cancellation);
        var result = await tables.Write(Tables.Accounts, TableOperation.Insert(AccessRows.Write(federation)), cancellation);
        return result.IsDone ? AccessChange.Done : AccessChange.Exists;
    }

    /// <summary>Says what is wrong with the terms of a federation, before there is a store to ask.</summary>
    /// <exception cref="ArgumentException">One of them is not as it must be; the message says how.</exception>
    public static void Check(Uri issuer, string audience, string subjectPattern)
    {
        ArgumentNullException.ThrowIfNull(issuer);
        ArgumentException.ThrowIfNullOrWhiteSpace(audience);
        ArgumentException.ThrowIfNullOrWhiteSpace(subjectPattern);
        if (!issuer.IsAbsoluteUri || issuer.Scheme != Uri.UriSchemeHttps || issuer.Query.Length + issuer.Fragment.Length > 0)
            throw new ArgumentException("an issuer is an https URL without a query", nameof(issuer));
        if (subjectPattern.Trim('*').Length == 0)
            throw new ArgumentException("'*' would let in whoever has a token of that issuer", nameof(subjectPattern));
    }

    /// <summary>All federations, in order of name.</summary>
    public async Task<IReadOnlyList<Federation>> List(CancellationToken cancellation)
    {
        var rows = await tables.ReadAll(Tables.Accounts, Tables.AccountsPartition, null, cancellation);
        return [.. rows.Where(AccessRows.IsFederation).Select(AccessRows.ReadFederation)];
    }

    /// <summary>Removes a federation, its rules with it, and ends the tokens that were issued for it.</summary>
    public async Task<AccessChange> Remove(AccountName name, CancellationToken cancellation)
    {
        if (await tables.Find(Tables.Accounts, Tables.AccountsPartition, name.ToString(), cancellation) is not { } row || !AccessRows.IsFederation(row))
            return AccessChange.Unknown;
        await rules.RemoveAll(name, cancellation);
        var result = await tables.Write(Tables.Accounts, TableOperation.Delete(row.Partition, row.Row, etag: null), cancellation);
        return result.IsDone ? AccessChange.Done : AccessChange.Unknown;
    }
}
