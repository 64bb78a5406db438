using System.IO.Compression;
using System.Text.Json.Nodes;
using Registry.Digests;
using Registry.Tests.Digests;
using Registry.Tests.Support;

namespace Registry.Tests.Api;

/// <summary>Layers by tarsum, as clients of 2014 pushed and pulled them.</summary>
public sealed class TarSumPushTests(Stands stands) : ApiTests(stands)
{
    private static readonly TarFile[] files =
    [
        new("etc/") { Type = '5', Mode = 0x1ed },
        new("etc/hosts") { Content = "127.0.0.1 localhost\n"u8.ToArray(), Attributes = [("user.note", "kept")] },
        new(new string('n', 140)) { Type = '2', LinkName = "etc/hosts", UserName = "root", GroupName = "root" },
    ];

    private static readonly TarFile large = new("large") { Content = Content.Bytes(7, 1_300_000) };
    private static readonly byte[] archive = TarFile.Archive(files);
    private static readonly byte[] largeArchive = TarFile.Archive([.. files, large]);
    private static readonly byte[] compressed = Gzip(largeArchive);
    private static readonly string sum = TarFile.Sum(files);
    private static readonly string largeSum = TarFile.Sum([.. files, large]);

    /// <summary>How a layer comes: the query of the POST, that of the PUT, and what is sent by PATCH and by PUT.</summary>
    public static readonly Way[] Ways =
    [
        new("a PATCH and a PUT", "", "digest={escaped}", archive, null),
        new("a PATCH and a PUT with a plain plus", "", "digest={sum}", archive, null),
        new("a PUT with the whole layer and its size", "", $"digest={{escaped}}&size={archive.Length}", null, archive),
        new("a layer of several blocks", "", "digest={escaped}", largeArchive, null),
        new("a layer of several blocks, the last in the PUT", "", "digest={escaped}", largeArchive[..1_000_000], largeArchive[1_000_000..]),
        new("an upload that was announced as sha512", "digest-algorithm=sha512", "digest={escaped}", largeArchive, null),
        new("an upload that was announced as tarsum", "digest-algorithm=tarsum.v1%2Bsha256", "digest={escaped}", largeArchive, null),
        new("a layer that is compressed", "", "digest={escaped}", compressed, null),
        new("a POST with the whole layer", "digest={escaped}", null, null, archive),
        new("a POST with the whole layer, a large one", "digest={sum}", null, null, largeArchive),
        new("an empty archive", "", "digest={escaped}", new byte[1024], null),
    ];

    [Theory, EveryStandTimes(nameof(Ways))]
    public async Task A_layer_pushed_by_tarsum_is_pulled_by_that_and_by_its_sha256(string stand, Way push)
    {
        ArgumentNullException.ThrowIfNull(push);
        var api = await Open(stand);
        var repository = Repository();
        var name = push.Content.Length == 1024 ? TarFile.Sum() : push.Content.Length == archive.Length ? sum : largeSum;
        var sha256 = Digest.Compute(DigestAlgorithm.Sha256, push.Content);

        var upload = await push.Run(api, repository, name);

        foreach (var asked in (string[])[name, Uri.EscapeDataString(name)])
        {
            (await api.Send($"HEAD /v2/{repository}/blobs/{asked}")).Is(200).Has("Docker-Content-Digest", name).Has("Content-Length", $"{push.Content.Length}");
            (await api.Send($"GET /v2/{repository}/blobs/{asked}")).Is(200).HasBody(push.Content)
                .Has("Docker-Content-Digest", name).Has("ETag", $"\"{sha256}\"").Has("Cache-Control", "no-cache");
        }

        (await api.Send($"GET /v2/{repository}/blobs/{sha256}")).Is(200).HasBody(push.Content).Has("Docker-Content-Digest", sha256.ToString()).Has("ETag", $"\"{sha256}\"");
        (await api.Send($"GET /v2/{repository}/blobs/{name}", [$"If-None-Match: \"{sha256}\""])).Is(304);
        (await api.Send($"GET /v2/{repository}/blobs/{name}", ["Range: bytes=-4"])).Is(206).HasBody(push.Content.AsSpan()[^4..]);
        if (upload is null)
            return;
        (await api.Send($"PUT {upload}?digest={name}")).Is(201);
        (await api.Send($"PUT {upload}?digest={name}&size={push.Content.Length}")).Is(201);
        (await api.Send($"PUT {upload}?digest={sha256}")).IsError(400, "DIGEST_INVALID");
        (await api.Send($"GET {upload}")).IsError(404, "BLOB_UPLOAD_UNKNOWN");
    }

    /// <summary>What a finish is refused for, on an upload that holds the archive. All of it leaves the upload to be finished by the right name.</summary>
    public static readonly Row[] Refusals =
    [
        new("another archive's", $"PUT {{upload}}?digest={Uri.EscapeDataString(largeSum)}", 400, "DIGEST_INVALID"),
        new("version 0", $"PUT {{upload}}?digest=tarsum%2Bsha256:{sum[17..]}", 400, "DIGEST_INVALID"),
        new("version 0, with a plain plus", $"PUT {{upload}}?digest=tarsum+sha256:{sum[17..]}", 400, "DIGEST_INVALID"),
        new("version dev", $"PUT {{upload}}?digest=tarsum.dev%2Bsha256:{sum[17..]}", 400, "DIGEST_INVALID"),
        new("another hash", $"PUT {{upload}}?digest=tarsum.v1%2Bmd5:{sum[17..]}", 400, "DIGEST_INVALID"),
        new("too short", $"PUT {{upload}}?digest=tarsum.v1%2Bsha256:{sum[18..]}", 400, "DIGEST_INVALID"),
        new("another size", $"PUT {{upload}}?digest={Uri.EscapeDataString(sum)}&size=1", 400, "SIZE_INVALID"),
        new("a size of words", $"PUT {{upload}}?digest={Uri.EscapeDataString(sum)}&size=all", 400, "SIZE_INVALID"),
        new("a size below nothing", $"PUT {{upload}}?digest={Uri.EscapeDataString(sum)}&size=-1", 400, "SIZE_INVALID"),
        new("no size", $"PUT {{upload}}?digest={Uri.EscapeDataString(sum)}&size=", 400, "SIZE_INVALID"),
    ];

    [Theory, EveryStandTimes(nameof(Refusals))]
    public async Task A_finish_that_is_refused_leaves_the_upload_to_be_finished_by_the_right_tarsum(string stand, Row row)
    {
        var api = await Open(stand);
        var repository = Repository();
        var upload = (await api.Send($"PATCH {await api.BeginUpload(repository)}", body: archive)).Is(202).Location;

        await Check(api, row, ("upload", upload));

        (await api.Send($"HEAD /v2/{repository}/blobs/{sum}")).Is(404);
        (await api.Send($"HEAD /v2/{repository}/blobs/{Digest.Compute(DigestAlgorithm.Sha256, archive)}")).Is(404);
        (await api.Send($"PUT {upload}?digest={sum}")).Is(201).Has("Docker-Content-Digest", sum).Has("Location", $"/v2/{repository}/blobs/{sum}");
    }

    [Theory, EveryStand]
    public async Task A_refusal_says_what_is_wrong(string stand)
    {
        var api = await Open(stand);
        var repository = Repository();
        var upload = (await api.Send($"PATCH {await api.BeginUpload(repository)}", body: archive)).Is(202).Location;

        Assert.StartsWith("unsupported tarsum version", Message(await api.Send($"PUT {upload}?digest=tarsum%2Bsha256:{sum[17..]}")), StringComparison.Ordinal);
        var wrong = await api.Send($"PUT {upload}?digest={largeSum}");
        Assert.Equal((largeSum, sum), (wrong.Detail().GetProperty("digest").GetString(), wrong.Detail().GetProperty("actual").GetString()));

        var text = (await api.Send($"PATCH {await api.BeginUpload(repository)}", body: "no archive"u8.ToArray())).Is(202).Location;
        Assert.Equal("the content has no tarsum: truncated tar archive: it ends at byte 10, within a header", Message((await api.Send($"PUT {text}?digest={sum}")).IsError(400, "DIGEST_INVALID")));
        (await api.Send($"PUT {text}?digest={Digest.Compute(DigestAlgorithm.Sha256, "no archive"u8)}")).Is(201);
    }

    [Theory, EveryStand]
    public async Task A_post_with_another_tarsum_than_its_layers_stores_nothing(string stand)
    {
        var api = await Open(stand);
        var repository = Repository();
        (await api.Send($"POST /v2/{repository}/blobs/uploads/?digest={largeSum}", body: archive)).IsError(400, "DIGEST_INVALID");
        (await api.Send($"POST /v2/{repository}/blobs/uploads/?digest={sum}", body: "no archive"u8.ToArray())).IsError(400, "DIGEST_INVALID");
        foreach (var name in (string[])[sum, largeSum, $"{Digest.Compute(DigestAlgorithm.Sha256, archive)}"])
            (await api.Send($"HEAD /v2/{repository}/blobs/{name}")).Is(404);
    }

    [Theory, EveryStand]
    public async Task A_layer_is_mounted_by_its_tarsum_from_a_repository_that_is_named(string stand)
    {
        var api = await Open(stand);
        var (from, to) = (Repository("/from"), Repository("/to"));
        await Push(api, from, sum, archive);

        (await api.Send($"POST /v2/{to}/blobs/uploads/?mount={sum}")).Is(202);
        (await api.Send($"POST /v2/{to}/blobs/uploads/?mount={largeSum}&from={from}")).Is(202);
        (await api.Send($"HEAD /v2/{to}/blobs/{sum}")).Is(404);
        (await api.Send($"POST /v2/{to}/blobs/uploads/?mount={sum}&from={from}")).Is(201).Has("Location", $"/v2/{to}/blobs/{sum}").Has("Docker-Content-Digest", sum);

        (await api.Send($"DELETE /v2/{from}/blobs/{Digest.Compute(DigestAlgorithm.Sha256, archive)}")).Is(202);
        (await api.Send($"GET /v2/{to}/blobs/{sum}")).Is(200).HasBody(archive);
        (await api.Send($"GET /v2/{to}/blobs/{Digest.Compute(DigestAlgorithm.Sha256, archive)}")).Is(200).HasBody(archive);
        (await api.Send($"POST /v2/{to}/other/blobs/uploads/?mount={sum}&from={from}")).Is(202);
    }

    [Theory, EveryStand]
    public async Task A_delete_by_tarsum_takes_the_name_and_one_by_sha256_takes_both(string stand)
    {
        var api = await Open(stand);
        var repository = Repository();
        var sha256 = Digest.Compute(DigestAlgorithm.Sha256, archive);
        await Push(api, repository, sum, archive);

        (await api.Send($"DELETE /v2/{repository}/blobs/{sum}")).Is(202);
        (await api.Send($"GET /v2/{repository}/blobs/{sum}")).IsError(404, "BLOB_UNKNOWN");
        (await api.Send($"DELETE /v2/{repository}/blobs/{sum}")).IsError(404, "BLOB_UNKNOWN");
        (await api.Send($"GET /v2/{repository}/blobs/{sha256}")).Is(200);

        await Push(api, repository, sum, archive);
        (await api.Send($"DELETE /v2/{repository}/blobs/{sha256}")).Is(202);
        (await api.Send($"GET /v2/{repository}/blobs/{sum}")).IsError(404, "BLOB_UNKNOWN");

        // The name is free for whatever has that tarsum next.
        await Push(api, repository, sum, Gzip(archive));
        (await api.Send($"GET /v2/{repository}/blobs/{sum}")).Is(200).HasBody(Gzip(archive));
    }

    /// <summary>A manifest that was stored with the first may be pulled at any time, so the first is what the name goes on to stand for.</summary>
    [Theory, EveryStand]
    public async Task Of_two_layers_with_one_tarsum_both_are_stored_and_the_name_stays_with_the_first(string stand)
    {
        var api = await Open(stand);
        var repository = Repository();
        var other = TarFile.Archive(files.Reverse().Select(f => f with { Time = 1 }));
        await Push(api, repository, sum, archive);
        await Push(api, repository, sum, other);

        (await api.Send($"GET /v2/{repository}/blobs/{sum}")).Is(200).HasBody(archive);
        (await api.Send($"GET /v2/{repository}/blobs/{Digest.Compute(DigestAlgorithm.Sha256, other)}")).Is(200).HasBody(other);
    }

    [Theory, EveryStand]
    public async Task A_manifest_refers_to_a_layer_by_its_tarsum(string stand)
    {
        var api = await Open(stand);
        var repository = Repository();
        var image = SmallImages.DockerImage("app", "replaced").With(m => m["layers"]![0]!["digest"] = sum);
        await api.PushBlob(repository, image.Blobs[0]);

        var missing = (await api.Put(repository, image, "v1")).IsError(404, "MANIFEST_BLOB_UNKNOWN");
        Assert.Equal(sum, missing.Detail().GetProperty("digest").GetString());
        await Push(api, repository, sum, archive);
        (await api.Put(repository, image, "v1")).Is(201);

        (await api.Send($"GET /v2/{repository}/manifests/v1")).Is(200).HasBody(image.Manifest);
    }

    [Theory, EveryStand]
    public async Task Nothing_but_a_layer_has_a_tarsum(string stand)
    {
        var api = await Open(stand);
        var repository = Repository();
        var image = SmallImages.Image("app");
        await api.Push(repository, image, "v1");

        foreach (var request in (string[])["GET", "HEAD", "DELETE"])
            (await api.Send($"{request} /v2/{repository}/manifests/{sum}")).Is(400);
        (await api.Put(repository, image, sum)).IsError(400, "DIGEST_INVALID");
        (await api.Put(repository, image, Uri.EscapeDataString(sum))).IsError(400, "DIGEST_INVALID");
        (await api.Send($"GET /v2/{repository}/referrers/{sum}")).IsError(400, "DIGEST_INVALID");
        (await api.Put(repository, image.With(m => m["subject"] = new JsonObject { ["digest"] = sum }), "v2")).IsError(400, "MANIFEST_INVALID");
        (await api.Put(repository, SmallImages.Index(image).With(m => m["manifests"]![0]!["digest"] = sum), "v2")).IsError(400, "MANIFEST_INVALID");
    }

    private static async Task Push(ApiClient api, string repository, string name, byte[] content) =>
        (await api.Send($"PUT {await api.BeginUpload(repository)}?digest={name}", body: content)).Is(201);

    private static string? Message(Exchange refused) => refused.Is(400).Json.GetProperty("errors")[0].GetProperty("message").GetString();

    private static byte[] Gzip(byte[] plain)
    {
        using var output = new MemoryStream();
        using (var gzip = new GZipStream(output, CompressionLevel.Fastest))
            gzip.Write(plain);
        return output.ToArray();
    }

    /// <summary>One way to push a layer.</summary>
    public sealed record Way(string Name, string Post, string? Put, byte[]? ByPatch, byte[]? Last)
    {
        internal byte[] Content => [.. ByPatch ?? [], .. Last ?? []];

        /// <summary>Pushes, and gives the upload's location; null where there was none.</summary>
        internal async Task<string?> Run(ApiClient api, string repository, string sum)
        {
            var post = await api.Send($"POST /v2/{repository}/blobs/uploads/?{Fill(Post)}", body: Put is null ? Last : null);
            if (Put is null)
            {
                post.Is(201).Has("Docker-Content-Digest", sum).Has("Location", $"/v2/{repository}/blobs/{sum}");
                return null;
            }

            var upload = post.Is(202).Location;
            if (ByPatch is not null)
                (await api.Send($"PATCH {upload}", body: ByPatch, chunked: true)).Is(202);
            (await api.Send($"PUT {upload}?{Fill(Put)}", body: Last)).Is(201).Has("Docker-Content-Digest", sum).Has("Location", $"/v2/{repository}/blobs/{sum}");
            return upload;

            string Fill(string query) => query.Replace("{escaped}", Uri.EscapeDataString(sum), StringComparison.Ordinal).Replace("{sum}", sum, StringComparison.Ordinal);
        }

        public override string ToString() => Name;
    }
}
