using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Registry.Access;
using Registry.Digests;
using Registry.Functions.Access;
using Registry.Repositories;
using Registry.Storage.Azure;
using Registry.Tests.Faults;
using Registry.Tests.HostEmulation;
using Registry.Tests.Support;
using Registry.Tests.Support.SymbolicImages;

namespace Registry.Tests.Clients;

/// <summary>A layer above the body limit of Functions: the front, behind the emulated host with its limit, hands the upload to a lane, which is the same program on its own.</summary>
[Collection(ClientCollection.Name)]
public sealed class LargeLayerTests(DockerFixture daemon)
{
    private const string Password = "a password of hers";
    private const long LayerSize = 600_000_000;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Docker_pushes_a_layer_of_600_MB_through_the_address_of_the_front()
    {
        Assert.SkipUnless(Package.RunsHere, "the package is built for Linux on x64");
        await using var stand = await Stand.Start();
        using var folder = new TemporaryFolder();
        var docker = await daemon.Client();
        var name = $"{stand.Host}/team/huge:1";
        var archive = folder["huge.tar"];
        var image = DockerArchive.Write(archive, name, new ImageSpec("amd64", LayerSpec.Tar("lane", LayerSize)), folder);
        await docker.Run(["load", "--input", archive], Cancellation);
        File.Delete(archive);
        try
        {
            await docker.Run(["login", "--username", "admin", "--password", Password, stand.Host], Cancellation);
            await docker.Run(["push", name], Cancellation);
        }
        finally
        {
            await docker.Run(["rmi", "--force", name], Cancellation);
        }

        // Pulled from the front, which sends the client to storage. What docker compressed is what the archive was.
        var manifest = await stand.Manifest("team/huge", "1");
        Assert.Equal(image.Config.Digest, manifest.Config);
        Assert.True(manifest.LayerSize > FunctionsBodyLimit, $"the layer is {manifest.LayerSize} bytes: docker compressed it below the limit");
        Assert.Equal(image.Archives[0], await stand.DigestOfArchive("team/huge", manifest.Layer));
    }

    [Fact]
    public async Task A_forged_an_expired_and_a_moved_signature_are_refused_by_the_lanes_process()
    {
        Assert.SkipUnless(Package.RunsHere, "the package is built for Linux on x64");
        await using var stand = await Stand.Start();
        var location = await stand.Begin("team/app");
        var other = await stand.Begin("team/app");
        Assert.Equal(HttpStatusCode.NoContent, await stand.Ask(location));
        Assert.Equal(HttpStatusCode.Forbidden, await stand.Ask(new Uri(location.GetLeftPart(UriPartial.Path))));
        Assert.Equal(HttpStatusCode.Forbidden, await stand.Ask(new Uri(location.AbsoluteUri[..^6] + "forged")));
        Assert.Equal(HttpStatusCode.Forbidden, await stand.Ask(new Uri(other.GetLeftPart(UriPartial.Path) + location.Query)));
        Assert.Equal(HttpStatusCode.NotFound, await stand.Ask(await stand.Expired("team/app", location)));
    }

    private const long FunctionsBodyLimit = 100 * 1024 * 1024;

    private sealed class Stand(FunctionsHost front, RegistryProcess lane, AzureStorage storage) : IAsyncDisposable
    {
        private readonly HttpClient http = new(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false }) { BaseAddress = front.Address };

        public string Host => $"localhost:{front.Address.Port}";

        public static async Task<Stand> Start()
        {
            var azurite = await TestContext.Current.GetFixture<AzuriteFixture>() ?? throw new InvalidOperationException("Azurite is not among the assembly's fixtures");
            var place = AzuriteAccount.NewPlace();
            var account = await azurite.NewAccount();
            var shared = new Dictionary<string, string>
            {
                ["Storage:ConnectionString"] = account.ConnectionString,
                ["Storage:Container"] = place.Container,
                ["Storage:TablePrefix"] = place.TablePrefix,
                ["Auth:Enabled"] = "true",
            };
            var lane = await RegistryProcess.Start(new Dictionary<string, string>(shared) { ["Uploads:Lane"] = "true" }, [], Cancellation);
            try
            {
                var settings = new Dictionary<string, string>(shared)
                {
                    ["Uploads:PublicBaseUrl"] = lane.BaseAddress.AbsoluteUri,
                    ["Auth:Admin:Password"] = Password,
                };
                var options = new FunctionsHostOptions { AppSettings = settings.ToDictionary(s => $"Registry__{s.Key.Replace(":", "__", StringComparison.Ordinal)}", s => s.Value) };
                Assert.Equal(FunctionsBodyLimit, options.BodyLimit);
                return new Stand(await FunctionsHost.Start(await Package.Folder(), options, Cancellation), lane, AzureStorage.FromConnectionString(account.ConnectionString, place));
            }
            catch
            {
                await lane.DisposeAsync();
                throw;
            }
        }

        public async Task<Uri> Begin(string repository)
        {
            using var begun = await Send(HttpMethod.Post, $"v2/{repository}/blobs/uploads/");
            Assert.Equal(HttpStatusCode.Accepted, begun.StatusCode);
            Assert.Equal(lane.BaseAddress.Authority, begun.Headers.Location!.Authority);
            return begun.Headers.Location!;
        }

        public async Task<HttpStatusCode> Ask(Uri location)
        {
            using var answer = await lane.Client.GetAsync(location, Cancellation);
            return answer.StatusCode;
        }

        /// <summary>The URL as the registry would have given it out, with its own keys, an hour ago.</summary>
        public async Task<Uri> Expired(string repository, Uri location)
        {
            var anHourAgo = new TestClock(TimeProvider.System.GetUtcNow() - TimeSpan.FromHours(1));
            var signatures = new UploadSignatures(new KeyRing(storage.Blobs, IdSource.Random, NullLoggerFactory.Instance, anHourAgo), TimeSpan.FromMinutes(15), anHourAgo);
            var upload = Guid.Parse(location.Segments[^1]);
            return await Task.Run(() => new Uri($"{location.GetLeftPart(UriPartial.Path)}?signature={signatures.Issue(Principal.Anonymous, RepositoryName.Parse(repository), upload)}"));
        }

        public async Task<(Digest Config, Digest Layer, long LayerSize)> Manifest(string repository, string tag)
        {
            using var answer = await Send(HttpMethod.Get, $"v2/{repository}/manifests/{tag}");
            using var json = System.Text.Json.JsonDocument.Parse(await answer.EnsureSuccessStatusCode().Content.ReadAsStringAsync(Cancellation));
            var layer = json.RootElement.GetProperty("layers")[0];
            return (Digest.Parse(json.RootElement.GetProperty("config").GetProperty("digest").GetString()), Digest.Parse(layer.GetProperty("digest").GetString()), layer.GetProperty("size").GetInt64());
        }

        public async Task<Digest> DigestOfArchive(string repository, Digest layer)
        {
            using var redirect = await Send(HttpMethod.Get, $"v2/{repository}/blobs/{layer}");
            Assert.Equal(HttpStatusCode.TemporaryRedirect, redirect.StatusCode);
            await using var content = new System.IO.Compression.GZipStream(await http.GetStreamAsync(redirect.Headers.Location!, Cancellation), System.IO.Compression.CompressionMode.Decompress);
            return Digest.FromHash(DigestAlgorithm.Sha256, await System.Security.Cryptography.SHA256.HashDataAsync(content, Cancellation));
        }

        public async ValueTask DisposeAsync()
        {
            http.Dispose();
            await front.DisposeAsync();
            await lane.DisposeAsync();
        }

        private Task<HttpResponseMessage> Send(HttpMethod method, string path)
        {
            var request = new HttpRequestMessage(method, path) { Headers = { Authorization = Registry.Tests.Access.AccessWorld.Basic("admin", Password) } };
            return http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancellation);
        }
    }
}
