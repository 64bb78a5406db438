using Registry.Storage;

namespace Registry.Access;

/// <summary>Accounts, federations and rules as rows.</summary>
internal static class AccessRows
{
    private const string Federated = "federation";

    public static bool IsFederation(TableEntity row) => row.GetString("kind") == Federated;

    public static TableEntity Write(Account account) =>
        new TableEntity(Tables.AccountsPartition, account.Name.ToString())
            .Set("version", 1)
            .Set("kind", account.Kind == AccountKind.Robot ? "robot" : "person")
            .Set("hash", account.SecretHash)
            .Set("secretVersion", account.Version)
            .Set("created", account.CreatedAt)
            .Set("expires", account.ExpiresAt)
            .Set("disabled", account.IsDisabled);

    public static Account ReadAccount(TableEntity row) => new(
        AccountName.Parse(row.Row),
        row.GetString("kind") == "robot" ? AccountKind.Robot : AccountKind.Person,
        row.GetString("hash"),
        row.GetString("secretVersion"),
        row.GetTime("created"),
        row.FindTime("expires"),

        // Unreadable means shut.
        row.FindBoolean("disabled") ?? true);

    public static TableEntity Write(Federation federation) =>
        new TableEntity(Tables.AccountsPartition, federation.Name.ToString())
            .Set("version", 1)
            .Set("kind", Federated)
            .Set("issuer", federation.Issuer.OriginalString)
            .Set("audience", federation.Audience)
            .Set("subject", federation.SubjectPattern)
            .Set("secretVersion", federation.Version)
            .Set("created", federation.CreatedAt);

    public static Federation ReadFederation(TableEntity row) => new(
        AccountName.Parse(row.Row),
        new Uri(row.GetString("issuer")),
        row.GetString("audience"),
        row.GetString("subject"),
        row.GetString("secretVersion"),
        row.GetTime("created"));

    public static TableEntity Write(AccessRule rule) =>
        new TableEntity(Tables.RulesPartition, Tables.RuleRow(rule.Name, rule.Repositories))
            .Set("version", 1)
            .Set("name", rule.Name.ToString())
            .Set("repositories", rule.Repositories.ToString())
            .Set("actions", rule.Actions.ToText());

    public static AccessRule ReadRule(TableEntity row)
    {
        // An action of a later version is not ours to allow.
        var actions = row.GetString("actions").Split(',').Aggregate(AccessActions.None, (all, name) => all | AccessActionsText.Find(name));
        return new(AccountName.Parse(row.GetString("name")), RepositoryGlob.Parse(row.GetString("repositories")), actions);
    }
}
