using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Registry.Tests.Support;

namespace Registry.Tests.Access;

/// <summary>What a caller may not pull is not there for him: in the catalog, in a mount, in an answer.</summary>
public sealed class VisibilityTests
{
    private const string Everything = "pull,push,delete,catalog";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_catalog_shows_what_may_be_pulled_and_its_pages_are_whole()
    {
        await using var world = await AccessWorld.Start(Cancellation);
        var admin = AccessWorld.Basic("admin", await world.AddRobot("admin", ("*", Everything)));
        var some = AccessWorld.Basic("some", await world.AddRobot("some", ("m*", "pull"), ("*", "catalog")));
        world.PassAMinute();
        string[] all = ["a/one", "m/one", "m/three", "m/two", "x/one", "z/one"];
        foreach (var repository in all)
            await PutManifest(world, repository, admin);

        Assert.Equal(all, await Catalog(world, "/v2/_catalog", admin));
        Assert.Equal(["m/one", "m/three", "m/two"], await Catalog(world, "/v2/_catalog", some));
        foreach (var n in new[] { 1, 2, 3, 4 })
        {
            Assert.Equal(all, await Catalog(world, $"/v2/_catalog?n={n}", admin));
            Assert.Equal(["m/one", "m/three", "m/two"], await Catalog(world, $"/v2/_catalog?n={n}", some));
        }

        Assert.Equal(["m/three"], await Catalog(world, "/v2/_catalog?n=1&last=m/one", some, pages: 1));
        var token = await world.Token(some, "registry:catalog:*", "repository:m/one:pull", "repository:x/one:pull");
        Assert.Equal(["m/one"], await Catalog(world, "/v2/_catalog", token));
    }

    [Fact]
    public async Task A_mount_needs_pull_of_its_source_and_without_it_an_upload_begins()
    {
        await using var world = await AccessWorld.Start(Cancellation);
        var admin = AccessWorld.Basic("admin", await world.AddRobot("admin", ("*", Everything)));
        var pusher = AccessWorld.Basic("pusher", await world.AddRobot("pusher", ("team/*", "pull,push"), ("shared/*", "pull")));
        world.PassAMinute();
        var secret = await PutBlob(world, "secret/app", "of the secret repository", admin);
        var shared = await PutBlob(world, "shared/app", "of the shared repository", admin);

        Assert.Equal(202, await Mount(world, pusher, secret, "&from=secret/app"));
        Assert.Equal(202, await Mount(world, pusher, secret, ""));
        Assert.Equal(404, await world.Status(HttpMethod.Head, $"/v2/team/app/blobs/{secret}", pusher));
        var narrow = await world.Token(pusher, "repository:team/app:pull,push");
        Assert.Equal(202, await Mount(world, narrow, shared, "&from=shared/app"));
        Assert.Equal(202, await Mount(world, narrow, shared, ""));

        var wide = await world.Token(pusher, "repository:team/app:pull,push", "repository:shared/app:pull");
        Assert.Equal(201, await Mount(world, wide, shared, "&from=shared/app"));
        await world.Send(HttpMethod.Delete, $"/v2/team/app/blobs/{shared}", admin);
        Assert.Equal(201, await Mount(world, wide, shared, ""));
    }

    [Fact]
    public async Task The_challenge_of_a_mount_names_both_repositories()
    {
        await using var world = await AccessWorld.Start(Cancellation);
        using var answer = await world.Send(HttpMethod.Post, "/v2/team/app/blobs/uploads/?mount=sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855&from=shared/app", null);
        Assert.EndsWith("scope=\"repository:team/app:pull,push repository:shared/app:pull\"", answer.Headers.WwwAuthenticate.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Whether_a_repository_exists_is_told_only_to_who_may_see_it()
    {
        await using var world = await AccessWorld.Start(Cancellation);
        var admin = AccessWorld.Basic("admin", await world.AddRobot("admin", ("*", Everything)));
        var stranger = AccessWorld.Basic("stranger", await world.AddRobot("stranger"));
        world.PassAMinute();
        await PutManifest(world, "secret/app", admin);
        foreach (var header in new[] { null, stranger })
        {
            var answers = new List<string>();
            foreach (var repository in new[] { "secret/app", "secret/xyz" })
            {
                using var answer = await world.Send(HttpMethod.Get, $"/v2/{repository}/manifests/latest", header);
                var body = await answer.Content.ReadAsStringAsync(Cancellation);
                answers.Add($"{answer.StatusCode} {answer.Headers.WwwAuthenticate} {body}".Replace(repository, "R", StringComparison.Ordinal));
            }

            Assert.Single(answers.Distinct());
        }

        using var unknown = await world.Send(HttpMethod.Get, "/v2/secret/xyz/tags/list", admin);
        Assert.Contains("NAME_UNKNOWN", await unknown.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_request_that_began_with_a_right_ends_with_it()
    {
        await using var world = await AccessWorld.Start(Cancellation);
        var pusher = AccessWorld.Basic("pusher", await world.AddRobot("pusher", ("team/*", "pull,push")));
        world.PassAMinute();
        var token = await world.Token(pusher, "repository:team/app:pull,push");
        var content = Encoding.UTF8.GetBytes("a big layer");
        var reading = new TaskCompletionSource();
        var rest = new TaskCompletionSource();

        // The server says "100 Continue" when the function begins to read, which is after the gate; the client sends its body only then.
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false, Expect100ContinueTimeout = TimeSpan.FromMinutes(5) }) { Timeout = Patience.Limit, BaseAddress = world.Client.BaseAddress };
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/v2/team/app/blobs/uploads/?digest={Digest(content)}") { Content = new SlowContent(content, reading, rest.Task) };
        request.Headers.Authorization = token;
        request.Headers.ExpectContinue = true;
        var sending = client.SendAsync(request, Cancellation);
        await reading.Task.WaitAsync(Cancellation);

        world.Clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal(401, await world.Status(HttpMethod.Get, "/v2/team/app/tags/list", token));
        rest.SetResult();
        using var answer = await sending;
        Assert.Equal(201, (int)answer.StatusCode);
    }

    private static async Task<int> Mount(AccessWorld world, AuthenticationHeaderValue? header, string digest, string from)
    {
        using var answer = await world.Send(HttpMethod.Post, $"/v2/team/app/blobs/uploads/?mount={digest}{from}", header);
        return (int)answer.StatusCode;
    }

    private static async Task<string[]> Catalog(AccessWorld world, string path, AuthenticationHeaderValue? header, int pages = 10)
    {
        var names = new List<string>();
        for (string? next = path; next is not null && pages-- > 0;)
        {
            using var answer = await world.Send(HttpMethod.Get, next, header);
            Assert.Equal(200, (int)answer.StatusCode);
            using var json = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Cancellation));
            names.AddRange(json.RootElement.GetProperty("repositories").EnumerateArray().Select(r => r.GetString()!));
            next = answer.Headers.TryGetValues("Link", out var link) ? link.Single().Split('<', '>')[1] : null;
        }

        return [.. names];
    }

    private static async Task<string> PutBlob(AccessWorld world, string repository, string text, AuthenticationHeaderValue header)
    {
        var content = Encoding.UTF8.GetBytes(text);
        using var answer = await world.Send(HttpMethod.Post, $"/v2/{repository}/blobs/uploads/?digest={Digest(content)}", header, new ByteArrayContent(content));
        Assert.Equal(201, (int)answer.StatusCode);
        return Digest(content);
    }

    private static async Task PutManifest(AccessWorld world, string repository, AuthenticationHeaderValue header)
    {
        var config = await PutBlob(world, repository, "{}", header);
        var manifest = $$"""{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.empty.v1+json","size":2,"digest":"{{config}}"},"layers":[]}""";
        using var answer = await world.Send(
            HttpMethod.Put, $"/v2/{repository}/manifests/latest", header, new StringContent(manifest, new MediaTypeHeaderValue("application/vnd.oci.image.manifest.v1+json")));
        Assert.Equal(201, (int)answer.StatusCode);
    }

    private static string Digest(byte[] content) => "sha256:" + Convert.ToHexStringLower(SHA256.HashData(content));

    /// <summary>Sends half, and the other half when it is told to.</summary>
    private sealed class SlowContent(byte[] content, TaskCompletionSource begun, Task rest) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, System.Net.TransportContext? context)
        {
            await stream.WriteAsync(content.AsMemory(0, content.Length / 2));
            await stream.FlushAsync();
            begun.SetResult();
            await rest;
            await stream.WriteAsync(content.AsMemory(content.Length / 2));
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
