namespace Registry.Access;

/// <summary>Lets somebody do something in some repositories. What no rule allows is refused, and no rule forbids.</summary>
/// <param name="Name">An account, a federation, or <see cref="AccountName.Anonymous"/>: what everybody may do, logged in or not.</param>
/// <param name="Repositories">Where.</param>
/// <param name="Actions">What.</param>
public sealed record AccessRule(AccountName Name, RepositoryGlob Repositories, AccessActions Actions);
