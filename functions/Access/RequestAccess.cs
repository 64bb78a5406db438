using Microsoft.AspNetCore.Http.Features;
using Registry.Access;
using Registry.Repositories;

namespace Registry.Functions.Access;

/// <summary>What the caller of a request may see, for the functions that answer with more than the one repository that the request names.</summary>
internal sealed class RequestAccess(Principal principal, Func<RepositoryName, AccessActions> rights)
{
    /// <summary>Where there is no access control.</summary>
    public static readonly RequestAccess Unlimited = new(Principal.Anonymous, _ => AccessActions.All);

    /// <summary>Who the caller has shown to be.</summary>
    public Principal Principal { get; } = principal;

    /// <summary>What the caller may do there, in this request.</summary>
    public AccessActions Rights(RepositoryName repository) => rights(repository);

    public bool MayPull(RepositoryName repository) => rights(repository).HasFlag(AccessActions.Pull);

    /// <summary>Whether there is nothing that the caller may not see.</summary>
    public bool IsUnlimited => this == Unlimited;

    /// <summary>The catalog shows what may be listed, and pulled too.</summary>
    public bool MayList(RepositoryName repository) => rights(repository).HasFlag(AccessActions.Pull | AccessActions.Catalog);
}

internal static class RequestAccessFeature
{
    /// <summary>What the caller may see. A request that did not pass the gate has none, and fails: nothing is open by an oversight.</summary>
    public static RequestAccess Access(this HttpContext context) => context.Features.GetRequiredFeature<RequestAccess>();
}
