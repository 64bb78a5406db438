using Registry.Access;
using Registry.Lifecycle;
using Registry.Tests.Support;

namespace Registry.Tests.Lifecycle;

/// <summary>What holds of every repository and policy, over repositories that are made up: indexes in indexes, shared children, referrers of referrers, attachments, one manifest under many tags, cycles.</summary>
public sealed class RetentionPropertyTests
{
    private const int Repositories = 3000;

    [Fact]
    public void Nothing_that_a_tag_which_stays_needs_is_released_and_nothing_else_stays_for_no_reason()
    {
        var random = new Random(TestSeed.Current);
        var (taken, released) = (0, 0);
        for (var i = 0; i < Repositories; i++)
        {
            var made = Made.Up(random);
            var policy = made.Policy;
            var verdict = made.Judge();
            var gone = made.Names.Where(n => verdict.Released.Contains(Repository.Digest(n).ToString())).ToHashSet();
            var kept = verdict.Tags.Where(t => t.IsKept).Select(t => t.Tag.Name).ToHashSet();
            var ordinary = made.Tags.Where(t => made.SubjectOf(t.Name, t.Manifest) is null).ToList();

            // By the words of the design, and not by the graph: what leads to what is asked of how the repository was made.
            var needed = made.Closure(ordinary.Where(t => kept.Contains(t.Name)).Select(t => t.Manifest));
            Assert.Empty(gone.Intersect(needed));
            var untagged = made.Closure(made.Names.Except(made.Closure(ordinary.Select(t => t.Manifest))));
            Assert.Equal(made.Closure(ordinary.Where(t => !kept.Contains(t.Name)).Select(t => t.Manifest)).Except(needed).Except(untagged).Order(), gone.Order());
            foreach (var tag in made.Tags)
            {
                var stays = made.SubjectOf(tag.Name, tag.Manifest) is { } subject ? !gone.Contains(subject) : MayStay(policy, tag, ordinary);
                Assert.Equal(stays, kept.Contains(tag.Name));
            }

            (taken, released) = (taken + made.Tags.Count - kept.Count, released + gone.Count);
        }

        Assert.True(taken > Repositories / 2 && released > Repositories / 2, $"{taken} tags and {released} manifests in {Repositories} repositories");
    }

    private static bool MayStay(RetentionPolicy policy, (string Name, string Manifest, int DaysAgo) tag, List<(string Name, string Manifest, int DaysAgo)> all) =>
        policy.KeepsAllTags
        || all.Count(t => t.DaysAgo < tag.DaysAgo || (t.DaysAgo == tag.DaysAgo && string.CompareOrdinal(t.Name, tag.Name) < 0)) < (policy.KeepNewest ?? 0)
        || tag.DaysAgo < (policy.KeepWithin?.TotalDays ?? 0)
        || (policy.Keep.Count > 0 && tag.Name.EndsWith('7'));

    /// <summary>A repository that is made up, and remembers how.</summary>
    private sealed class Made
    {
        private readonly Repository repository = new();
        private readonly Dictionary<string, (string[] Children, string? Subject)> manifests = [];

        public required RetentionPolicy Policy { get; init; }

        public List<(string Name, string Manifest, int DaysAgo)> Tags { get; } = [];

        public IEnumerable<string> Names => manifests.Keys;

        public static Made Up(Random random)
        {
            var policy = new RetentionPolicy(RepositoryGlob.Parse("*"))
            {
                KeepNewest = random.Next(3) == 0 ? random.Next(1, 5) : null,
                KeepWithin = random.Next(3) == 0 ? TimeSpan.FromDays(random.Next(1, 30)) : null,
                Keep = random.Next(3) == 0 ? [TagPattern.Parse("*7")] : [],
            };
            var made = new Made { Policy = policy };
            var names = Enumerable.Range(0, random.Next(1, 12)).Select(n => $"m{n}").ToArray();
            foreach (var name in names)
            {
                var children = random.Next(3) == 0 ? Enumerable.Range(0, random.Next(1, 4)).Select(_ => names[random.Next(names.Length)]).Distinct().ToArray() : [];
                var subject = random.Next(4) == 0 ? names[random.Next(names.Length)] : null;
                made.manifests.Add(name, (children, subject));
                made.repository.Manifest(name, children, subject);
            }

            foreach (var i in Enumerable.Range(0, random.Next(0, 12)))
                made.Tag($"t{i}", names[random.Next(names.Length)], random.Next(40));
            foreach (var of in names.Append("gone").Where(_ => random.Next(4) == 0))
                made.Tag(Repository.Named(of, random.Next(2) == 0 ? "" : ".sig"), names[random.Next(names.Length)], random.Next(40));
            return made;
        }

        public RetentionVerdict Judge() => repository.Judge(Policy);

        public string? SubjectOf(string tag, string manifest) => manifests.Keys.FirstOrDefault(m => m != manifest && tag.StartsWith(Repository.Named(m, ""), StringComparison.Ordinal));

        public HashSet<string> Closure(IEnumerable<string> of)
        {
            var all = of.ToHashSet();
            for (var before = -1; before < all.Count;)
            {
                before = all.Count;
                foreach (var (name, (children, subject)) in manifests)
                {
                    if (all.Contains(name))
                        all.UnionWith(children);
                    if (subject is not null && all.Contains(subject))
                        all.Add(name);
                }

                foreach (var (name, manifest, _) in Tags.Where(t => SubjectOf(t.Name, t.Manifest) is { } s && all.Contains(s)))
                    all.Add(manifest);
            }

            return all;
        }

        private void Tag(string name, string manifest, int daysAgo)
        {
            Tags.Add((name, manifest, daysAgo));
            repository.Tag(name, manifest, daysAgo);
        }
    }
}
