using Registry.Repositories;

namespace Registry.Access;

/// <summary>Accounts, federations and rules as they were at one moment, and what follows from them.</summary>
public sealed class AccessPolicy
{
    private readonly Dictionary<AccountName, Account> accounts;
    private readonly Dictionary<AccountName, Federation> federations;
    private readonly ILookup<AccountName, AccessRule> rules;

    public AccessPolicy(IEnumerable<Account> accounts, IEnumerable<Federation> federations, IEnumerable<AccessRule> rules)
    {
        this.accounts = accounts.ToDictionary(a => a.Name);
        this.federations = federations.ToDictionary(f => f.Name);
        this.rules = rules.ToLookup(r => r.Name);
    }

    public bool HasAccounts => accounts.Count > 0;

    public Account? FindAccount(AccountName name) => accounts.GetValueOrDefault(name);

    public Federation? FindFederation(AccountName name) => federations.GetValueOrDefault(name);

    /// <summary>Whether any rule is about that name.</summary>
    public bool HasRules(AccountName name) => rules.Contains(name);

    /// <summary>Whether somebody who once showed to be this still is: the account is there, open, not past its date, and has the secret it had.</summary>
    public bool IsCurrent(Principal principal, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(principal);
        if (principal.IsAnonymous)
            return true;
        return FindAccount(principal.Name) is { } account
            ? account.Version == principal.Version && account.IsUsable(now)
            : FindFederation(principal.Name) is { } federation && federation.Version == principal.Version;
    }

    /// <summary>What the rules let somebody do in a repository: their own rules and those for everybody, together.</summary>
    public AccessActions Rights(Principal principal, RepositoryName repository)
    {
        ArgumentNullException.ThrowIfNull(principal);
        return RulesOf(principal).Where(r => r.Repositories.Matches(repository)).Aggregate(AccessActions.None, (all, r) => all | r.Actions);
    }

    /// <summary>Whether the rules allow all of these actions in the repository.</summary>
    public bool Allows(Principal principal, RepositoryName repository, AccessActions actions) => (Rights(principal, repository) & actions) == actions;

    /// <summary>Whether somebody may ask for the catalog at all; what it shows is a matter of each repository.</summary>
    public bool MayList(Principal principal) => RulesOf(principal).Any(r => r.Actions.HasFlag(AccessActions.Catalog));

    /// <summary>Whether everybody may push everywhere: then nothing needs a login.</summary>
    public bool NeedsNoLogin => rules[AccountName.Anonymous].Any(r => r.Repositories.ToString() == "*" && r.Actions.HasFlag(AccessActions.Push));

    private IEnumerable<AccessRule> RulesOf(Principal principal) =>
        principal.IsAnonymous ? rules[AccountName.Anonymous] : rules[principal.Name].Concat(rules[AccountName.Anonymous]);
}
