using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Registry.Access;
using Registry.Storage;
using Registry.Storage.Memory;

namespace Registry.Tests.Access;

/// <summary>What is changed takes effect on every instance within a minute, without a restart; and what is shared by instances.</summary>
public sealed class AccessChangesTests
{
    private static readonly AccountName alice = AccountName.Parse("alice");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("disable", 401)]
    [InlineData("remove", 401)]
    [InlineData("rotate", 401)]
    [InlineData("remove and add again", 401)]
    [InlineData("remove the rule", 403)]
    public async Task A_change_ends_tokens_and_passwords_on_every_instance_within_a_minute(string change, int status)
    {
        await using var world = await AccessWorld.Start(Cancellation);
        await world.AddPerson("alice", ("team/*", "pull"));
        world.PassAMinute();
        using var second = await world.StartServer(Cancellation);
        var basic = AccessWorld.Basic("alice", AccessWorld.Password);
        var token = await world.Token(basic, "repository:team/app:pull");
        foreach (var client in new[] { world.Client, second })
            Assert.Equal((404, 404), (await Pull(world, client, token), await Pull(world, client, basic)));

        await Apply(world, change);
        world.PassAMinute();
        foreach (var client in new[] { world.Client, second })
            Assert.Equal((status, status), (await Pull(world, client, token), await Pull(world, client, basic)));
    }

    [Fact]
    public async Task A_rule_that_is_added_takes_effect_within_a_minute()
    {
        await using var world = await AccessWorld.Start(Cancellation);
        await world.AddPerson("alice");
        world.PassAMinute();
        var basic = AccessWorld.Basic("alice", AccessWorld.Password);
        var token = await world.Token(basic, "repository:team/app:pull");
        Assert.Equal(403, await Pull(world, world.Client, token));
        await world.Allow("alice", ("team/*", "pull"));
        world.PassAMinute();

        // The token was issued without the scope, and asking again now helps.
        Assert.Equal(401, await Pull(world, world.Client, token));
        Assert.Equal(404, await Pull(world, world.Client, await world.Token(basic, "repository:team/app:pull")));
    }

    [Fact]
    public async Task A_request_costs_no_read_of_the_rules_and_a_copy_older_than_the_bound_lets_nobody_in()
    {
        var tables = new FailingTables();
        var failures = 0;
        var clock = new Support.TestClock();
        await tables.CreateTable(Tables.Accounts, Cancellation);
        await tables.CreateTable(Tables.Rules, Cancellation);
        var directory = new AccessDirectory(tables, clock, _ => failures++);
        var first = await directory.Get(Cancellation);
        for (var i = 0; i < 100; i++)
            Assert.Same(first, await directory.Get(Cancellation));
        Assert.Equal(2, tables.Queries);

        clock.Advance(CopyAges.RefreshAfter);
        var together = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => directory.Get(Cancellation).AsTask()));
        Assert.NotSame(first, Assert.Single(together.Distinct()));
        Assert.Equal(4, tables.Queries);

        tables.IsFailing = true;
        clock.Advance(CopyAges.Max - TimeSpan.FromSeconds(1));
        Assert.Same(together[0], await directory.Get(Cancellation));
        Assert.Equal(1, failures);
        clock.Advance(TimeSpan.FromSeconds(1));
        await Assert.ThrowsAsync<StorageFailedException>(async () => await directory.Get(Cancellation));

        tables.IsFailing = false;
        Assert.NotSame(together[0], await directory.Get(Cancellation));
    }

    [Fact]
    public async Task A_token_of_one_instance_counts_on_another_and_after_a_restart()
    {
        await using var world = await AccessWorld.Start(Cancellation);
        await world.AddPerson("alice", ("team/*", "pull"));
        world.PassAMinute();
        var token = await world.Token(AccessWorld.Basic("alice", AccessWorld.Password), "repository:team/app:pull");
        using var second = await world.StartServer(Cancellation);
        Assert.Equal(404, await Pull(world, second, token));
        await world.Stop();
        using var third = await world.StartServer(Cancellation);
        Assert.Equal(404, await Pull(world, third, token));
        Assert.Single(await Keys(world));
    }

    [Fact]
    public async Task Instances_that_each_made_a_first_key_open_each_others_tokens_within_a_minute()
    {
        await using var world = await AccessWorld.Start(Cancellation);
        await world.AddPerson("alice", ("team/*", "pull"));
        world.PassAMinute();
        var basic = AccessWorld.Basic("alice", AccessWorld.Password);
        var first = await world.Token(basic, "repository:team/app:pull");
        using var second = await world.StartServer(Cancellation);

        // The other one did not see the key when it made its own: its key appears as if out of nothing.
        var key = Assert.Single(await Keys(world));
        var content = await Read(world, key);
        await world.Driver.Delete(key, Cancellation);
        using var answer = await world.Send(HttpMethod.Get, "/token?scope=repository:team/app:pull", basic, client: second);
        await world.Driver.Put(key, new System.Buffers.ReadOnlySequence<byte>(content), BlobMetadata.None, Cancellation);
        using var json = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Cancellation));
        var other = new AuthenticationHeaderValue("Bearer", json.RootElement.GetProperty("token").GetString());

        world.PassAMinute();
        Assert.Equal(404, await Pull(world, second, first));
        Assert.Equal(404, await Pull(world, world.Client, other));
        Assert.Equal(2, (await Keys(world)).Count);
    }

    [Fact]
    public async Task The_first_administrator_comes_from_the_settings_once()
    {
        await using var world = await AccessWorld.Start(Cancellation, null, "--Registry:Auth:Admin:Name=root", "--Registry:Auth:Admin:Password=the first password");
        var basic = AccessWorld.Basic("root", "the first password");
        Assert.Equal(200, await world.Status(HttpMethod.Get, "/v2/_catalog", basic));
        Assert.Equal(202, await world.Status(HttpMethod.Post, "/v2/any/thing/blobs/uploads/", basic));

        await world.Accounts.Rotate(AccountName.Parse("root"), "the second password", Cancellation);
        using var second = await world.StartServer(Cancellation, "--Registry:Auth:Admin:Name=root", "--Registry:Auth:Admin:Password=the first password");
        Assert.Equal(401, await world.Status(HttpMethod.Get, "/v2/", basic, second));
        Assert.Equal(200, await world.Status(HttpMethod.Get, "/v2/", AccessWorld.Basic("root", "the second password"), second));
        Assert.Single(await world.Accounts.List(Cancellation));
    }

    [Fact]
    public async Task A_federation_lets_a_ci_system_push_where_its_rules_say()
    {
        var issuer = new TestIssuer(new Support.TestClock());
        await using var world = await AccessWorld.Start(Cancellation, issuer);
        var ci = AccountName.Parse("ci");
        await world.Federations.Add(ci, new Uri(TestIssuer.Address), "registry.example.org", "repo:example/app:*", Cancellation);
        await world.Allow("ci", ("team/*", "pull,push"));
        world.PassAMinute();

        // The issuer's clock stands where the world's began, so its tokens have four minutes left.
        var basic = AccessWorld.Basic("ci", issuer.Token());
        using var answer = await world.Send(HttpMethod.Get, "/token?offline_token=true&scope=repository:team/app:pull,push", basic);
        using var json = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Cancellation));
        Assert.False(json.RootElement.TryGetProperty("refresh_token", out _));
        Assert.Equal(3600, json.RootElement.GetProperty("expires_in").GetInt32());
        var token = new AuthenticationHeaderValue("Bearer", json.RootElement.GetProperty("token").GetString());
        Assert.Equal(202, await world.Status(HttpMethod.Post, "/v2/team/app/blobs/uploads/", token));
        Assert.Equal(202, await world.Status(HttpMethod.Post, "/v2/team/app/blobs/uploads/", basic));
        Assert.Equal(403, await world.Status(HttpMethod.Post, "/v2/other/app/blobs/uploads/", token));
        Assert.Equal(401, await world.Status(HttpMethod.Get, "/v2/", AccessWorld.Basic("ci", "no token")));
        using var other = new TestIssuer(world.Clock, isStranger: true);
        Assert.Equal(401, await world.Status(HttpMethod.Get, "/v2/", AccessWorld.Basic("ci", other.Token())));

        await world.Federations.Remove(ci, Cancellation);
        world.PassAMinute();
        Assert.Equal(401, await world.Status(HttpMethod.Post, "/v2/team/app/blobs/uploads/", token));
        issuer.Dispose();
    }

    private static Task<int> Pull(AccessWorld world, HttpClient client, AuthenticationHeaderValue? header) =>
        world.Status(HttpMethod.Get, "/v2/team/app/tags/list", header, client);

    private static async Task Apply(AccessWorld world, string change)
    {
        var done = change switch
        {
            "disable" => await world.Accounts.Disable(alice, Cancellation),
            "rotate" => (await world.Accounts.Rotate(alice, "another password", Cancellation)).Change,
            "remove the rule" => await world.Rules.Remove(alice, RepositoryGlob.Parse("team/*"), Cancellation),
            _ => await world.Accounts.Remove(alice, Cancellation),
        };
        Assert.Equal(AccessChange.Done, done);
        if (change == "remove and add again")
            Assert.Equal(AccessChange.Done, await world.Accounts.AddPerson(alice, "another password", Cancellation));
    }

    private static async Task<List<string>> Keys(AccessWorld world)
    {
        var keys = new List<string>();
        await foreach (var listing in world.Driver.List(PathMapper.KeysPrefix, Cancellation))
            keys.Add(listing.Path);
        return keys;
    }

    private static async Task<byte[]> Read(AccessWorld world, string path)
    {
        await using var content = await world.Driver.Open(path, 0, null, Cancellation);
        using var copy = new MemoryStream();
        await content.CopyToAsync(copy, Cancellation);
        return copy.ToArray();
    }

    private sealed class FailingTables : ITableStore
    {
        private readonly MemoryTableStore inner = new(new Support.TestClock());

        public bool IsFailing { get; set; }

        public int Queries { get; private set; }

        public Task<TableEntity?> Find(string table, string partition, string row, CancellationToken cancellation) => inner.Find(table, partition, row, cancellation);

        public async Task<TablePage> Query(string table, TableQuery query, CancellationToken cancellation)
        {
            Queries++;
            await Task.Yield();
            return IsFailing ? throw new StorageFailedException("query", table, 503, "ServerBusy") : await inner.Query(table, query, cancellation);
        }

        public Task<TableResult> Write(string table, TableOperation operation, CancellationToken cancellation) => inner.Write(table, operation, cancellation);

        public Task<TableResult> WriteBatch(string table, IReadOnlyList<TableOperation> operations, CancellationToken cancellation) => inner.WriteBatch(table, operations, cancellation);

        public Task CreateTable(string table, CancellationToken cancellation) => inner.CreateTable(table, cancellation);
    }
}
