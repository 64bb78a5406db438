using Registry.Access;
using Registry.Digests;
using Registry.Lifecycle;
using Registry.Repositories;

namespace Registry.Tests.Lifecycle;

/// <summary>Which tags a policy keeps and why, and what goes with the others.</summary>
public sealed class RetentionJudgeTests
{
    private static readonly RetentionPolicy none = new(RepositoryGlob.Parse("*"));
    private static readonly RetentionPolicy newest = none with { KeepNewest = 1 };

    /// <summary>Five tags: v1 of 50 days ago to v5 of 10.</summary>
    public static TheoryData<string, string[]> Rules => new()
    {
        { "newest 3", ["v1 taken: pushed 2026-10-02, none of the 3 newest", "v2 taken: pushed 2026-10-12, none of the 3 newest", "v3 kept: one of the 3 newest (3rd)", "v4 kept: one of the 3 newest (2nd)", "v5 kept: one of the 3 newest (1st)"] },
        { "newest 1", ["v1 taken: pushed 2026-10-02, not the newest", "v2 taken: pushed 2026-10-12, not the newest", "v3 taken: pushed 2026-10-22, not the newest", "v4 taken: pushed 2026-11-01, not the newest", "v5 kept: the newest"] },
        { "newest 9", ["v1 kept: one of the 9 newest (5th)", "v2 kept: one of the 9 newest (4th)", "v3 kept: one of the 9 newest (3rd)", "v4 kept: one of the 9 newest (2nd)", "v5 kept: one of the 9 newest (1st)"] },
        { "within 25d", ["v1 taken: pushed 2026-10-02, older than 25 days", "v2 taken: pushed 2026-10-12, older than 25 days", "v3 taken: pushed 2026-10-22, older than 25 days", "v4 kept: pushed 2026-11-01, less than 25 days ago", "v5 kept: pushed 2026-11-11, less than 25 days ago"] },
        { "within 241h", ["v1 taken: pushed 2026-10-02 12:00, older than 241 hours", "v2 taken: pushed 2026-10-12 12:00, older than 241 hours", "v3 taken: pushed 2026-10-22 12:00, older than 241 hours", "v4 taken: pushed 2026-11-01 12:00, older than 241 hours", "v5 kept: pushed 2026-11-11 12:00, less than 241 hours ago"] },
        { "within 10d", ["v1 taken: pushed 2026-10-02, older than 10 days", "v2 taken: pushed 2026-10-12, older than 10 days", "v3 taken: pushed 2026-10-22, older than 10 days", "v4 taken: pushed 2026-11-01, older than 10 days", "v5 taken: pushed 2026-11-11, older than 10 days"] },
        { "keep v1", ["v1 kept: matches v1", "v2 taken: pushed 2026-10-12, does not match v1", "v3 taken: pushed 2026-10-22, does not match v1", "v4 taken: pushed 2026-11-01, does not match v1", "v5 taken: pushed 2026-11-11, does not match v1"] },
        { "keep *2,*1", ["v1 kept: matches *1", "v2 kept: matches *2", "v3 taken: pushed 2026-10-22, no pattern matches", "v4 taken: pushed 2026-11-01, no pattern matches", "v5 taken: pushed 2026-11-11, no pattern matches"] },
        { "newest 1 within 25d keep v1", ["v1 kept: matches v1", "v2 taken: pushed 2026-10-12, older than 25 days, not the newest, does not match v1", "v3 taken: pushed 2026-10-22, older than 25 days, not the newest, does not match v1", "v4 kept: pushed 2026-11-01, less than 25 days ago", "v5 kept: the newest"] },
        { "untagged 1d", ["v1 kept: the policy takes no tags", "v2 kept: the policy takes no tags", "v3 kept: the policy takes no tags", "v4 kept: the policy takes no tags", "v5 kept: the policy takes no tags"] },
    };

    [Theory]
    [MemberData(nameof(Rules))]
    public void A_tag_is_kept_or_taken_by_a_rule_that_is_said(string policy, string[] expected)
    {
        var repository = new Repository();
        foreach (var i in Enumerable.Range(1, 5))
            repository.Manifest($"m{i}").Tag($"v{i}", $"m{i}", 60 - (10 * i));

        Assert.Equal(expected, repository.Judge(Parse(policy)).Tags.Select(t => $"{t.Tag.Name} {t.Reason}"));
    }

    [Fact]
    public void Tags_that_were_pushed_at_the_same_moment_are_in_order_of_their_names() =>
        Assert.Equal(["a", "b"], Kept(new Repository().Manifest("m").Tag("c", "m").Tag("a", "m").Tag("b", "m"), none with { KeepNewest = 2 }));

    [Fact]
    public void A_tag_that_was_restored_lately_stays_and_is_as_old_as_it_was()
    {
        var repository = new Repository().Manifest("m").Tag("lately", "m", 100, restoredDaysAgo: 6).Tag("long-ago", "m", 100, restoredDaysAgo: 8).Tag("new", "m", 50);

        var tags = repository.Judge(newest).Tags;

        Assert.Equal("kept: restored 2026-11-15, less than 7 days ago", tags[0].Reason);
        Assert.Equal("taken: pushed 2026-08-13, not the newest", tags[1].Reason);
        Assert.Equal("kept: the newest", tags[2].Reason);
    }

    public static TheoryData<string, bool> Leads => new()
    {
        { "child", false }, { "child of a child", false }, { "referrer", false }, { "referrer of a referrer", false }, { "referrer of a child", false }, { "child of a referrer", false },
        { "attachment", false }, { "attachment without a suffix", false }, { "attachment of an attachment", false }, { "child of an attachment", false }, { "attachment of a child", false },
        { "nothing", true },
    };

    /// <summary>The tag <c>old</c> is taken, and <c>new</c> stays, which leads to what <c>old</c> points at.</summary>
    [Theory]
    [MemberData(nameof(Leads))]
    public void What_a_tag_that_stays_leads_to_stays(string how, bool goes)
    {
        var repository = new Repository().Tag("old", "it", 9).Tag("new", "top", 1);
        _ = how switch
        {
            "child" => repository.Manifest("it").Manifest("top", ["it"]),
            "child of a child" => repository.Manifest("it").Manifest("mid", ["it"]).Manifest("top", ["mid"]),
            "referrer" => repository.Manifest("it", subject: "top").Manifest("top"),
            "referrer of a referrer" => repository.Manifest("it", subject: "mid").Manifest("mid", subject: "top").Manifest("top"),
            "referrer of a child" => repository.Manifest("it", subject: "mid").Manifest("mid").Manifest("top", ["mid"]),
            "child of a referrer" => repository.Manifest("it").Manifest("mid", ["it"], subject: "top").Manifest("top"),
            "attachment" => repository.Manifest("it").Manifest("top").Tag(Repository.Named("top"), "it"),
            "attachment without a suffix" => repository.Manifest("it").Manifest("top").Tag(Repository.Named("top", ""), "it"),
            "attachment of an attachment" => repository.Manifest("it").Manifest("mid").Manifest("top").Tag(Repository.Named("top"), "mid").Tag(Repository.Named("mid"), "it"),
            "child of an attachment" => repository.Manifest("it").Manifest("mid", ["it"]).Manifest("top").Tag(Repository.Named("top", ""), "mid"),
            "attachment of a child" => repository.Manifest("it").Manifest("mid").Manifest("top", ["mid"]).Tag(Repository.Named("mid", ".att"), "it"),
            _ => repository.Manifest("it").Manifest("top"),
        };

        var verdict = repository.Judge(newest);

        Assert.Equal(["new"], Kept(repository, newest).Where(t => !t.StartsWith("sha256-", StringComparison.Ordinal)));
        Assert.Equal(goes, verdict.Released.Contains(Repository.Digest("it").ToString()));
        Assert.DoesNotContain(Repository.Digest("top").ToString(), verdict.Released);
    }

    [Fact]
    public void What_a_tag_that_goes_leads_to_goes_with_it_its_attachments_tags_too()
    {
        var repository = new Repository()
            .Manifest("index", ["amd", "arm"]).Manifest("amd").Manifest("arm").Manifest("sbom", subject: "amd").Manifest("sig").Manifest("countersig")
            .Manifest("top").Manifest("top-sig")
            .Tag("old", "index", 9).Tag("top", "top").Tag(Repository.Named("index"), "sig", 0).Tag(Repository.Named("sig"), "countersig", 0).Tag(Repository.Named("top"), "top-sig", 0);

        Assert.Equal([Repository.Named("top"), "top"], Kept(repository, newest));
        Assert.Equal(["index", "amd", "arm", "sbom", "sig", "countersig"], repository.Released(newest, "index", "amd", "arm", "sbom", "sig", "countersig", "top", "top-sig"));
        Assert.Equal(
            $"taken: it belongs to {Repository.Digest("index")}, which goes", repository.Judge(newest).Tags.Single(t => t.Tag.Name == Repository.Named("index")).Reason);
        Assert.Equal(
            $"kept: it belongs to {Repository.Digest("top")}, which stays", repository.Judge(newest).Tags.Single(t => t.Tag.Name == Repository.Named("top")).Reason);
    }

    [Fact]
    public void A_manifest_under_many_tags_stays_while_one_of_them_does() =>
        Assert.Empty(new Repository().Manifest("it").Tag("a", "it", 9).Tag("b", "it", 8).Tag("c", "it", 1).Released(newest, "it"));

    public static TheoryData<string, string> Ordinary => new()
    {
        { "its subject is not there", Repository.Named("gone") },
        { "it is named after what it points at", Repository.Named("it", "") },
        { "the suffix is empty", Repository.Named("top", ".") },
        { "a digit is missing", Repository.Named("top", "")[..^1] },
        { "something stands before it", $"x{Repository.Named("top", "")}" },
    };

    [Theory]
    [MemberData(nameof(Ordinary))]
    public void A_tag_that_only_looks_like_an_attachment_is_one_like_others(string why, string tag)
    {
        var repository = new Repository().Manifest("it").Manifest("top").Tag(tag, "it", 9).Tag("new", "top", 1);

        Assert.StartsWith("taken: pushed ", repository.Judge(newest).Tags.Single(t => t.Tag.Name == tag).Reason, StringComparison.Ordinal);
        Assert.Equal(["it"], repository.Released(newest, "it", "top"));
        Assert.NotEmpty(why);
    }

    /// <summary>distribution-spec, "Referrers Tag Schema": 64 characters of a longer digest.</summary>
    [Fact]
    public void An_attachment_of_a_sha512_digest_has_the_beginning_of_it()
    {
        var subject = Repository.Digest("top", DigestAlgorithm.Sha512);
        var graph = new Repository().Manifest("top", algorithm: DigestAlgorithm.Sha512).Manifest("it").Tag($"sha512-{subject.Hex[..64]}", "it").Graph;

        Assert.Equal(subject.ToString(), graph.SubjectOf(graph.Tags[0]));
    }

    [Fact]
    public void What_had_no_tag_before_is_not_released_and_neither_is_what_it_leads_to()
    {
        var repository = new Repository().Manifest("untagged", ["it"]).Manifest("it", ["below"]).Manifest("below").Manifest("sig").Manifest("top")
            .Tag("old", "it", 9).Tag("new", "top", 1).Tag(Repository.Named("untagged"), "sig");

        Assert.Equal([], repository.Released(newest, "untagged", "it", "below", "sig"));
        Assert.Equal(["new", Repository.Named("untagged")], Kept(repository, newest));
    }

    [Fact]
    public void What_an_earlier_run_released_takes_along_what_is_below_it()
    {
        var repository = new Repository().Manifest("index", ["child"], isReleased: true).Manifest("child").Manifest("late", subject: "index").Manifest("top").Tag("new", "top");

        Assert.Equal(["index", "child", "late"], repository.Released(newest, "index", "child", "late", "top"));
    }

    [Fact]
    public void What_an_earlier_run_released_stays_when_something_leads_to_it_again() =>
        Assert.Empty(new Repository().Manifest("index", ["child"], isReleased: true).Manifest("child", isReleased: true).Manifest("top", ["index"]).Tag("new", "top").Released(newest, "index", "child"));

    [Theory]
    [InlineData("team/app", "team/app")]
    [InlineData("team/other", "team/*")]
    [InlineData("teamwork", "team*")]
    [InlineData("else", "*")]
    [InlineData("a/app", "*/app")]
    public void The_most_specific_policy_applies_alone(string repository, string expected)
    {
        string[] globs = ["*", "team*", "team/*", "team/app", "*/app", "*a/app"];
        var policies = new RetentionPolicies(globs.Where(g => g != "*a/app").Select(g => newest with { Repositories = RepositoryGlob.Parse(g) }));

        Assert.Equal(expected, policies.Find(RepositoryName.Parse(repository))!.Repositories.ToString());
    }

    [Fact]
    public void Of_policies_that_are_as_specific_the_first_in_order_applies()
    {
        var policies = new RetentionPolicies([newest with { Repositories = RepositoryGlob.Parse("app*") }, newest with { Repositories = RepositoryGlob.Parse("*app") }]);

        Assert.Equal("*app", policies.Find(RepositoryName.Parse("app"))!.Repositories.ToString());
        Assert.Null(policies.Find(RepositoryName.Parse("other")));
    }

    private static IEnumerable<string> Kept(Repository repository, RetentionPolicy policy) => repository.Judge(policy).Tags.Where(t => t.IsKept).Select(t => t.Tag.Name);

    private static RetentionPolicy Parse(string text)
    {
        var words = text.Split(' ');
        var policy = none;
        for (var i = 0; i < words.Length; i += 2)
        {
            policy = words[i] switch
            {
                "newest" => policy with { KeepNewest = int.Parse(words[i + 1], null) },
                "within" => policy with { KeepWithin = SpanText.Parse(words[i + 1]) },
                "keep" => policy with { Keep = [.. words[i + 1].Split(',').Select(TagPattern.Parse)] },
                _ => policy with { Untagged = SpanText.Parse(words[i + 1]) },
            };
        }

        return policy.Checked();
    }
}
