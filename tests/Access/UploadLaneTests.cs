using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Registry.Access;
using Registry.Digests;
using Registry.Functions.Hosting;
using Registry.Tests.Support;

namespace Registry.Tests.Access;

/// <summary>A front hands uploads to a lane: who may go on there is in the URL, and nowhere else.</summary>
public sealed class UploadLaneTests
{
    private static readonly byte[] content = Content.Bytes(7, 3_000_000);
    private static readonly Digest digest = Digest.Compute(DigestAlgorithm.Sha256, content);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static AuthenticationHeaderValue Alice => AccessWorld.Basic("alice", AccessWorld.Password);

    [Fact]
    public async Task An_upload_begins_at_the_front_goes_on_at_the_lane_without_credentials_and_is_pulled_at_the_front()
    {
        await using var stand = await Stand.Start();
        var location = await stand.Begin("team/app");
        Assert.Equal(stand.Lane.BaseAddress!.GetLeftPart(UriPartial.Authority), location.GetLeftPart(UriPartial.Authority));

        using var patched = await stand.AtLane(HttpMethod.Patch, location, content);
        Assert.Equal(HttpStatusCode.Accepted, patched.StatusCode);
        Assert.Equal($"0-{content.Length - 1}", patched.Headers.GetValues("Range").Single());
        var next = new Uri(location, patched.Headers.Location!);
        using var status = await stand.AtLane(HttpMethod.Get, next);
        Assert.Equal(HttpStatusCode.NoContent, status.StatusCode);
        using var finished = await stand.AtLane(HttpMethod.Put, Finish(next));
        Assert.Equal(HttpStatusCode.Created, finished.StatusCode);

        // What is to be pulled is the front's again.
        Assert.Equal($"{Stand.FrontUrl}/v2/team/app/blobs/{digest}", finished.Headers.Location!.OriginalString);
        using var pulled = await stand.World.Send(HttpMethod.Get, $"/v2/team/app/blobs/{digest}", Alice, client: stand.Front);
        Assert.Equal(content, await pulled.Content.ReadAsByteArrayAsync(Cancellation));
    }

    [Fact]
    public async Task A_signature_that_is_forged_missing_or_moved_is_refused()
    {
        await using var stand = await Stand.Start();
        var location = await stand.Begin("team/app");
        var other = await stand.Begin("team/app");
        var elsewhere = await stand.Begin("team/other");
        var token = (await stand.World.Token(Alice, "repository:team/app:pull,push"))!.Parameter!;
        var signature = SignatureOf(location);
        foreach (var forged in (string[])["", "x", signature[..^1], signature[..^4] + "AAAA", "A" + signature[1..], SignatureOf(other), SignatureOf(elsewhere), token, new('A', 5000)])
            await stand.IsDenied(With(location, forged));
        await stand.IsDenied(new Uri(location.GetLeftPart(UriPartial.Path)));

        // The same upload under the name of another repository.
        await stand.IsDenied(new Uri(location.AbsoluteUri.Replace("/team/app/", "/team/other/", StringComparison.Ordinal)));
        using var genuine = await stand.AtLane(HttpMethod.Get, location);
        Assert.Equal(HttpStatusCode.NoContent, genuine.StatusCode);
    }

    [Fact]
    public async Task A_URL_lasts_for_its_time_and_each_answer_brings_a_new_one()
    {
        await using var stand = await Stand.Start();
        var location = await stand.Begin("team/app");
        for (var round = 0; round < 3; round++)
        {
            stand.World.Clock.Advance(TimeSpan.FromMinutes(14));
            using var patched = await stand.AtLane(HttpMethod.Patch, location, [1, 2, 3]);
            Assert.Equal(HttpStatusCode.Accepted, patched.StatusCode);
            location = new Uri(location, patched.Headers.Location!);
        }

        stand.World.Clock.Advance(TimeSpan.FromMinutes(15));
        using var late = await stand.AtLane(HttpMethod.Patch, location, [4]);
        Assert.Equal((HttpStatusCode.NotFound, "BLOB_UPLOAD_UNKNOWN"), (late.StatusCode, await Code(late)));

        // Where it stands, and how to go on, is to be had at the front, for whoever may push there.
        using var asked = await stand.World.Send(HttpMethod.Get, location.AbsolutePath, Alice, client: stand.Front);
        Assert.Equal("0-8", asked.Headers.GetValues("Range").Single());
        using var again = await stand.AtLane(HttpMethod.Patch, asked.Headers.Location!, [4]);
        Assert.Equal(HttpStatusCode.Accepted, again.StatusCode);
    }

    [Fact]
    public async Task A_chunk_that_does_not_fit_is_told_where_the_upload_stands_with_a_URL_that_works()
    {
        await using var stand = await Stand.Start();
        var location = await stand.Begin("team/app");
        using var request = new HttpRequestMessage(HttpMethod.Patch, location) { Content = new ByteArrayContent([1]) };
        request.Content.Headers.TryAddWithoutValidation("Content-Range", "5-5");
        using var refused = await stand.Lane.SendAsync(request, Cancellation);
        Assert.Equal(HttpStatusCode.RequestedRangeNotSatisfiable, refused.StatusCode);
        using var asked = await stand.AtLane(HttpMethod.Get, new Uri(location, refused.Headers.Location!));
        Assert.Equal(HttpStatusCode.NoContent, asked.StatusCode);
    }

    [Fact]
    public async Task Whoever_loses_the_account_or_the_right_loses_the_URL()
    {
        await using var stand = await Stand.Start();
        await stand.World.AddPerson("bob", ("team/*", "pull,push"));
        stand.World.PassAMinute();
        var alices = await stand.Begin("team/app");
        var bobs = await stand.Begin("team/app", AccessWorld.Basic("bob", AccessWorld.Password));
        await stand.World.Accounts.Remove(AccountName.Parse("bob"), Cancellation);
        await stand.World.Rules.Remove(AccountName.Parse("alice"), RepositoryGlob.Parse("team/*"), Cancellation);
        stand.World.PassAMinute();
        await stand.IsDenied(bobs);
        await stand.IsDenied(alices);
    }

    [Fact]
    public async Task Credentials_that_come_along_to_the_lane_change_nothing()
    {
        await using var stand = await Stand.Start();
        var location = await stand.Begin("team/app");
        using var request = new HttpRequestMessage(HttpMethod.Get, location) { Headers = { Authorization = new("Bearer", "over") } };
        using var answer = await stand.Lane.SendAsync(request, Cancellation);
        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        using var alone = new HttpRequestMessage(HttpMethod.Get, location.GetLeftPart(UriPartial.Path)) { Headers = { Authorization = Alice } };
        using var refused = await stand.Lane.SendAsync(alone, Cancellation);
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
    }

    [Fact]
    public async Task A_signature_opens_nothing_at_the_front()
    {
        await using var stand = await Stand.Start();
        var location = await stand.Begin("team/app");
        Assert.Equal(401, await stand.World.Status(HttpMethod.Get, location.PathAndQuery, null, stand.Front));
        Assert.Equal(401, await stand.World.Status(HttpMethod.Get, $"/v2/team/app/tags/list{location.Query}", null, stand.Front));
        Assert.Equal(401, await stand.World.Status(HttpMethod.Get, "/v2/", new("Bearer", SignatureOf(location)), stand.Front));
    }

    [Theory]
    [InlineData("GET", "/v2/", 404)]
    [InlineData("GET", "/v2/_catalog", 404)]
    [InlineData("GET", "/v2/team/app/tags/list", 404)]
    [InlineData("GET", "/v2/team/app/manifests/1", 404)]
    [InlineData("PUT", "/v2/team/app/manifests/1", 404)]
    [InlineData("POST", "/v2/team/app/blobs/uploads/", 404)]
    [InlineData("GET", "/v2/team/app/blobs/sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", 404)]
    [InlineData("GET", "/token", 404)]
    [InlineData("POST", "/CollectGarbage", 404)]
    [InlineData("GET", "/health", 200)]
    public async Task The_lane_has_uploads_and_nothing_else(string method, string path, int status)
    {
        await using var stand = await Stand.Start();
        using var answer = await stand.Lane.SendAsync(new HttpRequestMessage(HttpMethod.Parse(method), path) { Headers = { Authorization = Alice } }, Cancellation);
        Assert.Equal(status, (int)answer.StatusCode);
    }

    [Fact]
    public async Task Without_access_control_the_lane_still_takes_only_what_was_signed()
    {
        await using var stand = await Stand.Start("--Registry:Auth:Enabled=false");
        var location = await stand.Begin("team/app", null);
        using var patched = await stand.AtLane(HttpMethod.Patch, location, content);
        Assert.Equal(HttpStatusCode.Accepted, patched.StatusCode);
        await stand.IsDenied(new Uri(location.GetLeftPart(UriPartial.Path)));
    }

    [Fact]
    public async Task A_lane_that_sends_uploads_on_does_not_start()
    {
        var refused = await Assert.ThrowsAsync<SettingException>(() => RegistryApplication.Create(["--Registry:Storage:Driver=memory", "--Registry:Uploads:Lane=true", "--Registry:Uploads:PublicBaseUrl=https://lane.example.org"]));
        Assert.Contains("exclude each other", refused.Message, StringComparison.Ordinal);
    }

    private static Uri Finish(Uri location) => new($"{location.AbsoluteUri}&digest={digest}");

    private static string SignatureOf(Uri location) => location.Query[(location.Query.IndexOf("signature=", StringComparison.Ordinal) + 10)..];

    private static Uri With(Uri location, string signature) => new($"{location.GetLeftPart(UriPartial.Path)}?signature={signature}");

    private static async Task<string> Code(HttpResponseMessage answer)
    {
        using var body = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Cancellation));
        return body.RootElement.GetProperty("errors")[0].GetProperty("code").GetString()!;
    }

    /// <summary>A front and a lane on one storage.</summary>
    private sealed class Stand(AccessWorld world, HttpClient lane, HttpClient front) : IAsyncDisposable
    {
        public const string FrontUrl = "https://registry.example.org";

        public AccessWorld World => world;

        public HttpClient Lane => lane;

        public HttpClient Front => front;

        public static async Task<Stand> Start(params string[] settings)
        {
            var world = await AccessWorld.Start(Cancellation);
            await world.AddPerson("alice", ("team/*", "pull,push"));
            world.PassAMinute();
            var lane = await world.StartServer(Cancellation, ["--Registry:Uploads:Lane=true", $"--Registry:PublicBaseUrl={FrontUrl}", .. settings]);
            var front = await world.StartServer(Cancellation, [$"--Registry:Uploads:PublicBaseUrl={lane.BaseAddress}", $"--Registry:PublicBaseUrl={FrontUrl}", .. settings]);
            return new Stand(world, lane, front);
        }

        public Task<Uri> Begin(string repository) => Begin(repository, Alice);

        public async Task<Uri> Begin(string repository, AuthenticationHeaderValue? credentials)
        {
            using var begun = await world.Send(HttpMethod.Post, $"/v2/{repository}/blobs/uploads/", credentials, client: front);
            Assert.Equal(HttpStatusCode.Accepted, begun.StatusCode);
            return begun.Headers.Location!;
        }

        public Task<HttpResponseMessage> AtLane(HttpMethod method, Uri location, byte[]? body = null) =>
            lane.SendAsync(new HttpRequestMessage(method, location) { Content = body is null ? null : new ByteArrayContent(body) }, Cancellation);

        public async Task IsDenied(Uri location)
        {
            foreach (var method in (HttpMethod[])[HttpMethod.Get, HttpMethod.Patch, HttpMethod.Put, HttpMethod.Delete])
            {
                using var answer = await AtLane(method, location);
                Assert.Equal((HttpStatusCode.Forbidden, "DENIED"), (answer.StatusCode, await Code(answer)));
            }
        }

        public async ValueTask DisposeAsync()
        {
            lane.Dispose();
            front.Dispose();
            await world.DisposeAsync();
        }
    }
}
