namespace Registry.Access;

/// <summary>Somebody who logs in with a secret.</summary>
/// <param name="Name">What it logs in as.</param>
/// <param name="Kind">A person, who chose a password, or a robot, whose secret was made for it.</param>
/// <param name="SecretHash">What <see cref="AccountSecrets"/> made of the secret.</param>
/// <param name="Version">Random, and another with every new secret: whatever was issued under the old one ends with it.</param>
/// <param name="CreatedAt">When it was added.</param>
/// <param name="ExpiresAt">When it ends by itself; null for never.</param>
/// <param name="IsDisabled">Whether an administrator has shut it.</param>
public sealed record Account(
    AccountName Name, AccountKind Kind, string SecretHash, string Version, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt = null, bool IsDisabled = false)
{
    /// <summary>Whether it may log in, and what it has logged in as counts.</summary>
    public bool IsUsable(DateTimeOffset now) => !IsDisabled && (ExpiresAt is not { } end || now < end);

    /// <summary>Without the hash: a record that is printed or logged must not show it.</summary>
    public override string ToString() => $"{Kind} {Name}";
}

public enum AccountKind
{
    Person,
    Robot,
}
