namespace Registry.Access;

/// <summary>Who somebody has shown to be.</summary>
/// <param name="Name">An account, a federation, or <see cref="AccountName.Anonymous"/>.</param>
/// <param name="Version">The version of the secret, or of the federation, that it was shown by.</param>
public sealed record Principal(AccountName Name, string Version)
{
    public static readonly Principal Anonymous = new(AccountName.Anonymous, "");

    public bool IsAnonymous => Name.IsAnonymous;
}
