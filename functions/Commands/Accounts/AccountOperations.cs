using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Registry.Access;
using Registry.Functions.Commands.Operations;

namespace Registry.Functions.Commands.Accounts;

internal sealed record AddPerson(string Name, string Password) : RuleChange<AddedAccount>
{
    protected override JsonTypeInfo<AddedAccount> ResultType => AccountJson.Default.AddedAccount;

    /// <summary>Without the password, which a record would print.</summary>
    public override string ToString() => $"{nameof(AddPerson)} {Name}";

    protected override async Task<AddedAccount> Change(OperationContext context, CancellationToken cancellation)
    {
        AccountAnswers.Require(await context.Accounts.AddPerson(AccountName.Parse(Name), Password, cancellation), Name);
        return new AddedAccount(Name, AccountAnswers.Kind(AccountKind.Person), null, null);
    }
}

internal sealed record AddRobot(string Name, DateTimeOffset? Expires) : RuleChange<AddedAccount>
{
    protected override JsonTypeInfo<AddedAccount> ResultType => AccountJson.Default.AddedAccount;

    protected override async Task<AddedAccount> Change(OperationContext context, CancellationToken cancellation)
    {
        if (Expires <= context.Time.GetUtcNow())
            throw new ArgumentException($"{Expires:u} is over: a robot ends in the future, as in --expires 90d");
        var added = await context.Accounts.AddRobot(AccountName.Parse(Name), Expires, cancellation);
        AccountAnswers.Require(added.Change, Name);
        return new AddedAccount(Name, AccountAnswers.Kind(AccountKind.Robot), Expires, added.Secret);
    }
}

internal sealed record ListAccounts : Operation<AccountList>
{
    protected override JsonTypeInfo<AccountList> ResultType => AccountJson.Default.AccountList;

    protected override async Task<AccountList> Run(OperationContext context, CancellationToken cancellation)
    {
        var now = context.Time.GetUtcNow();
        var accounts = await context.Accounts.List(cancellation);
        return new AccountList([.. accounts.Select(a => new ListedAccount(a.Name.ToString(), AccountAnswers.Kind(a.Kind), AccountAnswers.State(a, now), a.CreatedAt, a.ExpiresAt))]);
    }
}

internal sealed record DisableAccount(string Name) : RuleChange<ChangedAccount>
{
    protected override JsonTypeInfo<ChangedAccount> ResultType => AccountJson.Default.ChangedAccount;

    protected override async Task<ChangedAccount> Change(OperationContext context, CancellationToken cancellation)
    {
        AccountAnswers.Require(await context.Accounts.Disable(AccountName.Parse(Name), cancellation), Name);
        return new ChangedAccount(Name, "disabled");
    }
}

internal sealed record EnableAccount(string Name) : RuleChange<ChangedAccount>
{
    protected override JsonTypeInfo<ChangedAccount> ResultType => AccountJson.Default.ChangedAccount;

    protected override async Task<ChangedAccount> Change(OperationContext context, CancellationToken cancellation)
    {
        AccountAnswers.Require(await context.Accounts.Enable(AccountName.Parse(Name), cancellation), Name);
        return new ChangedAccount(Name, "enabled");
    }
}

internal sealed record RemoveAccount(string Name) : RuleChange<ChangedAccount>
{
    protected override JsonTypeInfo<ChangedAccount> ResultType => AccountJson.Default.ChangedAccount;

    protected override async Task<ChangedAccount> Change(OperationContext context, CancellationToken cancellation)
    {
        AccountAnswers.Require(await context.Accounts.Remove(AccountName.Parse(Name), cancellation), Name);
        return new ChangedAccount(Name, "removed");
    }
}

/// <param name="Name">Whose secret.</param>
/// <param name="Password">The new one; null to have one made.</param>
internal sealed record RotateAccount(string Name, string? Password) : RuleChange<RotatedAccount>
{
    protected override JsonTypeInfo<RotatedAccount> ResultType => AccountJson.Default.RotatedAccount;

    /// <summary>Without the password, which a record would print.</summary>
    public override string ToString() => $"{nameof(RotateAccount)} {Name}";

    protected override async Task<RotatedAccount> Change(OperationContext context, CancellationToken cancellation)
    {
        var rotated = await context.Accounts.Rotate(AccountName.Parse(Name), Password, cancellation);
        AccountAnswers.Require(rotated.Change, Name);
        return new RotatedAccount(Name, rotated.Secret);
    }
}

/// <param name="Name">What it logs in as.</param>
/// <param name="Kind"><c>person</c> or <c>robot</c>.</param>
/// <param name="Expires">When it ends by itself.</param>
/// <param name="Secret">What was made for a robot; null for a person, who chose one.</param>
internal sealed record AddedAccount(string Name, string Kind, DateTimeOffset? Expires, string? Secret)
{
    public override string ToString() => $"{Kind} {Name}";
}

/// <param name="Name">Whose.</param>
/// <param name="Secret">What was made; null where a password was chosen.</param>
internal sealed record RotatedAccount(string Name, string? Secret)
{
    public override string ToString() => Name;
}

/// <param name="Name">What it logs in as.</param>
/// <param name="Kind"><c>person</c> or <c>robot</c>.</param>
/// <param name="State"><c>open</c>, <c>disabled</c> or <c>expired</c>.</param>
/// <param name="Created">When it was added.</param>
/// <param name="Expires">When it ends by itself; null for never.</param>
internal sealed record ListedAccount(string Name, string Kind, string State, DateTimeOffset Created, DateTimeOffset? Expires);

internal sealed record AccountList(IReadOnlyList<ListedAccount> Accounts);

/// <param name="Name">Which.</param>
/// <param name="Change"><c>disabled</c>, <c>enabled</c> or <c>removed</c>.</param>
internal sealed record ChangedAccount(string Name, string Change);

internal static class AccountAnswers
{
    public static void Require(AccessChange change, string name)
    {
        if (change == AccessChange.Exists)
            throw new OperationFailedException($"the name '{name}' is taken: 'registry account list' and 'registry federation list' show by whom");
        if (change == AccessChange.Unknown)
            throw new OperationFailedException($"there is no account '{name}': 'registry account list' shows them");
    }

    public static string Kind(AccountKind kind) => kind == AccountKind.Robot ? "robot" : "person";

    public static string State(Account account, DateTimeOffset now) => account switch
    {
        { IsDisabled: true } => "disabled",
        _ when !account.IsUsable(now) => "expired",
        _ => "open",
    };
}

[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(AddPerson))]
[JsonSerializable(typeof(AddRobot))]
[JsonSerializable(typeof(ListAccounts))]
[JsonSerializable(typeof(DisableAccount))]
[JsonSerializable(typeof(EnableAccount))]
[JsonSerializable(typeof(RemoveAccount))]
[JsonSerializable(typeof(RotateAccount))]
[JsonSerializable(typeof(AddedAccount))]
[JsonSerializable(typeof(RotatedAccount))]
[JsonSerializable(typeof(AccountList))]
[JsonSerializable(typeof(ChangedAccount))]
internal sealed partial class AccountJson : JsonSerializerContext
{
    public static IEnumerable<JsonTypeInfo> Operations =>
        [Default.AddPerson, Default.AddRobot, Default.ListAccounts, Default.DisableAccount, Default.EnableAccount, Default.RemoveAccount, Default.RotateAccount];
}
