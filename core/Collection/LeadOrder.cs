namespace Registry.Collection;

/// <summary>Puts manifests in the order in which they lead to each other.</summary>
internal static class LeadOrder
{
    /// <summary>Groups of manifests, each before those that it leads to. What leads to each other (an index whose child is also its subject) is one group; any other is a group of one.</summary>
    /// <param name="manifests">All that are to be ordered.</param>
    /// <param name="leads">To what a manifest leads; others than those that are to be ordered do not count.</param>
    /// <remarks>Kosaraju's two searches, without recursion: who pushes decides how deep manifests lie.</remarks>
    public static List<List<string>> Of(IReadOnlyCollection<string> manifests, Func<string, IEnumerable<string>> leads)
    {
        var all = manifests.ToHashSet(StringComparer.Ordinal);
        var back = all.SelectMany(from => leads(from).Where(all.Contains).Select(to => (From: from, To: to))).ToLookup(e => e.To, e => e.From, StringComparer.Ordinal);
        var (seen, ended) = (new HashSet<string>(StringComparer.Ordinal), new List<string>());
        foreach (var manifest in manifests)
            Visit(manifest, from => leads(from).Where(all.Contains), seen, ended);

        seen.Clear();
        var groups = new List<List<string>>();
        for (var i = ended.Count - 1; i >= 0; i--)
        {
            var group = new List<string>();
            Visit(ended[i], to => back[to], seen, group);
            if (group.Count > 0)
                groups.Add(group);
        }

        return groups;
    }

    /// <summary>Adds what was not seen yet and is reached from here, each after all that is reached from it.</summary>
    private static void Visit(string start, Func<string, IEnumerable<string>> next, HashSet<string> seen, List<string> ended)
    {
        var open = new Stack<(string Manifest, bool IsLeft)>([(start, false)]);
        while (open.TryPop(out var at))
        {
            if (at.IsLeft)
                ended.Add(at.Manifest);
            else if (seen.Add(at.Manifest))
            {
                open.Push((at.Manifest, true));
                foreach (var to in next(at.Manifest))
                    open.Push((to, false));
            }
        }
    }
}
