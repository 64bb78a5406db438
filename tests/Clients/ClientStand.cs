using System.IO.Compression;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text.Json;
using Registry.Digests;
using Registry.Functions.Commands;
using Registry.Tests.Support;
using Registry.Tests.Support.SymbolicImages;

namespace Registry.Tests.Clients;

/// <summary>A registry for real clients: on one of the storages, reached as <c>localhost:port</c>, with its requests on record.</summary>
/// <remarks>By the name localhost docker, podman and the .NET SDK accept a registry without TLS.</remarks>
public sealed class ClientStand : IAsyncDisposable
{
    private const string AnyManifest = "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json";

    /// <summary>The storages: each test that takes a stand runs on every one of them.</summary>
    private static readonly Dictionary<string, Func<ClientStand, Task<Dictionary<string, string>>>> storages = new()
    {
        ["memory"] = _ => Task.FromResult(new Dictionary<string, string> { ["Storage:Driver"] = "memory" }),
        ["disk"] = stand => Task.FromResult(new Dictionary<string, string> { ["Storage:Driver"] = "filesystem", ["Storage:RootDirectory"] = stand.Folder["data"] }),
        ["azurite"] = _ => AzuriteSettings(),
    };

    private readonly HttpClient http = new(new SocketsHttpHandler { UseProxy = false });
    private RegistryServer? server;
    private RequestLog? requests;
    private Dictionary<string, string> settings = [];

    private ClientStand()
    {
    }

    /// <summary>The storages' names, for theories.</summary>
    public static TheoryData<string> Names => [.. storages.Keys];

    /// <summary>Those that commands of the registry reach beside its server.</summary>
    public static TheoryData<string> Commanded => [.. storages.Keys.Where(s => s != "memory")];

    /// <summary>A folder that is gone with the stand.</summary>
    public TemporaryFolder Folder { get; } = new();

    public RequestLog Requests => requests!;

    /// <summary>The registry as image names begin: <c>localhost:port</c>.</summary>
    public string Host => $"localhost:{server!.BaseAddress.Port}";

    public static async Task<ClientStand> Start(string storage, CancellationToken cancellation, params (string Name, string Value)[] more)
    {
        var stand = new ClientStand();
        try
        {
            stand.settings = await storages[storage](stand);
            foreach (var (name, value) in more)
                stand.settings.Add(name, value);
            stand.server = await RegistryServer.Start(stand.settings, cancellation);
            stand.requests = new RequestLog(stand.server.BaseAddress);
            stand.http.BaseAddress = stand.server.BaseAddress;
            return stand;
        }
        catch
        {
            await stand.DisposeAsync();
            throw;
        }
    }

    /// <summary>Gives a command of the registry's own, as an administrator does beside the running server; not on the memory storage, which no other process reaches.</summary>
    /// <returns>What it wrote to stdout.</returns>
    public async Task<string> Give(params string[] words)
    {
        using var output = new StringWriter();
        using var errors = new StringWriter();
        string[] arguments = [.. words, .. settings.Select(s => $"--Registry:{s.Key}={s.Value}")];
        var code = await CommandLine.Run(arguments, new Terminal(TextReader.Null, output, errors), TestContext.Current.CancellationToken);
        Assert.True(code == 0, $"{string.Join(' ', words)}: {code}\n{errors}");
        return output.ToString();
    }

    /// <summary>Pushes an image as the spec has it, without any client.</summary>
    public async Task Push(string repository, string tag, WrittenImage image, ImageBlobs blobs, CancellationToken cancellation)
    {
        foreach (var digest in image.Blobs)
        {
            using var start = await http.PostAsync($"v2/{repository}/blobs/uploads/", null, cancellation);
            var location = start.EnsureSuccessStatusCode().Headers.Location!.OriginalString;
            using var content = new StreamContent(File.OpenRead(blobs[digest]));
            using var finish = await http.PutAsync($"{location}{(location.Contains('?', StringComparison.Ordinal) ? '&' : '?')}digest={digest}", content, cancellation);
            finish.EnsureSuccessStatusCode();
        }

        await PutManifest(repository, tag, image.Manifest, blobs, cancellation);
    }

    public async Task PutManifest(string repository, string reference, Descriptor manifest, ImageBlobs blobs, CancellationToken cancellation)
    {
        using var content = new StreamContent(File.OpenRead(blobs[manifest.Digest]));
        content.Headers.ContentType = new MediaTypeHeaderValue(manifest.MediaType);
        using var response = await http.PutAsync($"v2/{repository}/manifests/{reference}", content, cancellation);
        response.EnsureSuccessStatusCode();
    }

    /// <summary>An image's manifest: its digest, its configuration and its layers.</summary>
    public async Task<(Digest Digest, Descriptor Config, Descriptor[] Layers)> Manifest(string repository, string reference, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"v2/{repository}/manifests/{reference}") { Headers = { { "Accept", AnyManifest } } };
        using var response = await http.SendAsync(request, cancellation);
        var bytes = await response.EnsureSuccessStatusCode().Content.ReadAsByteArrayAsync(cancellation);
        using var manifest = JsonDocument.Parse(bytes);
        var layers = manifest.RootElement.GetProperty("layers").EnumerateArray().Select(Descriptor);
        return (Digest.Compute(DigestAlgorithm.Sha256, bytes), Descriptor(manifest.RootElement.GetProperty("config")), [.. layers]);
    }

    /// <summary>Opens a layer as the archive that it is, whatever compression the client chose.</summary>
    public async Task<Stream> OpenArchive(string repository, Descriptor layer, CancellationToken cancellation)
    {
        var blob = await http.GetStreamAsync(new Uri($"v2/{repository}/blobs/{layer.Digest}", UriKind.Relative), cancellation);
        return layer.MediaType.EndsWith("gzip", StringComparison.Ordinal) ? new GZipStream(blob, CompressionMode.Decompress) : blob;
    }

    /// <summary>
    /// Demands that a client pushed exactly this image: the same configuration, and layers which, once the client's own compression is
    /// undone, are the same bytes.
    /// </summary>
    public async Task AssertHolds(string repository, string reference, WrittenImage image, CancellationToken cancellation)
    {
        var (_, config, layers) = await Manifest(repository, reference, cancellation);
        Assert.Equal(image.Config.Digest, config.Digest);
        Assert.Equal(image.Archives.Length, layers.Length);
        foreach (var (layer, archive) in layers.Zip(image.Archives))
        {
            await using var content = await OpenArchive(repository, layer, cancellation);
            Assert.Equal(archive, Digest.FromHash(DigestAlgorithm.Sha256, await SHA256.HashDataAsync(content, cancellation)));
        }
    }

    /// <summary>Deletes the manifest that a tag names, and so the image under all its tags.</summary>
    public async Task DeleteImage(string repository, string tag, CancellationToken cancellation)
    {
        var (digest, _, _) = await Manifest(repository, tag, cancellation);
        using var response = await http.DeleteAsync(new Uri($"v2/{repository}/manifests/{digest}", UriKind.Relative), cancellation);
        response.EnsureSuccessStatusCode();
    }

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        requests?.Dispose();
        if (server is not null)
            await server.DisposeAsync();
        Folder.Dispose();
    }

    // As on Azure, pulls of blobs are sent to the storage: clients must follow.
    private static async Task<Dictionary<string, string>> AzuriteSettings()
    {
        var azurite = await TestContext.Current.GetFixture<AzuriteFixture>() ?? throw new InvalidOperationException("Azurite is not among the assembly's fixtures");
        var place = AzuriteAccount.NewPlace();
        return new Dictionary<string, string>
        {
            ["Storage:ConnectionString"] = (await azurite.NewAccount()).ConnectionString,
            ["Storage:Container"] = place.Container,
            ["Storage:TablePrefix"] = place.TablePrefix,
        };
    }

    private static Descriptor Descriptor(JsonElement json) =>
        new(json.GetProperty("mediaType").GetString()!, Digest.Parse(json.GetProperty("digest").GetString()), json.GetProperty("size").GetInt64());
}
