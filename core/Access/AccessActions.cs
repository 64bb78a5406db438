using System.Diagnostics.CodeAnalysis;

namespace Registry.Access;

/// <summary>What a rule allows.</summary>
[Flags]
public enum AccessActions
{
    None = 0,

    /// <summary>Read blobs, manifests, tags and referrers.</summary>
    Pull = 1,

    /// <summary>Write blobs, manifests and tags, and cancel uploads. Always with <see cref="Pull"/>: whoever pushes asks what is there already.</summary>
    Push = 2,

    /// <summary>Remove blobs, manifests and tags.</summary>
    Delete = 4,

    /// <summary>Find the repository in the catalog, if it may be pulled too.</summary>
    Catalog = 8,

    All = Pull | Push | Delete | Catalog,
}

/// <summary>Actions as text: <c>pull,push</c>.</summary>
public static class AccessActionsText
{
    private static readonly (AccessActions Action, string Name)[] names =
        [(AccessActions.Pull, "pull"), (AccessActions.Push, "push"), (AccessActions.Delete, "delete"), (AccessActions.Catalog, "catalog")];

    public static string ToText(this AccessActions actions) =>
        string.Join(',', names.Where(n => actions.HasFlag(n.Action)).Select(n => n.Name));

    /// <summary>The action of that name; <see cref="AccessActions.None"/> for what is no action.</summary>
    public static AccessActions Find(ReadOnlySpan<char> name)
    {
        foreach (var (action, text) in names)
        {
            if (name.SequenceEqual(text))
                return action;
        }

        return AccessActions.None;
    }

    /// <summary>Reads the actions of a rule, and says what is wrong with them.</summary>
    public static bool TryParse(string? text, out AccessActions actions, [NotNullWhen(false)] out string? problem)
    {
        actions = AccessActions.None;
        foreach (var part in (text ?? "").Split(',', StringSplitOptions.TrimEntries))
        {
            var action = Find(part);
            if (action == AccessActions.None)
            {
                problem = $"'{part}' is no action; pull, push, delete and catalog are, with commas between them";
                return false;
            }

            actions |= action;
        }

        problem = (actions & (AccessActions.Push | AccessActions.Pull)) == AccessActions.Push
            ? "push needs pull, because a push asks what is there already: say pull,push"
            : null;
        return problem is null;
    }
}
