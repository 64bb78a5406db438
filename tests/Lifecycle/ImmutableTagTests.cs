using Registry.Access;
using Registry.Functions.Hosting;
using Registry.Lifecycle;
using Registry.Manifests;
using Registry.Repositories;
using Registry.Storage;
using Registry.Storage.Memory;
using Registry.Tests.Support;

namespace Registry.Tests.Lifecycle;

/// <summary>Tags that no push moves. A rule for <c>v*</c> in <c>team/*</c> is there; <c>team/app:v1</c> and <c>team/app:latest</c> are at the first image.</summary>
public sealed class ImmutableTagTests
{
    private static readonly TestImage first = SmallImages.Image("first", "a");
    private static readonly TestImage second = SmallImages.Image("second", "a");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("*", "v*", "team/app", "v1", true)]
    [InlineData("team/*", "v*", "team/app", "v1", true)]
    [InlineData("team/*", "v*", "team/app/deep", "v", true)]
    [InlineData("team/*", "v*", "team", "v1", false)]
    [InlineData("team/*", "v*", "other/app", "v1", false)]
    [InlineData("team/app", "v1", "team/app", "v1", true)]
    [InlineData("team/app", "v1", "team/app", "v10", false)]
    [InlineData("team/app", "*-release", "team/app", "1.2-release", true)]
    [InlineData("team/app", "*-release", "team/app", "1.2-release.1", false)]
    [InlineData("team/app", "*", "team/app", "latest", true)]
    [InlineData("team/app", "V*", "team/app", "v1", false)]
    public void A_rule_covers_what_both_of_its_patterns_match(string repositories, string tags, string repository, string tag, bool covers) =>
        Assert.Equal(covers, new ImmutableTagRule(RepositoryGlob.Parse(repositories), TagPattern.Parse(tags)).Covers(RepositoryName.Parse(repository), Tag.Parse(tag)));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("**")]
    [InlineData("v 1")]
    [InlineData("v/1")]
    [InlineData("-*")]
    [InlineData("v:1")]
    public void What_no_tag_can_match_is_no_pattern(string? pattern)
    {
        Assert.False(TagPattern.TryParse(pattern, out _));
        Assert.Throws<FormatException>(() => TagPattern.Parse(pattern));
    }

    [Theory]
    [InlineData("another image over it", "team/app", "second", "v1", 409)]
    [InlineData("the same image again", "team/app", "first", "v1", 201)]
    [InlineData("another tag", "team/app", "second", "v2", 201)]
    [InlineData("a tag that the rule does not name", "team/app", "second", "latest", 201)]
    [InlineData("a repository that the rule does not name", "other/app", "second", "v1", 201)]
    [InlineData("by digest", "team/app", "second", "{digest}", 201)]
    [InlineData("by digest, with it among the tags", "team/app", "second", "{digest}?tag=new&tag=v1", 409)]
    [InlineData("by another tag, with it among the tags", "team/app", "second", "new?tag=v1", 409)]
    [InlineData("by digest, the same image with more tags", "team/app", "first", "{digest}?tag=new&tag=v1", 201)]
    public async Task A_push_to(string what, string repository, string image, string reference, int status)
    {
        await using var registry = await ImmutableRegistry.Start();
        var pushed = image == "first" ? first : second;
        await registry.Api.Push(repository, first);
        await registry.Api.PushBlob(repository, pushed.Blobs[0]);

        var answer = await registry.Api.Put(repository, pushed, reference.Replace("{digest}", pushed.Digest.ToString(), StringComparison.Ordinal));

        answer.Is(status);
        if (status == 201)
            return;
        answer.IsError(409, "TAG_INVALID");
        Assert.Equal($"tag v1 of team/app is immutable and points at {first.Digest}: push under another tag, or delete this one first", Message(answer));
        Assert.Equal(("team/app", "v1", first.Digest.ToString()), Detail(answer, 0));

        // Nothing of it is there: neither the manifest nor the other tags.
        (await registry.Api.Send($"HEAD /v2/{repository}/manifests/{second.Digest}")).Is(404);
        (await registry.Api.Send($"HEAD /v2/{repository}/manifests/new")).Is(404);
        (await registry.Api.Send($"HEAD /v2/{repository}/manifests/v1")).Is(200).Has("Docker-Content-Digest", first.Digest.ToString());
        Assert.NotEmpty(what);
    }

    [Fact]
    public async Task Each_tag_that_would_move_is_told()
    {
        await using var registry = await ImmutableRegistry.Start();
        (await registry.Api.Put("team/app", first, "v2")).Is(201);
        await registry.Api.PushBlob("team/app", second.Blobs[0]);

        var answer = (await registry.Api.Put("team/app", second, $"{second.Digest}?tag=v1&tag=v2&tag=v3")).IsError(409, "TAG_INVALID", "TAG_INVALID");

        Assert.Equal(["v1", "v2"], new[] { Detail(answer, 0).Tag, Detail(answer, 1).Tag });
    }

    [Fact]
    public async Task A_tag_that_was_deleted_can_be_pushed_again()
    {
        await using var registry = await ImmutableRegistry.Start();
        (await registry.Api.Send("DELETE /v2/team/app/manifests/v1")).Is(202);

        (await registry.Api.Push("team/app", second, "v1")).Is(201);
        (await registry.Api.Put("team/app", first, "v1")).IsError(409, "TAG_INVALID");
    }

    [Fact]
    public async Task A_manifest_under_an_immutable_tag_can_be_deleted()
    {
        await using var registry = await ImmutableRegistry.Start();
        (await registry.Api.Send($"DELETE /v2/team/app/manifests/{first.Digest}")).Is(202);

        (await registry.Api.Push("team/app", second, "v1")).Is(201);
    }

    [Fact]
    public async Task A_rule_that_is_added_or_removed_elsewhere_takes_effect_within_a_minute()
    {
        await using var registry = await ImmutableRegistry.Start();
        var rule = new ImmutableTagRule(RepositoryGlob.Parse("*"), TagPattern.Parse("latest"));
        await registry.Rules.Add(rule, Cancel);
        registry.Clock.Advance(CopyAges.RefreshAfter);
        await registry.Api.PushBlob("team/app", second.Blobs[0]);
        (await registry.Api.Put("team/app", second, "latest")).IsError(409, "TAG_INVALID");

        Assert.True(await registry.Rules.Remove(rule, Cancel));
        Assert.False(await registry.Rules.Remove(rule, Cancel));
        registry.Clock.Advance(CopyAges.RefreshAfter);
        (await registry.Api.Put("team/app", second, "latest")).Is(201);
    }

    [Fact]
    public async Task A_put_that_names_no_tag_reads_no_rules_and_others_read_them_once_in_a_while()
    {
        var tables = new Watched(new MemoryTableStore(TimeProvider.System));
        await tables.CreateTable(Tables.Rules, Cancel);
        var clock = new TestClock();
        var immutable = new ImmutableTags(tables, clock, e => throw e);
        var (repository, tag) = (RepositoryName.Parse("team/app"), Tag.Parse("v1"));

        Assert.Empty(await immutable.Of(repository, [], Cancel));
        Assert.Equal(0, tables.Queries);
        for (var i = 0; i < 100; i++)
            Assert.True(Assert.Single(await immutable.Of(repository, [tag], Cancel)).MayMove);
        Assert.Equal(1, tables.Queries);
        clock.Advance(CopyAges.RefreshAfter);
        await immutable.Of(repository, [tag], Cancel);
        Assert.Equal(2, tables.Queries);
        immutable.Expire();
        await immutable.Of(repository, [tag], Cancel);
        Assert.Equal(3, tables.Queries);
    }

    /// <summary>Rules that cannot be read let no tag move: a push is told to come again.</summary>
    [Fact]
    public async Task While_storage_fails_the_old_rules_hold_for_minutes_and_then_no_tag_is_pushed()
    {
        var (tables, clock, failures) = (new MemoryTableStore(TimeProvider.System), new TestClock(), 0);
        await tables.CreateTable(Tables.Rules, Cancel);
        await new ImmutableTagStore(tables).Add(new ImmutableTagRule(RepositoryGlob.Parse("*"), TagPattern.Parse("v*")), Cancel);
        var failing = new Watched(tables);
        var immutable = new ImmutableTags(failing, clock, _ => failures++);
        var (repository, tag) = (RepositoryName.Parse("team/app"), Tag.Parse("v1"));
        Assert.False(Assert.Single(await immutable.Of(repository, [tag], Cancel)).MayMove);

        failing.Fails = true;
        clock.Advance(CopyAges.Max - TimeSpan.FromSeconds(1));
        Assert.False(Assert.Single(await immutable.Of(repository, [tag], Cancel)).MayMove);
        clock.Advance(TimeSpan.FromSeconds(10));
        await Assert.ThrowsAsync<StorageFailedException>(async () => await immutable.Of(repository, [tag], Cancel));
        Assert.Equal(2, failures);
        Assert.Empty(await immutable.Of(repository, [], Cancel));
    }

    private static string Message(Exchange answer) => answer.Json.GetProperty("errors")[0].GetProperty("message").GetString()!;

    private static (string Name, string Tag, string Digest) Detail(Exchange answer, int index)
    {
        var detail = answer.Detail(index);
        return (detail.GetProperty("name").GetString()!, detail.GetProperty("tag").GetString()!, detail.GetProperty("digest").GetString()!);
    }

    private sealed class Watched(ITableStore inner) : TableDecorator(inner)
    {
        public bool Fails { get; set; }

        public int Queries { get; private set; }

        public override Task<TablePage> Query(string table, TableQuery query, CancellationToken cancellation)
        {
            Queries++;
            return Fails ? throw new StorageFailedException("query", table, 503, "ServerBusy") : base.Query(table, query, cancellation);
        }
    }

    private sealed class ImmutableRegistry : IAsyncDisposable
    {
        private readonly RegistryServer server;

        private ImmutableRegistry(RegistryServer server, ImmutableTagStore rules, TestClock clock) =>
            (this.server, Rules, Clock, Api) = (server, rules, clock, new ApiClient(server.Client, server.BaseAddress));

        public ApiClient Api { get; }

        public ImmutableTagStore Rules { get; }

        public TestClock Clock { get; }

        public static async Task<ImmutableRegistry> Start()
        {
            var clock = new TestClock();
            var (driver, tables) = (new MemoryStorageDriver(clock), new MemoryTableStore(clock));
            foreach (var table in Tables.All)
                await tables.CreateTable(table, Cancel);
            var rules = new ImmutableTagStore(tables);
            await rules.Add(new ImmutableTagRule(RepositoryGlob.Parse("team/*"), TagPattern.Parse("v*")), Cancel);
            var server = await RegistryServer.Start([new("Storage:Driver", "memory")], Cancel, new RegistryParts { Time = clock, Storage = (driver, tables) });
            var registry = new ImmutableRegistry(server, rules, clock);
            await registry.Api.Push("team/app", first, "v1");
            (await registry.Api.Put("team/app", first, "latest")).Is(201);
            return registry;
        }

        public ValueTask DisposeAsync() => server.DisposeAsync();
    }
}
