using Registry.Storage;

namespace Registry.Access;

/// <summary>The accounts, in their table. One row a name, shared with <see cref="FederationStore"/>: no name is both.</summary>
/// <remarks>
/// Removing takes the rules first and the account last; whatever a crash, or a rule added at that moment, leaves behind is taken before the
/// name is given again. So a new account never inherits what an old one of its name might do.
/// </remarks>
public sealed class AccountStore(ITableStore tables, RuleStore rules, AccountSecrets secrets, TimeProvider time)
{
    // Each lost round means that somebody else changed the same account.
    private const int MaxRounds = 20;

    /// <summary>Adds a person.</summary>
    /// <param name="name">Not <see cref="AccountName.Anonymous"/>.</param>
    /// <param name="password">12 to 256 characters.</param>
    /// <param name="cancellation">Ends the call.</param>
    public Task<AccessChange> AddPerson(AccountName name, string password, CancellationToken cancellation)
    {
        CheckPassword(password);
        return Add(New(name, AccountKind.Person, password, null), [], cancellation);
    }

    /// <summary>Adds a robot, and makes its secret.</summary>
    /// <param name="name">Not <see cref="AccountName.Anonymous"/>.</param>
    /// <param name="expiresAt">When it ends by itself; null for never.</param>
    /// <param name="cancellation">Ends the call.</param>
    public async Task<NewSecret> AddRobot(AccountName name, DateTimeOffset? expiresAt, CancellationToken cancellation)
    {
        var secret = secrets.New();
        var change = await Add(New(name, AccountKind.Robot, secret, expiresAt), [], cancellation);
        return new NewSecret(change, change == AccessChange.Done ? secret : null);
    }

    /// <summary>Adds a person who may do everything, if there is no account at all. False when there was one.</summary>
    public async Task<bool> AddFirstAdministrator(AccountName name, string password, CancellationToken cancellation)
    {
        CheckPassword(password);
        var rows = await tables.ReadAll(Tables.Accounts, Tables.AccountsPartition, null, cancellation);
        if (!rows.TrueForAll(AccessRows.IsFederation))
            return false;
        var everything = new AccessRule(name, RepositoryGlob.Parse("*"), AccessActions.All);
        return await Add(New(name, AccountKind.Person, password, null), [everything], cancellation) == AccessChange.Done;
    }

    public async Task<Account?> Find(AccountName name, CancellationToken cancellation) =>
        await FindRow(name, cancellation) is { } row ? AccessRows.ReadAccount(row) : null;

    /// <summary>All accounts, in order of name.</summary>
    public async Task<IReadOnlyList<Account>> List(CancellationToken cancellation)
    {
        var rows = await tables.ReadAll(Tables.Accounts, Tables.AccountsPartition, null, cancellation);
        return [.. rows.Where(row => !AccessRows.IsFederation(row)).Select(AccessRows.ReadAccount)];
    }

    /// <summary>Shuts an account, with every token that it has.</summary>
    public Task<AccessChange> Disable(AccountName name, CancellationToken cancellation) =>
        Change(name, account => account with { IsDisabled = true }, cancellation);

    /// <summary>Opens an account that was shut. Its tokens that have not expired count again.</summary>
    public Task<AccessChange> Enable(AccountName name, CancellationToken cancellation) =>
        Change(name, account => account with { IsDisabled = false }, cancellation);

    /// <summary>Gives an account another secret. The old one and every token that was issued under it end.</summary>
    /// <param name="name">Whose.</param>
    /// <param name="password">A person's new password; null to have a secret made.</param>
    /// <param name="cancellation">Ends the call.</param>
    public async Task<NewSecret> Rotate(AccountName name, string? password, CancellationToken cancellation)
    {
        if (password is not null)
            CheckPassword(password);
        var secret = password ?? secrets.New();
        var version = secrets.NewVersion();

        // Whoever chose a password gets the slow hash, also for a robot: what was chosen can be guessed.
        var change = await Change(
            name,
            account =>
            {
                var kind = password is null ? account.Kind : AccountKind.Person;
                return account with { Kind = kind, SecretHash = secrets.Hash(kind, secret), Version = version };
            },
            cancellation);
        return new NewSecret(change, change == AccessChange.Done && password is null ? secret : null);
    }

    /// <summary>Removes an account, its rules with it.</summary>
    public async Task<AccessChange> Remove(AccountName name, CancellationToken cancellation)
    {
        if (await FindRow(name, cancellation) is null)
            return AccessChange.Unknown;
        await rules.RemoveAll(name, cancellation);
        var result = await tables.Write(Tables.Accounts, TableOperation.Delete(Tables.AccountsPartition, name.ToString(), etag: null), cancellation);
        return result.IsDone ? AccessChange.Done : AccessChange.Unknown;
    }

    private Account New(AccountName name, AccountKind kind, string secret, DateTimeOffset? expiresAt) => name.IsAnonymous
        ? throw new ArgumentException("'anonymous' is everybody, and no account", nameof(name))
        : new Account(name, kind, secrets.Hash(kind, secret), secrets.NewVersion(), time.GetUtcNow(), expiresAt);

    // Two who add one name at the same time each clear and write the rules before they insert, so whoever wins, they are there.
    private async Task<AccessChange> Add(Account account, IReadOnlyList<AccessRule> with, CancellationToken cancellation)
    {
        if (await tables.Find(Tables.Accounts, Tables.AccountsPartition, account.Name.ToString(), cancellation) is not null)
            return AccessChange.Exists;
        await rules.RemoveAll(account.Name, cancellation);
        foreach (var rule in with)
            await rules.Put(rule, cancellation);
        var result = await tables.Write(Tables.Accounts, TableOperation.Insert(AccessRows.Write(account)), cancellation);
        return result.IsDone ? AccessChange.Done : AccessChange.Exists;
    }

    private async Task<AccessChange> Change(AccountName name, Func<Account, Account> change, CancellationToken cancellation)
    {
        for (var round = 0; round < MaxRounds; round++)
        {
            if (await FindRow(name, cancellation) is not { } row)
                return AccessChange.Unknown;
            var changed = AccessRows.Write(change(AccessRows.ReadAccount(row)));
            var result = await tables.Write(Tables.Accounts, TableOperation.Replace(changed, row.ETag), cancellation);
            if (result.IsDone)
                return AccessChange.Done;
        }

        throw new StorageFailedException("change account", name.ToString(), 0, "contended");
    }

    private async Task<TableEntity?> FindRow(AccountName name, CancellationToken cancellation) =>
        await tables.Find(Tables.Accounts, Tables.AccountsPartition, name.ToString(), cancellation) is { } row && !AccessRows.IsFederation(row) ? row : null;

    private static void CheckPassword(string password)
    {
        ArgumentNullException.ThrowIfNull(password);
        if (password.Length is < AccountSecrets.MinPassword or > AccountSecrets.MaxPassword)
            throw new ArgumentException($"a password has {AccountSecrets.MinPassword} to {AccountSecrets.MaxPassword} characters", nameof(password));
    }
}
