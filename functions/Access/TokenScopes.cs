using Registry.Access;
using Registry.Repositories;

namespace Registry.Functions.Access;

/// <summary>Scopes of docker's token flow: <c>repository:team/app:pull,push</c>, and <c>registry:catalog:*</c>.</summary>
internal static class TokenScopes
{
    public const string Catalog = "registry:catalog:*";

    /// <summary>Of more than these nothing is granted: a token has to fit into a header.</summary>
    public const int MaxScopes = 50;

    public static string Of(RepositoryName repository, AccessActions actions) => $"repository:{repository}:{actions.ToText()}";

    /// <summary>What of the scopes that are asked for the rules grant. What they do not grant is left out, and that is no error; neither is a scope that nobody knows.</summary>
    public static IReadOnlyList<string> Grant(AccessPolicy policy, Principal principal, IEnumerable<string?> requested)
    {
        var granted = new List<string>();
        foreach (var scope in requested.SelectMany(s => (s ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries)).Distinct(StringComparer.Ordinal).Take(MaxScopes))
        {
            if (scope == Catalog)
            {
                if (policy.MayList(principal))
                    granted.Add(Catalog);
            }
            else if (TryParse(scope, out var repository, out var actions)
                && (actions & policy.Rights(principal, repository)) is var allowed and not AccessActions.None)
            {
                granted.Add(Of(repository, allowed));
            }
        }

        return granted;
    }

    /// <summary>What the scopes of a token hold for a repository.</summary>
    public static AccessActions For(IEnumerable<string> scopes, RepositoryName repository)
    {
        var all = AccessActions.None;
        foreach (var scope in scopes)
        {
            if (TryParse(scope, out var other, out var actions) && other == repository)
                all |= actions;
        }

        return all;
    }

    private static bool TryParse(string scope, out RepositoryName repository, out AccessActions actions)
    {
        const string Type = "repository:";
        repository = default;
        actions = AccessActions.None;
        var last = scope.LastIndexOf(':');
        if (last <= Type.Length || !scope.StartsWith(Type, StringComparison.Ordinal) || !RepositoryName.TryParse(scope[Type.Length..last], out repository))
            return false;
        foreach (var name in scope[(last + 1)..].Split(','))
            actions |= name == "*" ? AccessActions.Pull | AccessActions.Push | AccessActions.Delete : AccessActionsText.Find(name);
        actions &= ~AccessActions.Catalog;
        return true;
    }
}
