using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text.Json;
using Registry.Tests.Faults.Pushers;
using Registry.Tests.Support;
using Registry.Tests.Support.SymbolicImages;

namespace Registry.Tests.Faults;

/// <summary>Clients that push, pull and delete images made of a few layers, so that one's garbage is another's push. What was acknowledged and not deleted is claimed.</summary>
/// <param name="instances">Whom they talk to.</param>
/// <param name="seed">Of what they choose.</param>
/// <param name="promised">So long after a client was told that a layer is there a manifest may name it, whatever the collector does.</param>
internal sealed class CollectionStorm(RegistryInstance[] instances, int seed, TimeSpan promised)
{
    private const string ManifestType = "application/vnd.oci.image.manifest.v1+json";
    private const string IndexType = "application/vnd.oci.image.index.v1+json";
    private const int MostLive = 4;
    private const int MostTries = 10;
    private const string Unavailable = "storage cannot be reached";

    private static readonly string[] repositories = ["team/one", "team/two", "other"];

    // So many that about half of what the repositories hold is needed at any time: the rest is about to go when somebody finds it.
    private readonly TestBlob[] layers = [.. Enumerable.Range(0, 24).Select(i => TestBlob.Of((seed * 101) + i, 5_000 + (i % 8 * 90_000)))];
    private readonly ConcurrentDictionary<Image, bool> live = new();
    private readonly ConcurrentDictionary<string, long> counts = new();

    public long Acknowledged => counts.GetValueOrDefault("images acknowledged");

    /// <summary>Manifests that are there to stay.</summary>
    public int Live => live.Count;

    public string Summary => string.Join(", ", counts.OrderBy(c => c.Key, StringComparer.Ordinal).Select(c => $"{c.Value} {c.Key}"));

    /// <summary>The layers that each repository must hold.</summary>
    public HashSet<(string Repository, string Digest)> Needed() => [.. live.Keys.SelectMany(i => i.Blobs.Select(b => (i.Repository, b)))];

    /// <summary>One client, until it is over.</summary>
    public async Task Push(int number, CancellationToken over)
    {
        var random = new Random((seed * 7) + number);
        var mine = new Queue<Image>();
        while (!over.IsCancellationRequested)
        {
            var http = (await instances[random.Next(instances.Length)].Process()).Client;
            var image = await PushImage(http, random, over);
            if (image is null)
                continue;
            mine.Enqueue(image);
            if (random.Next(4) == 0 && mine.Count > 1 && await PushIndex(http, [.. mine.Where(m => m.Repository == image.Repository && m.Children.Count == 0)], over) is { } index)
                mine.Enqueue(index);
            foreach (var some in mine.Where(_ => random.Next(3) == 0).ToList())
                await Verify(http, some);
            while (mine.Count > MostLive)
                await Delete(http, mine);
        }
    }

    /// <summary>skopeo copies two images that share a layer there and back, and deletes one of them, until it is over.</summary>
    public async Task PushBySkopeo(CancellationToken over)
    {
        using var folder = new TemporaryFolder();
        var command = new Command(RequiredTool.Skopeo.Find(), TimeSpan.FromMinutes(5));
        var layout = new OciLayout(folder["layout"]);
        var images = new[] { layout.Add("a", new ImageSpec("amd64", LayerSpec.Tar("shared", 400_000), LayerSpec.Tar("a", 30_000))), layout.Add("b", new ImageSpec("arm64", LayerSpec.Tar("shared", 400_000), LayerSpec.Tar("b", 60_000))) };
        for (var round = 0; !over.IsCancellationRequested; round++)
        {
            var (tag, image) = round % 2 == 0 ? ("a", images[0]) : ("b", images[1]);
            var port = (await instances[round % instances.Length].Process()).BaseAddress.Port;
            var name = $"docker://localhost:{port}/skopeo/app:{tag}";
            var (pushed, said) = await command.Try(["--insecure-policy", "copy", "--preserve-digests", "--dest-tls-verify=false", $"oci:{layout.Path}:{tag}", name], TestContext.Current.CancellationToken);
            if (!pushed)
            {
                // What it found with HEAD or pushed is gone when it took longer than the grace period until its manifest.
                if (!said.Contains("manifest blob unknown", StringComparison.Ordinal) && !said.Contains("blob upload unknown", StringComparison.Ordinal) && !said.Contains(Unavailable, StringComparison.Ordinal))
                    throw new LossException($"skopeo could not push: {said}");
                Count("pushes of skopeo begun anew");
                continue;
            }

            var back = folder[$"back{round}"];
            await Insist(["--insecure-policy", "copy", "--preserve-digests", "--src-tls-verify=false", name, $"oci:{back}:{tag}"]);
            Assert.Equal(image.Manifest.Digest.ToString(), OciLayout.Tagged(back).Single());
            await OciLayout.VerifiedBlobs(back, TestContext.Current.CancellationToken);
            Directory.Delete(back, recursive: true);
            await Insist(["delete", "--tls-verify=false", name]);
            Count("images by skopeo");
        }

        async Task Insist(string[] arguments)
        {
            for (var tries = 1; await command.Try(arguments, TestContext.Current.CancellationToken) is { Succeeded: false } failed; tries++)
            {
                if (!failed.Errors.Contains(Unavailable, StringComparison.Ordinal) || tries == MostTries)
                    throw new LossException($"skopeo {arguments[0]}: {failed.Errors}");
                Count("answers 503");
            }
        }
    }

    /// <summary>Pulls all that is there to stay.</summary>
    public async Task VerifyAll(CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        foreach (var image in live.Keys)
            await Verify((await instances[0].Process()).Client, image);
    }

    /// <summary>Null when it is over, or when the client was slower than the grace period and would begin anew.</summary>
    private async Task<Image?> PushImage(HttpClient http, Random random, CancellationToken over)
    {
        var repository = repositories[random.Next(repositories.Length)];
        var config = new TestBlob(JsonSerializer.SerializeToUtf8Bytes(new { architecture = "amd64", os = "linux", number = random.Next() }));
        var pushing = Stopwatch.StartNew();
        var chosen = layers.OrderBy(_ => random.Next()).Take(random.Next(1, 4)).ToArray();
        foreach (var blob in chosen.Append(config))
        {
            if (!await PushBlob(http, repository, blob, random))
                return Anew();
        }

        // Some are slower than R, but not than the grace period.
        if (random.Next(2) == 0)
            await Task.Delay(random.Next(1500), CancellationToken.None);
        if (over.IsCancellationRequested)
            return null;
        var manifest = JsonSerializer.SerializeToUtf8Bytes(new
        {
            schemaVersion = 2,
            mediaType = ManifestType,
            config = new { mediaType = "application/vnd.oci.image.config.v1+json", digest = config.Digest, size = config.Content.Length },
            layers = chosen.Select(l => new { mediaType = "application/vnd.oci.image.layer.v1.tar+gzip", digest = l.Digest, size = l.Content.Length }),
        });
        return await PutManifest(http, new Image(repository, new TestBlob(manifest), [.. chosen.Append(config).Select(b => b.Digest)], []), ManifestType, pushing);
    }

    private Task<Image?> PushIndex(HttpClient http, Image[] children, CancellationToken over) =>
        children.Length == 0 || over.IsCancellationRequested
            ? Task.FromResult<Image?>(null)
            : PutManifest(
                http,
                new Image(
                    children[0].Repository,
                    new TestBlob(JsonSerializer.SerializeToUtf8Bytes(new
                    {
                        schemaVersion = 2,
                        mediaType = IndexType,
                        manifests = children.Select(c => new { mediaType = ManifestType, digest = c.Manifest.Digest, size = c.Manifest.Content.Length }),
                    })),
                    [],
                    children),
                IndexType,
                pushing: null);

    /// <param name="http">The instance.</param>
    /// <param name="image">The manifest, and what it needs.</param>
    /// <param name="mediaType">Of the manifest.</param>
    /// <param name="pushing">Runs since before the first layer was found or pushed; null where what it needs is claimed and cannot have gone.</param>
    private async Task<Image?> PutManifest(HttpClient http, Image image, string mediaType, Stopwatch? pushing)
    {
        using var answer = await Answered(() => http.PutAsync($"/v2/{image.Repository}/manifests/{image.Manifest.Digest}", new ByteArrayContent(image.Manifest.Content) { Headers = { ContentType = new MediaTypeHeaderValue(mediaType) } }, CancellationToken.None));
        if (answer.StatusCode == HttpStatusCode.NotFound && pushing?.Elapsed > promised)
            return Anew();
        await Expect(answer, HttpStatusCode.Created);
        live[image] = true;
        Count("images acknowledged");
        return image;
    }

    /// <returns>False when its upload is gone.</returns>
    private async Task<bool> PushBlob(HttpClient http, string repository, TestBlob blob, Random random)
    {
        var way = random.Next(5);
        if (way < 2)
        {
            using var head = await Answered(() => http.SendAsync(new HttpRequestMessage(HttpMethod.Head, $"/v2/{repository}/blobs/{blob.Digest}")));
            await Expect(head, HttpStatusCode.OK, HttpStatusCode.NotFound);
            if (head.StatusCode == HttpStatusCode.OK)
            {
                Count("layers found by HEAD");
                return true;
            }
        }

        if (way == 2)
        {
            using var single = await Answered(() => http.PostAsync($"/v2/{repository}/blobs/uploads/?digest={blob.Digest}", new ByteArrayContent(blob.Content)));
            await Expect(single, HttpStatusCode.Created);
            return true;
        }

        var mount = way == 3 ? $"?mount={blob.Digest}&from={repositories[random.Next(repositories.Length)]}" : "";
        using var begun = await Answered(() => http.PostAsync($"/v2/{repository}/blobs/uploads/{mount}", null));
        await Expect(begun, HttpStatusCode.Accepted, HttpStatusCode.Created);
        if (begun.StatusCode == HttpStatusCode.Created)
        {
            Count("layers mounted");
            return true;
        }

        var location = begun.Headers.Location!.ToString();
        using var put = await Answered(() => http.PutAsync($"{location}{(location.Contains('?') ? '&' : '?')}digest={blob.Digest}", new ByteArrayContent(blob.Content)));
        await Expect(put, HttpStatusCode.Created, HttpStatusCode.NotFound);
        return put.StatusCode == HttpStatusCode.Created;
    }

    /// <summary>Deletes the oldest that no index of the same client leads to.</summary>
    private async Task Delete(HttpClient http, Queue<Image> mine)
    {
        var image = mine.Dequeue();
        if (mine.Any(m => m.Children.Contains(image)))
        {
            mine.Enqueue(image);
            return;
        }

        live.TryRemove(image, out _);
        using var answer = await Answered(() => http.DeleteAsync($"/v2/{image.Repository}/manifests/{image.Manifest.Digest}"));

        // 404: a first try took effect, and its answer was 503.
        await Expect(answer, HttpStatusCode.Accepted, HttpStatusCode.NotFound);
        Count("images deleted");
    }

    private async Task Verify(HttpClient http, Image image)
    {
        foreach (var (path, digest) in image.Blobs.Select(b => ($"blobs/{b}", b)).Prepend(($"manifests/{image.Manifest.Digest}", image.Manifest.Digest)))
        {
            using var answer = await Answered(() => http.GetAsync($"/v2/{image.Repository}/{path}"));
            if (answer.StatusCode != HttpStatusCode.OK)
                throw new LossException($"{image.Repository}@{image.Manifest.Digest} was acknowledged, and {path} is {(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync()}");
            if (Convert.ToHexStringLower(SHA256.HashData(await answer.Content.ReadAsByteArrayAsync())) != digest["sha256:".Length..])
                throw new LossException($"{image.Repository}/{path} is corrupt");
            Count("blobs and manifests read back");
        }

        foreach (var child in image.Children)
            await Verify(http, child);
    }

    /// <summary>A request that is repeated while the answer is 503, as clients do: storage may be busy.</summary>
    private async Task<HttpResponseMessage> Answered(Func<Task<HttpResponseMessage>> send)
    {
        for (var tries = 1; ; tries++)
        {
            var answer = await send();
            if (answer.StatusCode != HttpStatusCode.ServiceUnavailable || tries == MostTries)
                return answer;
            answer.Dispose();
            Count("answers 503");
        }
    }

    private Image? Anew()
    {
        Count("pushes begun anew");
        return null;
    }

    private void Count(string what) => counts.AddOrUpdate(what, 1, (_, n) => n + 1);

    private static async Task Expect(HttpResponseMessage answer, params HttpStatusCode[] expected)
    {
        if (!expected.Contains(answer.StatusCode))
            throw new LossException($"{answer.RequestMessage!.Method} {answer.RequestMessage.RequestUri}: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
    }

    /// <param name="Blobs">The layers and the config.</param>
    /// <param name="Children">What an index leads to.</param>
    private sealed record Image(string Repository, TestBlob Manifest, IReadOnlyList<string> Blobs, IReadOnlyList<Image> Children);
}
